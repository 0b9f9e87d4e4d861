/** A relay between two ends on the sim poller: both ways, half-closes, resets, bounded work, shortage of buffers. @module */
import { describe, expect, it } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { FdState } from "../../../src/event/fd_state.ts";
import { Relay } from "../../../src/mux/relay.ts";
import { FULL_CAPACITY, type SocketEnd } from "../../../src/mux/socket_end.ts";
import { EngineRig } from "../../support/event/engine_rig.ts";
import { openEndOn } from "../../support/mux/ends.ts";
import { bodyOf } from "../../support/sim/sim_http.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";
import type { SimSocket } from "../../support/sim/sim_socket.ts";
import type { SimWorldOptions } from "../../support/sim/sim_world.ts";

/** A relay, both of its ends, and who they talk to. Its owner closes the ends, as it must. */
class RelayRig {
  readonly rig: EngineRig;
  readonly client: SocketEnd;
  readonly server: SocketEnd;
  readonly outsideClient: SimSocket;
  readonly outsideServer: SimSocket;
  readonly relay: Relay;
  activities = 0;
  ends = 0;

  constructor(flavour: SimFlavour = "edge", options: Partial<SimWorldOptions> = {}) {
    this.rig = new EngineRig(flavour, options);
    const client = openEndOn(this.rig);
    const server = openEndOn(this.rig);
    this.client = client.end;
    this.outsideClient = client.outside;
    this.server = server.end;
    this.outsideServer = server.outside;
    this.relay = new Relay(this.client, this.server, {
      onRelayActivity: () => this.activities++,
      onRelayEnd: () => {
        this.ends++;
        this.client.closeSocket(false);
        this.server.closeSocket(false);
      },
    });
  }

  start(): this {
    this.relay.start();
    return this;
  }

  turns(count: number): void {
    for (let i = 0; i < count; i++) this.rig.turn();
  }

  /** Everything is closed and given back. */
  expectOver(): void {
    const { engine, world } = this.rig;
    expect([this.ends, engine.fdTable.openCount, world.pool.inUse, world.buffers.waiting]).toEqual([
      1,
      0,
      0,
      0,
    ]);
  }
}

function wants(rig: RelayRig, end: SocketEnd): boolean {
  return (rig.rig.table.state(end.fd) & FdState.ACTIVE_R) !== 0;
}

describe.each(SIM_FLAVOURS)("a relay on the %s poller", (flavour) => {
  it("passes bytes both ways, holds no buffer between, and keeps each way's end apart (B2)", () => {
    const relay = new RelayRig(flavour).start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    rig.say(outsideClient, "question");
    relay.turns(1);
    expect([rig.hear(outsideServer), rig.world.pool.inUse]).toEqual(["question", 0]);
    outsideClient.shutdownSend();
    relay.turns(1);
    rig.settle();
    expect([outsideServer.incoming.isEndArrived, relay.ends]).toEqual([true, 0]);
    rig.say(outsideServer, "late answer");
    relay.turns(1);
    expect([rig.hear(outsideClient), relay.ends]).toEqual(["late answer", 0]);
    outsideServer.shutdownSend();
    relay.turns(1);
    rig.settle();
    expect(outsideClient.incoming.isEndArrived).toBe(true);
    relay.expectOver();
  });

  it("delivers what came before a reset, then ends, once (B4, I16)", () => {
    const relay = new RelayRig(flavour).start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    rig.say(outsideServer, "last words");
    outsideServer.close(true);
    relay.turns(3);
    expect(rig.hear(outsideClient)).toBe("last words");
    expect(relay.server.receiveError).toBe(-Errno.ECONNRESET);
    relay.expectOver();
  });

  it("delivers what still waits for a slow reader before it passes the reset on (B4)", () => {
    const relay = new RelayRig(flavour, { pipeBytes: 10 }).start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    let said = "";
    // The client's pipe fills, and more waits in the relay.
    for (const text of ["0123456789", "abcdefghij"]) {
      rig.say(outsideServer, text);
      relay.turns(1);
      said += text;
    }
    outsideServer.close(true);
    relay.turns(2);
    expect([relay.ends, relay.server.receiveError]).toEqual([0, -Errno.ECONNRESET]);
    let heard = "";
    for (let i = 0; i < 4; i++) {
      heard += rig.hear(outsideClient);
      relay.turns(1);
    }
    heard += rig.hear(outsideClient);
    expect(heard).toBe(said);
    relay.expectOver();
  });

  it("sees the end behind a message that filled its buffer exactly (B1)", () => {
    const relay = new RelayRig(flavour, { pipeBytes: 4 * FULL_CAPACITY }).start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    outsideServer.send(new Uint8Array(FULL_CAPACITY), 0, FULL_CAPACITY);
    outsideServer.shutdownSend();
    relay.turns(2);
    expect([relay.client.sentBytes, relay.server.isReceiveEnded]).toEqual([FULL_CAPACITY, true]);
    rig.settle();
    expect(outsideClient.incoming.isEndArrived).toBe(true);
  });

  it("pushes back on a side that sends more than the other takes, and loses nothing (B17, C19, I13)", () => {
    const relay = new RelayRig(flavour, { pipeBytes: 5_000 }).start();
    const { rig, outsideClient, outsideServer } = relay;
    const text = bodyOf(1, "response", 60_000);
    let sent = 0;
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const push = () => {
      const count = outsideServer.send(bytes, sent, Math.min(4_000, bytes.length - sent));
      if (count > 0) sent += count;
      return count > 0;
    };
    for (let i = 0; i < 40; i++) {
      push();
      relay.turns(1);
    }
    const held = sent;
    expect(held).toBeLessThan(5_000 + FULL_CAPACITY + 5_000 + 1);
    expect(wants(relay, relay.server)).toBe(false);
    const { ioCalls } = rig.engine.activity;
    relay.turns(5);
    expect([rig.engine.activity.ioCalls - ioCalls, rig.poller.timeoutMs]).toEqual([0, 1_000]);
    let received = "";
    for (let i = 0; i < 200 && received.length < text.length; i++) {
      received += rig.hear(outsideClient);
      push();
      relay.turns(1);
    }
    expect(received === text).toBe(true);
  });
});

describe("a relay", () => {
  it("moves at the start what waits already in either end", () => {
    const relay = new RelayRig();
    const { rig } = relay;
    rig.say(relay.outsideClient, "early");
    relay.client.receive(Criticality.REQUEST_HEAD, FULL_CAPACITY);
    relay.start();
    expect([rig.hear(relay.outsideServer), relay.client.hasBuffer]).toEqual(["early", false]);
  });

  it("moves at most four buffers a way in one call, and the rest behind the others (I11)", () => {
    const relay = new RelayRig("edge", { pipeBytes: 8 * FULL_CAPACITY, hasPipes: false }).start();
    const { rig, outsideClient } = relay;
    relay.turns(2);
    outsideClient.send(new Uint8Array(6 * FULL_CAPACITY), 0, 6 * FULL_CAPACITY);
    relay.turns(1);
    expect([relay.server.sentBytes, rig.poller.timeoutMs]).toEqual([4 * FULL_CAPACITY, 0]);
    relay.turns(1);
    expect(relay.server.sentBytes).toBe(6 * FULL_CAPACITY);
    expect(rig.world.pool.inUse).toBe(0);
  });

  it("that cannot send any more does not receive for it either; the other way goes on to its end (A2, C11)", () => {
    const relay = new RelayRig().start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    rig.say(outsideClient, "for nobody");
    const { send } = rig.poller;
    rig.poller.send = (fd, slab, offset, size) =>
      fd === relay.server.fd ? -Errno.EPIPE : send.call(rig.poller, fd, slab, offset, size);
    relay.turns(1);
    expect([relay.server.sendError, relay.client.hasBuffer, wants(relay, relay.client), relay.ends])
      .toEqual([-Errno.EPIPE, false, false, 0]);
    rig.say(outsideClient, "still for nobody");
    const { ioCalls } = rig.engine.activity;
    relay.turns(3);
    expect([rig.engine.activity.ioCalls - ioCalls, rig.poller.timeoutMs]).toEqual([0, 1_000]);
    rig.say(outsideServer, "why it was");
    relay.turns(1);
    expect(rig.hear(outsideClient)).toBe("why it was");
    outsideServer.shutdownSend();
    relay.turns(1);
    relay.expectOver();
  });

  it("tells its owner of activity when bytes moved or a way ended, and of nothing else", () => {
    const relay = new RelayRig().start();
    const { rig, outsideClient } = relay;
    relay.turns(3);
    const before = relay.activities;
    rig.table.mayRecv(relay.client.fd);
    relay.turns(2);
    expect(relay.activities).toBe(before);
    rig.say(outsideClient, "x");
    relay.turns(1);
    expect(relay.activities).toBe(before + 1);
    outsideClient.shutdownSend();
    relay.turns(1);
    expect(relay.activities).toBe(before + 2);
  });

  it("that is abandoned says nothing any more, and moves nothing", () => {
    const relay = new RelayRig().start();
    const { rig, outsideClient, outsideServer } = relay;
    relay.turns(2);
    relay.relay.abandon();
    rig.say(outsideClient, "x");
    rig.table.stopRecv(relay.client.fd);
    outsideServer.close(true);
    rig.settle();
    relay.relay.onIo(relay.client.fd, 3);
    expect([relay.activities, relay.ends, relay.server.sentBytes]).toEqual([0, 0, 0]);
  });

  it("goes on with one buffer for each way, then for none: it waits, and moves on when one is free (rule B4, rule B7, C18)", () => {
    const relay = new RelayRig("edge", { bufferLimit: 8, reserveCount: 0 }).start();
    const { rig, outsideClient, outsideServer } = relay;
    const { pool, buffers } = rig.world;
    relay.turns(2);
    const taken: number[] = [];
    for (let i = 0; i < 8; i++) taken.push(pool.take(Criticality.TRANSMIT, true));
    rig.say(outsideClient, "up");
    rig.say(outsideServer, "down");
    relay.turns(3);
    expect([buffers.waiting, rig.poller.timeoutMs, rig.hear(outsideServer)]).toEqual([2, 1_000, ""]);
    buffers.release(taken[0]);
    relay.turns(2);
    expect([rig.hear(outsideServer), rig.hear(outsideClient)]).toEqual(["up", "down"]);
    expect([buffers.waiting, buffers.granted, pool.inUse]).toEqual([0, 0, 7]);
    expect(rig.engine.activity.bufferGranted).toBe(2);
  });
});
