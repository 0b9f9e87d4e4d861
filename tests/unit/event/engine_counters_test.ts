/** What the engine counts: exactly, for a small scenario; and the figure that its design is about, for 5,000 connections. @module */
import { describe, expect, it } from "vitest";
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { EngineRig, ScriptedHandler } from "../../support/event/engine_rig.ts";
import type { SimFlavour } from "../../support/sim/sim_poller.ts";

/** What changed between two looks at the counters. */
function difference(before: Activity, after: Activity): Partial<Activity> {
  const keys = Object.keys(after) as (keyof Activity)[];
  return Object.fromEntries(
    keys.filter((key) => after[key] !== before[key]).map((key) => [key, after[key] - before[key]]),
  );
}

describe("what a scenario costs, counter by counter", () => {
  /** A client connects, asks, is answered, ends; the handler closes. */
  function echo(flavour: SimFlavour): Partial<Activity> {
    const rig = new EngineRig(flavour);
    const before = { ...newActivity(), ...rig.engine.activity };
    rig.listen((fd) => {
      rig.engine.adopt(
        fd,
        new ScriptedHandler((fd) => {
          const { text, end } = rig.receiveAll(fd);
          if (text !== "") expect(rig.sendText(fd, text)).toBe(text.length);
          if (end !== null) rig.engine.close(fd);
        }),
        IoClass.NORMAL,
      );
      rig.table.wantRecv(fd);
    });
    rig.turn();
    const outside = rig.dial();
    rig.turn();
    for (const text of ["one", "two"]) {
      rig.say(outside, text);
      rig.turn();
      expect(rig.hear(outside)).toBe(text);
    }
    outside.shutdownSend();
    rig.turn();
    expect(rig.table.openCount).toBe(1);
    return difference(before, rig.engine.activity);
  }

  /**
   * Five turns. Five runs, each from one entry into the cache: the listener, the connection when it was accepted, "one", "two",
   * the end. Two registrations: the listener's and the connection's.
   */
  const COMMON = {
    turns: 5,
    waits: 5,
    ioPasses: 4,
    ioCalls: 5,
    cacheEnter: 5,
    accepts: 1,
    acceptsSameTurn: 1,
    updatesRequested: 2,
    updatesQueued: 2,
    updatesApplied: 2,
  };

  it("edge-triggered: one registration for each fd in its life, a report for each edge (I5, I6)", () => {
    // The connection's registration reports that it can send; "one", "two" and the end bring that along as well.
    expect(echo("edge")).toEqual({ ...COMMON, reports: 1 + 3 * 2 });
  });

  it("level-triggered: the same, and no report but of what is polled (I5, I6)", () => {
    // The stop at the end asks to unpoll; the close makes that void.
    const atEnd = { updatesRequested: 3, updatesQueued: 3, updatesVoid: 1 };
    expect(echo("level")).toEqual({ ...COMMON, ...atEnd, reports: 4 });
  });

  it("one-shot: a registration for each report that used one up", () => {
    // Listener, "one" and "two" each used one up; after the end nothing is waited for.
    const again = { updatesRequested: 5, updatesQueued: 5, updatesApplied: 5 };
    expect(echo("oneshot")).toEqual({ ...COMMON, ...again, reports: 4 });
  });
});
