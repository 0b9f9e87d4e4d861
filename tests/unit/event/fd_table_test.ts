/** The fd table: the whole transition table of its verbs, and its update list. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { Direction, isRunnable } from "../../../src/event/fd_state.ts";
import { FdTable } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import {
  bitsOf,
  clearUpdates,
  DIRECTIONS,
  nameOf,
  say,
  setStates,
  STATE_NAMES,
  type StateName,
  updatesOf,
  type Verb,
  VERBS,
} from "../../support/event/verbs.ts";

/** Where a verb leads, what the event cache does, and which pollers must be told. */
type Row = readonly [
  StateName,
  Verb,
  StateName,
  cache: "" | "enter" | "leave",
  update: "" | "every" | "level",
];

const TRANSITIONS: readonly Row[] = [
  ["disabled", "want", "mustpoll", "", "every"],
  ["disabled", "stop", "disabled", "", ""],
  ["disabled", "may", "stopped", "", ""],
  ["disabled", "cant", "disabled", "", ""],
  ["mustpoll", "want", "mustpoll", "", ""],
  ["mustpoll", "stop", "disabled", "", ""],
  ["mustpoll", "may", "active", "enter", ""],
  ["mustpoll", "cant", "mustpoll", "", ""],
  ["stopped", "want", "active", "enter", ""],
  ["stopped", "stop", "stopped", "", ""],
  ["stopped", "may", "stopped", "", ""],
  ["stopped", "cant", "disabled", "", ""],
  ["active", "want", "active", "", ""],
  ["active", "stop", "stopped", "leave", ""],
  ["active", "may", "active", "", ""],
  ["active", "cant", "mustpoll", "leave", "every"],
  ["abort", "want", "polled", "", ""],
  ["abort", "stop", "abort", "", ""],
  ["abort", "may", "paused", "", "level"],
  ["abort", "cant", "abort", "", ""],
  ["polled", "want", "polled", "", ""],
  ["polled", "stop", "abort", "", "level"],
  ["polled", "may", "ready", "enter", ""],
  ["polled", "cant", "polled", "", ""],
  ["paused", "want", "ready", "enter", ""],
  ["paused", "stop", "paused", "", ""],
  ["paused", "may", "paused", "", ""],
  ["paused", "cant", "abort", "", "level"],
  ["ready", "want", "ready", "", ""],
  ["ready", "stop", "paused", "leave", "level"],
  ["ready", "may", "ready", "", ""],
  ["ready", "cant", "polled", "leave", ""],
];

const FD = 3;
const OTHER_FD = 5;
const nobody = { onIo: () => {} };
let activity: Activity;
let table: FdTable;

beforeEach(() => {
  activity = newActivity();
  table = new FdTable(8, activity);
});

function open(fd = FD): void {
  table.insert(fd, nobody, IoClass.NORMAL, false);
}

/** A table with one fd in the given states, for a poller of either kind. */
function inStates(unpolls: boolean, receive: StateName, send: StateName): void {
  activity = newActivity();
  table = new FdTable(8, activity);
  table.unpolls = unpolls;
  open();
  setStates(table, FD, receive, send);
  Object.assign(activity, newActivity());
}

describe("the transition table", () => {
  it("has a line for every state and verb", () => {
    const lines = new Set(TRANSITIONS.map(([from, verb]) => `${from} ${verb}`));
    expect(lines.size).toBe(STATE_NAMES.length * VERBS.length);
  });

  it.each(TRANSITIONS)("%s --%s--> %s, cache: %s, update: %s", (from, verb, to, cache, update) => {
    for (const unpolls of [false, true]) {
      for (const direction of DIRECTIONS) {
        const isReceive = direction === Direction.RECV;
        inStates(unpolls, isReceive ? from : "disabled", isReceive ? "disabled" : from);
        expect(nameOf(table, FD, direction)).toBe(from);
        const wasQueued = table.queue.has(FD);
        say(table, FD, direction, verb);
        const isUpdated = update === "every" || (update === "level" && unpolls);
        expect(nameOf(table, FD, direction)).toBe(to);
        expect(bitsOf(table.state(FD), isReceive ? Direction.SEND : Direction.RECV)).toBe(0);
        expect(table.queue.has(FD)).toBe(cache === "" ? wasQueued : cache === "enter");
        expect([activity.cacheEnter, activity.cacheLeave])
          .toEqual([cache === "enter" ? 1 : 0, cache === "leave" ? 1 : 0]);
        expect(updatesOf(table)).toEqual(isUpdated ? [FD] : []);
        expect([activity.updatesRequested, activity.updatesQueued])
          .toEqual(isUpdated ? [1, 1] : [0, 0]);
        expect(activity.reports).toBe(verb === "may" ? 1 : 0);
      }
    }
  });

  it("said twice changes nothing and asks for nothing the second time (I17)", () => {
    for (const [from, verb] of TRANSITIONS) {
      inStates(true, from, "disabled");
      say(table, FD, Direction.RECV, verb);
      clearUpdates(table);
      const before = [table.state(FD), table.flags(FD), table.queue.has(FD)];
      const counters = { ...activity, reports: 0 };
      say(table, FD, Direction.RECV, verb);
      expect([table.state(FD), table.flags(FD), table.queue.has(FD)]).toEqual(before);
      expect({ ...activity, reports: 0 }).toEqual(counters);
      expect(updatesOf(table)).toEqual([]);
    }
  });

  it("readiness alone never asks for an update: not for what is polled, not for what is wanted (I6)", () => {
    const lines = TRANSITIONS.filter(([from, verb]) =>
      (verb === "may" && (from === "polled" || from === "stopped")) ||
      (verb === "want" && (from === "stopped" || from === "paused"))
    );
    expect(lines.map(([, , , , update]) => update)).toEqual(lines.map(() => ""));
    expect(lines.length).toBe(4);
  });

  it("decides for both directions at once: one cache entry, one update, whatever the other does (I3, I4)", () => {
    for (const unpolls of [false, true]) {
      for (const receive of STATE_NAMES) {
        for (const send of STATE_NAMES) {
          for (const verb of VERBS) {
            inStates(unpolls, receive, send);
            const before = table.state(FD);
            say(table, FD, Direction.RECV, verb);
            const state = table.state(FD);
            expect(state & 0x70).toBe(before & 0x70);
            expect(table.queue.has(FD)).toBe(isRunnable(state));
            expect(table.queue.size).toBe(isRunnable(state) ? 1 : 0);
            expect(updatesOf(table)).toEqual(state !== before && needsUpdate(state, unpolls) ? [FD] : []);
          }
        }
      }
    }
  });
});

/** The update rule of engine-history 1.2; unpolling only where the poller reports again and again. */
function needsUpdate(state: number, unpolls: boolean): boolean {
  return DIRECTIONS.map((direction) => STATE_NAMES[bitsOf(state, direction)]).some((name) =>
    name === "mustpoll" || (unpolls && (name === "abort" || name === "paused"))
  );
}

describe("the update list", () => {
  it("holds an fd once however often it changes, and others in the order in which they asked (I5)", () => {
    table.unpolls = true;
    open(FD);
    open(OTHER_FD);
    for (let i = 0; i < 3; i++) {
      table.wantRecv(FD);
      table.wantSend(OTHER_FD);
      table.stopRecv(FD);
      table.wantSend(FD);
    }
    expect(updatesOf(table)).toEqual([FD, OTHER_FD]);
    expect(activity.updatesQueued).toBe(2);
    expect(activity.updatesRequested).toBeGreaterThan(2);
  });

  it("takes an fd again once the poller has looked", () => {
    open();
    table.wantRecv(FD);
    clearUpdates(table);
    table.stopRecv(FD);
    table.wantRecv(FD);
    expect(updatesOf(table)).toEqual([FD]);
  });

  it("keeps the entry of an fd that closes, once, for whoever owns the number then (A4, A5)", () => {
    open();
    table.wantRecv(FD);
    table.remove(FD);
    open();
    table.wantSend(FD);
    expect(updatesOf(table)).toEqual([FD]);
    clearUpdates(table);
    table.remove(FD);
    open();
    table.wantRecv(FD);
    expect(updatesOf(table)).toEqual([FD]);
  });

  it("never outgrows the number of fds, whatever closes and opens before the poller looks (A4)", () => {
    for (let round = 0; round < 50; round++) {
      for (let fd = 0; fd < table.capacity; fd++) {
        open(fd);
        table.wantRecv(fd);
      }
      for (let fd = 0; fd < table.capacity; fd++) table.remove(fd);
    }
    expect(updatesOf(table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
