/** Parking: a direction that waits for a buffer is out of the cache, keeps what is known, and comes back with a grant. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { Direction, FdFlag } from "../../../src/event/fd_state.ts";
import { FdTable, type Parking } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { DIRECTIONS, nameOf, say } from "../../support/event/verbs.ts";

const FD = 3;
const { RECV, SEND } = Direction;
const BOTH = RECV | SEND;
let activity: Activity;
let table: FdTable;
/** What the keeper of the waiters was told. */
let told: string[];

beforeEach(() => {
  activity = newActivity();
  table = new FdTable(8, activity);
  told = [];
  const parking: Parking = {
    leave: (fd, direction) => told.push(`leave ${fd} ${direction}`),
    returnGrant: (fd, direction) => told.push(`return ${fd} ${direction}`),
  };
  table.parking = parking;
  table.insert(FD, { onIo: () => {} }, IoClass.NORMAL, true);
});

/** As the loop does: takes the fd out of the queue to run it. */
function pop(): number {
  table.queue.beginPass();
  table.queue.dealQuotas(1);
  return table.queue.pop();
}

describe("park", () => {
  it("takes the fd out of the cache and keeps what is known: wanted and ready (rule B4, I12)", () => {
    table.wantRecv(FD);
    table.park(FD, RECV);
    expect([table.queue.has(FD), table.queue.size, table.isParked(FD, RECV)]).toEqual([false, 0, true]);
    expect([nameOf(table, FD, RECV), table.readyDirections(FD), table.updates.count]).toEqual([
      "active",
      0,
      0,
    ]);
    expect(activity.cacheLeave).toBe(1);
  });

  it("from inside of the handler keeps the fd from coming back (rule B4)", () => {
    table.wantRecv(FD);
    expect(pop()).toBe(FD);
    table.park(FD, RECV);
    table.requeue(FD);
    expect([table.queue.has(FD), activity.cacheLeave]).toEqual([false, 0]);
  });

  it("concerns one direction: the other one keeps the fd in the cache", () => {
    for (const direction of DIRECTIONS) {
      table.wantRecv(FD);
      table.wantSend(FD);
      table.park(FD, direction);
      expect(table.readyDirections(FD)).toBe(BOTH & ~direction);
      expect([table.queue.has(FD), table.isParked(FD, BOTH & ~direction)]).toEqual([true, false]);
      table.unpark(FD, direction);
      expect(table.takeGrant(FD, direction)).toBe(true);
    }
  });

  it("is not undone by reports, nor by want (I13, rule B4)", () => {
    table.wantRecv(FD);
    table.park(FD, RECV);
    table.mayRecv(FD);
    table.mayHangup(FD);
    table.mayError(FD);
    table.wantRecv(FD);
    expect([table.queue.has(FD), table.readyDirections(FD)]).toEqual([false, 0]);
    table.wantSend(FD);
    expect([table.queue.has(FD), table.readyDirections(FD)]).toEqual([true, SEND]);
  });
});

describe("unpark", () => {
  it("brings the fd back into the cache with leave to take one buffer, once (rule B5)", () => {
    for (const direction of DIRECTIONS) {
      say(table, FD, direction, "want");
      table.park(FD, direction);
      table.unpark(FD, direction);
      expect([table.queue.has(FD), table.readyDirections(FD)]).toEqual([true, direction]);
      expect([table.takeGrant(FD, direction), table.takeGrant(FD, direction)]).toEqual([true, false]);
      say(table, FD, direction, "stop");
    }
    expect(told).toEqual([]);
  });

  it("enters the queue once when the other direction is there already", () => {
    table.wantRecv(FD);
    table.wantSend(FD);
    table.park(FD, RECV);
    table.unpark(FD, RECV);
    expect([table.queue.size, table.readyDirections(FD)]).toEqual([1, BOTH]);
    expect(activity.cacheEnter).toBe(1);
  });

  it("of a direction that is not parked is a bug of ours", () => {
    expect(() => table.unpark(FD, RECV)).toThrow(AssertionError);
    expect(() => table.unpark(FD, RECV)).toThrow(/fd 3 is parked when unparked/);
  });

  it("of a direction that nothing is to be done in gives the grant back at once: no run would return it (rule B5)", () => {
    table.wantRecv(FD);
    table.park(FD, RECV);
    table.cantRecv(FD);
    table.unpark(FD, RECV);
    expect([told, table.takeGrant(FD, RECV), table.queue.has(FD)]).toEqual([["return 3 1"], false, false]);
  });
});

describe("a direction that no longer wants its place", () => {
  it.each([["stop", RECV], ["stop", SEND], ["close", RECV], ["close", SEND]])(
    "leaves the waiters when it was parked: %s, direction %i (C6, I14)",
    (how, direction) => {
      say(table, FD, direction, "want");
      table.park(FD, direction);
      if (how === "stop") say(table, FD, direction, "stop");
      else table.remove(FD);
      expect(told).toEqual([`leave ${FD} ${direction}`]);
      expect([table.isParked(FD, direction), table.queue.has(FD)]).toEqual([false, false]);
    },
  );

  it.each([["stop", RECV], ["stop", SEND], ["close", RECV], ["close", SEND]])(
    "returns the grant that it did not use: %s, direction %i (rule B5)",
    (how, direction) => {
      say(table, FD, direction, "want");
      table.park(FD, direction);
      table.unpark(FD, direction);
      if (how === "stop") say(table, FD, direction, "stop");
      else table.remove(FD);
      expect(told).toEqual([`return ${FD} ${direction}`]);
      expect(table.takeGrant(FD, direction)).toBe(false);
    },
  );

  it("leaves though nobody wanted it when it was parked: stop says that nobody waits (rule B5)", () => {
    table.park(FD, RECV);
    table.stopRecv(FD);
    expect([told, table.isParked(FD, RECV)]).toEqual([[`leave ${FD} ${RECV}`], false]);
  });

  it("wants again after a stop: it is ready as before, and must ask for a buffer anew", () => {
    table.wantRecv(FD);
    table.park(FD, RECV);
    table.stopRecv(FD);
    table.wantRecv(FD);
    expect([table.queue.has(FD), table.isParked(FD, RECV)]).toEqual([true, false]);
  });

  it("says so for both directions when it closes, and the next owner inherits neither (C5, I14)", () => {
    table.wantRecv(FD);
    table.wantSend(FD);
    table.park(FD, RECV);
    table.park(FD, SEND);
    table.unpark(FD, SEND);
    table.remove(FD);
    expect(told).toEqual([`leave ${FD} ${RECV}`, `return ${FD} ${SEND}`]);
    table.insert(FD, { onIo: () => {} }, IoClass.NORMAL, true);
    expect(table.flags(FD)).toBe(FdFlag.OPEN);
    expect([table.isParked(FD, RECV), table.takeGrant(FD, SEND)]).toEqual([false, false]);
  });

  it("says nothing when it never waited", () => {
    table.wantRecv(FD);
    table.stopRecv(FD);
    table.remove(FD);
    expect(told).toEqual([]);
  });
});

describe("requeue, after a handler ran", () => {
  it("passes on a grant that the handler did not use (rule B5)", () => {
    table.wantRecv(FD);
    table.park(FD, RECV);
    table.unpark(FD, RECV);
    pop();
    table.requeue(FD);
    expect(told).toEqual([`return ${FD} ${RECV}`]);
    expect(table.queue.has(FD)).toBe(true);
  });

  it("passes on both", () => {
    for (const direction of DIRECTIONS) {
      say(table, FD, direction, "want");
      table.park(FD, direction);
      table.unpark(FD, direction);
    }
    pop();
    table.requeue(FD);
    expect(told).toEqual([`return ${FD} ${RECV}`, `return ${FD} ${SEND}`]);
  });

  it("brings the fd back while work is left, and not when none is", () => {
    table.wantRecv(FD);
    pop();
    table.requeue(FD);
    expect(table.queue.has(FD)).toBe(true);
    pop();
    table.cantRecv(FD);
    table.requeue(FD);
    expect([table.queue.has(FD), told]).toEqual([false, []]);
  });
});
