/** A relay on a poller with pipes: bulk passes through them, whole and in order; none is kept or lost. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { FdState } from "../../../src/event/fd_state.ts";
import { Relay } from "../../../src/mux/relay.ts";
import { FULL_CAPACITY, type SocketEnd } from "../../../src/mux/socket_end.ts";
import { EngineRig } from "../../support/event/engine_rig.ts";
import { openEndOn } from "../../support/mux/ends.ts";
import { bodyOf } from "../../support/sim/sim_http.ts";
import { latin1 } from "../../support/sim/sim_peer.ts";
import type { SimPipes } from "../../support/sim/sim_pipes.ts";
import type { SimSocket } from "../../support/sim/sim_socket.ts";

const SENT = bodyOf(1, "request", 9 * FULL_CAPACITY);
const SOCKET_BYTES = 4 * FULL_CAPACITY;
const TURNS_MAX = 100;

let rig: EngineRig;
let pipes: SimPipes;
let client: SocketEnd;
let server: SocketEnd;
let sender: SimSocket;
let receiver: SimSocket;
let saidBytes: number;
let ends: number;

beforeEach(() => {
  rig = new EngineRig("edge", { pipeBytes: SOCKET_BYTES });
  pipes = rig.poller.pipes!;
  ({ end: client, outside: sender } = openEndOn(rig));
  ({ end: server, outside: receiver } = openEndOn(rig));
  saidBytes = ends = 0;
  const relay = new Relay(client, server, {
    onRelayActivity: () => {},
    onRelayEnd: () => {
      ends++;
      client.closeSocket(false);
      server.closeSocket(false);
    },
  });
  relay.start();
});

/** Says as much as the sender's socket takes, and lets the engine turn. */
function sayMore(): void {
  const bytes = latin1(SENT);
  saidBytes += Math.max(0, sender.send(bytes, saidBytes, bytes.length - saidBytes));
  if (saidBytes === SENT.length) sender.shutdownSend();
  rig.turn();
}

/** Hears at most so many bytes. */
function hear(sizeBytes: number): string {
  rig.settle();
  const bytes = new Uint8Array(sizeBytes);
  const count = Math.max(0, receiver.receive(bytes, 0, sizeBytes));
  return String.fromCharCode(...bytes.subarray(0, count));
}

/** All that comes, in pieces of a buffer's size. */
function hearAll(): string {
  let heard = "";
  for (let i = 0; i < TURNS_MAX && heard.length < SENT.length; i++) {
    sayMore();
    heard += hear(FULL_CAPACITY);
  }
  return heard;
}

/** Until bytes lie in a pipe for a receiver that does not take them. */
function fillPipe(): string {
  let heard = "";
  for (let i = 0; i < TURNS_MAX && client.pipedBytes === 0; i++) {
    sayMore();
    if (server.isSendBlocked && client.pipedBytes === 0) heard += hear(FULL_CAPACITY);
  }
  expect(client.pipedBytes).toBeGreaterThan(0);
  return heard;
}

describe("bulk", () => {
  it("passes through a pipe, in order, and the pipe is given back", () => {
    expect(hearAll()).toBe(SENT);
    rig.turn();
    expect([pipes.inUse, pipes.passedBytes > SOCKET_BYTES, rig.world.pool.inUse]).toEqual([0, true, 0]);
    expect([server.isSendEnded, server.sentBytes]).toEqual([true, SENT.length]);
  });

  it("that the other end does not take stays in the pipe, and nothing is received behind it", () => {
    const before = fillPipe();
    expect([pipes.inUse, rig.world.pool.inUse, client.hasRoom(FULL_CAPACITY)]).toEqual([1, 0, false]);
    expect(rig.table.state(client.fd) & FdState.ACTIVE_R).toBe(0);
    expect(before + hearAll()).toHaveLength(SENT.length);
    expect(pipes.inUse).toBe(0);
  });

  it("in a pipe is lost with its connection, and the pipe is given back", () => {
    fillPipe();
    receiver.close(true);
    for (let i = 0; i < 3; i++) rig.turn();
    expect([ends, pipes.inUse, rig.world.pool.inUse, rig.table.openCount]).toEqual([1, 0, 0, 0]);
  });

  it("goes through the buffer when all pipes are lent", () => {
    const lent: number[] = [];
    for (let pipe = pipes.take(); pipe >= 0; pipe = pipes.take()) lent.push(pipe);
    expect(hearAll()).toBe(SENT);
    expect([pipes.passedBytes, pipes.inUse]).toEqual([0, lent.length]);
    for (const pipe of lent) pipes.give(pipe, true);
  });
});

describe("what comes in small pieces", () => {
  it("goes through the buffer: a pipe would cost more", () => {
    for (let i = 0; i < 50; i++) {
      rig.say(sender, "small");
      rig.turn();
    }
    expect([rig.hear(receiver), pipes.passedBytes]).toEqual(["small".repeat(50), 0]);
  });
});
