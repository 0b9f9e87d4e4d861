/** A socket's end over time: bulk traffic and pauses, closing, the next socket. @module */
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { Slab } from "../../../src/base/slab.ts";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { FdFlag } from "../../../src/event/fd_state.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { FULL_CAPACITY, NO_FD, SocketEnd } from "../../../src/mux/socket_end.ts";
import { ScriptedHandler } from "../../support/event/engine_rig.ts";
import { openEnd, textOf } from "../../support/mux/ends.ts";

const { REQUEST_HEAD, RESPONSE } = Criticality;

describe("bulk traffic", () => {
  /** Receives whole buffers one after another; returns the class after each. */
  function classesAfter(
    count: number,
    ioClass: number,
  ): { ends: ReturnType<typeof openEnd>; classes: number[] } {
    const ends = openEnd("edge", { pipeBytes: 40 * FULL_CAPACITY, bufferLimit: 64 }, ioClass);
    const { rig, end, outside } = ends;
    outside.send(new Uint8Array(count * FULL_CAPACITY), 0, count * FULL_CAPACITY);
    rig.settle();
    const classes: number[] = [];
    for (let i = 0; i < count; i++) {
      expect(end.receive(RESPONSE, FULL_CAPACITY)).toBe(FULL_CAPACITY);
      classes.push(rig.table.ioClass(end.fd));
      end.releaseBuffer();
    }
    return { ends, classes };
  }

  it("begins after 256 kB without a pause, and ends with the first pause", () => {
    const { ends: { rig, end, outside }, classes } = classesAfter(20, IoClass.NORMAL);
    const before = Math.floor(256 * 1_024 / FULL_CAPACITY);
    expect(classes.slice(0, before)).toEqual(Array(before).fill(IoClass.NORMAL));
    expect(classes.slice(before)).toEqual(Array(20 - before).fill(IoClass.BULK));
    rig.say(outside, "pause");
    end.receive(RESPONSE, FULL_CAPACITY);
    expect(rig.table.ioClass(end.fd)).toBe(IoClass.NORMAL);
  });

  it("is what prio=high and prio=low never become: they keep their class", () => {
    for (const ioClass of [IoClass.INTERACTIVE, IoClass.BULK]) {
      expect(new Set(classesAfter(20, ioClass).classes)).toEqual(new Set([ioClass]));
    }
  });

  it("begins anew for the next owner of the socket's end", () => {
    const { ends: { rig, end } } = classesAfter(20, IoClass.NORMAL);
    end.closeSocket(false);
    const { fd, outside } = rig.open(new ScriptedHandler());
    end.open(fd, IoClass.NORMAL);
    outside.send(new Uint8Array(FULL_CAPACITY), 0, FULL_CAPACITY);
    rig.settle();
    end.receive(RESPONSE, FULL_CAPACITY);
    expect(rig.table.ioClass(fd)).toBe(IoClass.NORMAL);
  });
});

describe("closing", () => {
  it("gives everything back, once; closing again is harmless (B13, B14)", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "abc");
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    end.closeSocket(false);
    end.closeSocket(true);
    end.endSend();
    expect([end.fd, end.hasBuffer, rig.world.pool.inUse, rig.table.openCount]).toEqual([NO_FD, false, 0, 0]);
  });

  it("leaves the line of those who wait for a buffer (C6)", () => {
    const { rig, end, outside } = openEnd("edge", { bufferLimit: 8 });
    while (rig.world.pool.take(Criticality.TRANSMIT, true) >= 0);
    rig.say(outside, "abc");
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    end.closeSocket(false);
    expect(rig.world.buffers.waiting).toBe(0);
  });

  it("is needed before the next socket: opening an open end is a bug of ours", () => {
    const { rig, end } = openEnd();
    const { fd } = rig.open(new ScriptedHandler());
    expect(() => end.open(fd, IoClass.NORMAL)).toThrow(AssertionError);
  });

  it("forgets everything of the last socket", () => {
    const { rig, end, outside } = openEnd();
    outside.close(true);
    rig.settle();
    end.sendBytes(new Slab(1), 0, 1);
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    end.endSend();
    end.closeSocket(false);
    const { fd } = rig.open(new ScriptedHandler());
    end.open(fd, IoClass.NORMAL);
    expect([end.isReceiveEnded, end.receiveError, end.sendError, end.isSendEnded, end.isSendBlocked])
      .toEqual([false, 0, 0, false, false]);
    expect([end.receivedBytes, end.sentBytes, end.canReceive, end.canSend]).toEqual([0, 0, true, true]);
    expect(rig.table.flags(fd) & (FdFlag.ERROR | FdFlag.HANGUP)).toBe(0);
  });
});

describe("an end that goes on with another one's socket", () => {
  it("has what waits there as if it had received it; the other one holds nothing any more", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "header, request");
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    end.discard("header, ".length);
    const { fd } = end;
    const next = new SocketEnd(rig.world);
    next.openFrom(end, IoClass.NORMAL);
    expect([next.fd, textOf(next), next.receivedBytes]).toEqual([fd, "request", 7]);
    expect([end.fd, end.hasBuffer, end.waitingBytes, rig.world.pool.inUse]).toEqual([NO_FD, false, 0, 1]);
    end.closeSocket(true);
    expect(rig.table.isOpen(fd)).toBe(true);
    next.closeSocket(false);
    expect([rig.table.isOpen(fd), rig.world.pool.inUse]).toEqual([false, 0]);
  });

  it("has no buffer when nothing waits, and knows of an end", () => {
    const { rig, end, outside } = openEnd();
    outside.shutdownSend();
    rig.settle();
    rig.table.mayRecv(end.fd);
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(0);
    const next = new SocketEnd(rig.world);
    next.openFrom(end, IoClass.NORMAL);
    expect([next.isReceiveEnded, next.hasBuffer, next.receivedBytes]).toEqual([true, false, 0]);
    next.closeSocket(false);
  });
});
