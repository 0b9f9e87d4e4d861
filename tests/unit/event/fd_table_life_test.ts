/** An fd's life in the table: insert, what is remembered, close, the next owner of the number. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { Direction, FdFlag, FdState } from "../../../src/event/fd_state.ts";
import { FdTable } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";

const FD = 3;
const nobody = { onIo: () => {} };
let activity: Activity;
let table: FdTable;

beforeEach(() => {
  activity = newActivity();
  table = new FdTable(8, activity);
});

function open(fd = FD, isSpeculative = false): void {
  table.insert(fd, nobody, IoClass.NORMAL, isSpeculative);
}

describe("insert", () => {
  it("begins with nothing known, and the first want must be polled", () => {
    open();
    expect(table.state(FD)).toBe(0);
    table.wantRecv(FD);
    expect([table.queue.has(FD), table.updates.count, table.updates.at(0)]).toEqual([false, 1, FD]);
  });

  it("begins, speculatively, as ready both ways: the first want runs before any poll (A10, I9)", () => {
    open(FD, true);
    expect(table.state(FD)).toBe(FdState.READY_R | FdState.READY_W);
    expect([table.queue.has(FD), table.updates.count]).toEqual([false, 0]);
    table.wantRecv(FD);
    expect([table.queue.has(FD), table.updates.count]).toEqual([true, 0]);
    expect(table.readyDirections(FD)).toBe(Direction.RECV);
  });

  it("stores its owner, its class and nothing of the owner before (A10)", () => {
    open();
    table.mayError(FD);
    table.mayHangup(FD);
    table.remove(FD);
    const owner = { onIo: () => {} };
    table.insert(FD, owner, IoClass.BULK, false);
    expect([table.handler(FD), table.ioClass(FD), table.state(FD), table.flags(FD), table.isOpen(FD)])
      .toEqual([owner, IoClass.BULK, 0, FdFlag.OPEN, true]);
    expect(table.openCount).toBe(1);
  });

  it("hands an fd to another owner as it is", () => {
    open(FD, true);
    table.wantRecv(FD);
    const owner = { onIo: () => {} };
    table.setHandler(FD, owner);
    expect([table.handler(FD), table.queue.has(FD)]).toEqual([owner, true]);
  });
});

describe("remove", () => {
  it("leaves the cache, forgets everything, and makes late reports recognizable (I14, B11)", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.mayHangup(FD);
    const generation = table.generation(FD);
    table.remove(FD);
    expect([table.isOpen(FD), table.queue.has(FD), table.queue.size, table.state(FD), table.flags(FD)])
      .toEqual([false, false, 0, 0, 0]);
    expect([table.handler(FD), table.openCount]).toEqual([null, 0]);
    expect(table.generation(FD)).toBe(generation + 1);
  });

  it("counts a queued fd among those that left the cache without having run", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.remove(FD);
    expect([activity.cacheEnter, activity.cacheLeave]).toEqual([1, 1]);
  });

  it("frees the number for an owner that may run in the pass in which the last one ran (I9, I14)", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.queue.beginPass();
    table.queue.dealQuotas(10);
    expect(table.queue.pop()).toBe(FD);
    table.remove(FD);
    open(FD, true);
    table.wantRecv(FD);
    table.queue.dealQuotas(10);
    expect(table.queue.pop()).toBe(FD);
  });

  it("frees the number for at once (I14)", () => {
    for (let round = 0; round < 3; round++) {
      open(FD, true);
      table.wantRecv(FD);
      expect(table.queue.size).toBe(1);
      table.remove(FD);
    }
    expect(table.openCount).toBe(0);
  });
});

describe("hang-up and error", () => {
  it("are remembered over cant, and make what finds them out possible (I16)", () => {
    open();
    table.wantRecv(FD);
    table.mayHangup(FD);
    expect(table.readyDirections(FD)).toBe(Direction.RECV);
    table.cantRecv(FD);
    expect(table.flags(FD) & FdFlag.HANGUP).not.toBe(0);
    table.mayError(FD);
    table.cantRecv(FD);
    table.cantSend(FD);
    expect(table.flags(FD) & (FdFlag.ERROR | FdFlag.HANGUP)).toBe(FdFlag.ERROR | FdFlag.HANGUP);
  });

  it("reach an owner that did not want anything when they came (I16)", () => {
    open();
    table.mayError(FD);
    expect(table.queue.has(FD)).toBe(false);
    table.wantSend(FD);
    expect([table.queue.has(FD), table.readyDirections(FD)]).toEqual([true, Direction.SEND]);
    table.wantRecv(FD);
    expect(table.readyDirections(FD)).toBe(Direction.RECV | Direction.SEND);
  });

  it("do not put an fd into the cache that wants nothing, however often they are reported (I13)", () => {
    open();
    for (let i = 0; i < 5; i++) table.mayHangup(FD);
    expect([table.queue.size, table.updates.count]).toEqual([0, 0]);
  });
});

describe("memory of readiness", () => {
  it("forgets nothing over stop and want: one call more without any report (I8)", () => {
    open();
    table.wantRecv(FD);
    table.mayRecv(FD);
    table.stopRecv(FD);
    expect(table.queue.has(FD)).toBe(false);
    table.wantRecv(FD);
    expect([table.queue.has(FD), activity.reports]).toEqual([true, 1]);
  });

  it("remembers EAGAIN over stop and want: nothing is called for nothing (I7)", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.cantRecv(FD);
    table.stopRecv(FD);
    table.wantRecv(FD);
    expect([table.queue.has(FD), table.readyDirections(FD)]).toEqual([false, 0]);
  });

  it("leaves the cache when both directions are stopped after both were wanted (A1)", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.wantSend(FD);
    table.stopRecv(FD);
    expect(table.queue.has(FD)).toBe(true);
    table.stopSend(FD);
    expect([table.queue.has(FD), table.queue.size, table.updates.count]).toEqual([false, 0, 0]);
  });

  it("knows that work is pending from the moment an fd enters, not from when it runs (A12)", () => {
    open();
    table.wantRecv(FD);
    expect(table.queue.size).toBe(0);
    table.mayRecv(FD);
    expect(table.queue.size).toBe(1);
  });

  it("stopping both directions leaves every flag as it was (A11)", () => {
    open(FD, true);
    table.wantRecv(FD);
    table.wantSend(FD);
    table.mayError(FD);
    table.mayHangup(FD);
    const flags = table.flags(FD);
    table.stopRecv(FD);
    table.stopSend(FD);
    expect(table.flags(FD)).toBe(flags);
  });
});

describe("what pollers write", () => {
  it("sets what is polled, both ways at once, and nothing else", () => {
    open(FD, true);
    table.wantRecv(FD);
    const before = table.state(FD);
    table.setPolled(FD, FdState.POLLED_W);
    expect(table.state(FD)).toBe(before | FdState.POLLED_W);
    table.setPolled(FD, FdState.POLLED_R);
    expect(table.state(FD)).toBe(before | FdState.POLLED_R);
    table.clearPolled(FD, FdState.POLLED_R);
    expect(table.state(FD)).toBe(before);
  });
});

describe("misuse of the table is a bug of ours (A13)", () => {
  it.each<[string, () => void, RegExp]>([
    ["want on a closed fd", () => table.wantRecv(FD), /fd 3 has an owner/],
    ["a report for a closed fd", () => table.maySend(FD), /fd 3 has an owner/],
    ["close twice", () => table.remove(FD), /fd 3 has an owner/],
    ["another owner for a closed fd", () => table.setHandler(FD, nobody), /fd 3 has an owner/],
    ["insert beyond the table", () => open(8), /fd 8 fits a table of 8/],
    ["insert below the table", () => open(-1), /fd -1 fits a table of 8/],
  ])("%s", (_, misuse, message) => {
    expect(misuse).toThrow(AssertionError);
    expect(misuse).toThrow(message);
  });

  it("insert twice", () => {
    open();
    expect(() => open()).toThrow(/fd 3 is free when inserted/);
  });
});
