/** A socket's end: its one buffer, what a receive and a send mean. @module */
import { describe, expect, it } from "vitest";
import { Errno } from "../../../src/base/errno.ts";
import { Slab } from "../../../src/base/slab.ts";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { Direction, FdState } from "../../../src/event/fd_state.ts";
import { FULL_CAPACITY } from "../../../src/mux/socket_end.ts";
import { openEnd, openEndOn, textOf } from "../../support/mux/ends.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";

const { REQUEST_HEAD, RESPONSE } = Criticality;

describe("the buffer", () => {
  it("is taken when bytes are received, and not for EAGAIN: idle connections have none (4.1)", () => {
    const { rig, end, outside } = openEnd();
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(-Errno.EAGAIN);
    expect([end.hasBuffer, rig.world.pool.inUse]).toEqual([false, 0]);
    rig.say(outside, "abc");
    rig.table.mayRecv(end.fd);
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(3);
    expect([textOf(end), end.waitingBytes, end.receivedBytes, rig.world.pool.inUse]).toEqual([
      "abc",
      3,
      3,
      1,
    ]);
  });

  it("is given back as soon as the last byte went out, or was thrown away", () => {
    const { rig, end, outside } = openEnd();
    const other = openEndOn(rig);
    rig.say(outside, "abc");
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    expect(other.end.sendFrom(end, 2)).toBe(2);
    expect([end.hasBuffer, textOf(end)]).toEqual([true, "c"]);
    expect(other.end.sendFrom(end, 1)).toBe(1);
    expect([end.hasBuffer, rig.world.pool.inUse, rig.hear(other.outside)]).toEqual([false, 0, "abc"]);
    rig.say(outside, "def");
    end.receive(REQUEST_HEAD, FULL_CAPACITY);
    end.discard(2);
    expect(textOf(end)).toBe("f");
    end.discard(1);
    expect(end.hasBuffer).toBe(false);
  });

  it("that is full stops receiving, and does not spin (C7)", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "abcdef");
    expect(end.receive(REQUEST_HEAD, 4)).toBe(4);
    expect(end.receive(REQUEST_HEAD, 4)).toBe(-Errno.ENOBUFS);
    expect(rig.table.readyDirections(end.fd)).toBe(0);
    end.setReceiving(true);
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(2);
  });

  it("that cannot be had parks the direction; the next one that is freed wakes it (rule B4, C2)", () => {
    const { rig, end, outside } = openEnd("edge", { bufferLimit: 8 });
    const { pool, buffers } = rig.world;
    const taken = Array.from({ length: 8 }, () => pool.take(Criticality.TRANSMIT, true));
    rig.say(outside, "abc");
    expect(end.receive(RESPONSE, FULL_CAPACITY)).toBe(-Errno.ENOBUFS);
    expect(end.receive(RESPONSE, FULL_CAPACITY)).toBe(-Errno.ENOBUFS);
    expect([rig.table.isParked(end.fd, Direction.RECV), buffers.waiting]).toEqual([true, 1]);
    buffers.release(taken[0]);
    expect(rig.table.queue.has(end.fd)).toBe(true);
    expect(end.receive(RESPONSE, FULL_CAPACITY)).toBe(3);
  });

  it("is not needed to send: an answer goes out while the pool is empty (rule B8)", () => {
    const { rig, end, outside } = openEnd("edge", { bufferLimit: 8 });
    while (rig.world.pool.take(Criticality.TRANSMIT, true) >= 0);
    const slab = new Slab(5);
    slab.bytes.set([104, 101, 108, 108, 111]);
    expect(end.sendBytes(slab, 0, 5)).toBe(5);
    expect([rig.hear(outside), end.sentBytes]).toEqual(["hello", 5]);
  });

  it("is made one piece again by moving what waits to its front", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "abcdef");
    end.receive(REQUEST_HEAD, 6);
    end.discard(4);
    end.compact();
    expect([end.head, end.tail, textOf(end)]).toEqual([0, 2, "ef"]);
    rig.say(outside, "gh");
    rig.table.mayRecv(end.fd);
    expect([end.receive(REQUEST_HEAD, 4), textOf(end)]).toEqual([2, "efgh"]);
  });
});

describe("a receive", () => {
  it.each<[SimFlavour, boolean]>([["edge", false], ["level", false], ["oneshot", true]])(
    "that is short proves the kernel empty, where it does: %s, still ready: %s (B16)",
    (flavour, isStillReady) => {
      const { rig, end, outside } = openEnd(flavour);
      rig.say(outside, "abc");
      end.receive(REQUEST_HEAD, FULL_CAPACITY);
      expect((rig.table.state(end.fd) & FdState.READY_R) !== 0).toBe(isStillReady);
    },
  );

  it("that is short with a hang-up or an error behind it proves nothing: the end is still to be received (B1, B5)", () => {
    for (const report of ["mayHangup", "mayError"] as const) {
      const { rig, end, outside } = openEnd();
      outside.send(new Uint8Array(3), 0, 3);
      outside.shutdownSend();
      rig.settle();
      rig.table[report](end.fd);
      expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(3);
      expect(rig.table.readyDirections(end.fd)).toBe(Direction.RECV);
      expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(0);
    }
  });

  it("of the end is remembered and nothing is received or wanted any more (B16)", () => {
    const { rig, end, outside } = openEnd();
    outside.shutdownSend();
    rig.settle();
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(0);
    end.setReceiving(true);
    expect([end.isReceiveEnded, end.canReceive, end.receiveError, end.hasBuffer]).toEqual([
      true,
      false,
      0,
      false,
    ]);
    expect(rig.table.state(end.fd) & FdState.ACTIVE_R).toBe(0);
  });

  it("of a reset tells the error once the data before it was delivered (B4, I16)", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "last words");
    outside.close(true);
    rig.settle();
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(10);
    expect(textOf(end)).toBe("last words");
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(-Errno.ECONNRESET);
    expect([end.receiveError, end.canReceive, end.waitingBytes]).toEqual([-Errno.ECONNRESET, false, 10]);
  });
});

describe("a send", () => {
  it("that is not taken whole waits for room, and stops wanting it once all is out (C19)", () => {
    const { rig, end, outside } = openEnd("edge", { pipeBytes: 6 });
    const other = openEndOn(rig);
    rig.say(other.outside, "abcdef");
    other.end.receive(RESPONSE, FULL_CAPACITY);
    rig.say(other.outside, "ghi");
    rig.table.mayRecv(other.end.fd);
    other.end.receive(RESPONSE, FULL_CAPACITY);
    expect(end.sendFrom(other.end, 9)).toBe(6);
    expect([end.isSendBlocked, end.canSend, textOf(other.end)]).toEqual([true, false, "ghi"]);
    expect(rig.table.state(end.fd) & (FdState.ACTIVE_W | FdState.READY_W)).toBe(FdState.ACTIVE_W);
    expect(end.sendFrom(other.end, 3)).toBe(0);
    rig.turn();
    expect(rig.hear(outside)).toBe("abcdef");
    rig.turn();
    expect(end.canSend).toBe(true);
    expect(end.sendFrom(other.end, 3)).toBe(3);
    expect([end.isSendBlocked, end.sentBytes, rig.table.state(end.fd) & FdState.ACTIVE_W]).toEqual([
      false,
      9,
      0,
    ]);
  });

  it("that fails is remembered; what the peer said before may still be received (B4)", () => {
    const { rig, end, outside } = openEnd();
    rig.say(outside, "why");
    outside.close(true);
    rig.settle();
    const slab = new Slab(1);
    expect(end.sendBytes(slab, 0, 1)).toBe(-Errno.ECONNRESET);
    expect([end.sendError, end.canSend, end.isSendBlocked]).toEqual([-Errno.ECONNRESET, false, false]);
    expect(end.receive(REQUEST_HEAD, FULL_CAPACITY)).toBe(3);
    expect(textOf(end)).toBe("why");
  });

  it("side is ended once, behind what was sent, and the other side goes on (B2)", () => {
    const { rig, end, outside } = openEnd();
    let shutdowns = 0;
    const shutdownSend = rig.poller.shutdownSend.bind(rig.poller);
    rig.poller.shutdownSend = (fd) => {
      shutdowns++;
      shutdownSend(fd);
    };
    end.endSend();
    end.endSend();
    rig.say(outside, "more");
    expect([shutdowns, end.isSendEnded, end.canSend]).toEqual([1, true, false]);
    expect([end.receive(REQUEST_HEAD, FULL_CAPACITY), end.receiveError]).toEqual([4, 0]);
  });
});

describe("every flavour of poller", () => {
  it.each(SIM_FLAVOURS)(
    "%s: data and the end that came with it are received in this order (B1, B16)",
    (flavour) => {
      const { rig, end, outside } = openEnd(flavour);
      end.receive(REQUEST_HEAD, FULL_CAPACITY);
      outside.send(new Uint8Array(100), 0, 100);
      outside.shutdownSend();
      rig.turn();
      rig.turn();
      const counts: number[] = [];
      while (end.canReceive && counts.length < 10) counts.push(end.receive(REQUEST_HEAD, FULL_CAPACITY));
      expect(counts).toEqual([100, 0]);
    },
  );
});
