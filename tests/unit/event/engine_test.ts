/** The engine's turn on the sim poller: its order, its waits, its message box, its end, and what it counts. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { newActivity } from "../../../src/event/activity.ts";
import { Direction } from "../../../src/event/fd_state.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { RUN_QUEUE_DEPTH, WakeReason } from "../../../src/event/run_queue.ts";
import { EngineRig, ScriptedHandler } from "../../support/event/engine_rig.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../support/sim/sim_poller.ts";

let rig: EngineRig;

beforeEach(() => {
  rig = new EngineRig();
});

function useFlavour(flavour: SimFlavour): void {
  rig = new EngineRig(flavour);
}

/** A task that adds its name to a list when it runs. */
function taskOf(log: string[], name: string): number {
  return rig.engine.scheduler.create({ onTask: () => log.push(name) });
}

describe("the order of a turn", () => {
  it("is I/O, timers, tasks, messages, the turn's end, then updates and the wait (A12, D16)", () => {
    const log: string[] = [];
    const { engine } = rig;
    const { fd } = rig.open(
      new ScriptedHandler(() => {
        log.push("io");
        rig.table.cantRecv(fd);
        engine.scheduler.wake(taskOf(log, "woken by io"), WakeReason.OTHER);
        engine.post(() => log.push("message of io"));
      }),
    );
    rig.table.wantRecv(fd);
    engine.scheduler.scheduleAt(taskOf(log, "timer"), engine.nowMs);
    engine.post(() => log.push("message"));
    engine.onTurnEnd = () => log.push("end");
    const wait = rig.poller.wait.bind(rig.poller);
    rig.poller.wait = (timeoutMs) => {
      log.push(`updates ${rig.table.updates.count}, wait`);
      return wait(timeoutMs);
    };
    rig.poller.onWake();
    expect(log).toEqual([
      "io",
      "woken by io",
      "timer",
      "message",
      "message of io",
      "end",
      "updates 1, wait",
    ]);
  });

  it("tells the end of each turn once, also of one without work", () => {
    let ends = 0;
    rig.engine.onTurnEnd = () => ends++;
    const { turns } = rig.engine.activity;
    for (let i = 0; i < 5; i++) rig.turn();
    expect([ends, rig.engine.activity.turns - turns]).toEqual([5, 5]);
  });

  it("has one time for all that happens in it", () => {
    const times: number[] = [];
    const { engine, world } = rig;
    const note = () => {
      times.push(engine.nowMs);
      world.clock.advance(3);
    };
    const task = engine.scheduler.create({ onTask: note });
    engine.scheduler.wake(task, WakeReason.OTHER);
    engine.post(note);
    engine.post(note);
    world.clock.advance(7);
    rig.turn();
    expect(times).toEqual([7, 7, 7]);
    rig.turn();
    expect(engine.nowMs).toBe(16);
  });

  it("counts how long the loop kept its poller waiting", () => {
    rig.engine.post(() => rig.world.clock.advance(5.5));
    rig.turn();
    expect(rig.engine.activity.turnLongestUs).toBe(5_500);
    rig.turn();
    expect(rig.engine.activity.turnLongestUs).toBe(5_500);
  });
});

describe("the wait", () => {
  const timeoutAfter = (action: () => void): number => {
    action();
    rig.poller.onWake();
    return rig.poller.timeoutMs;
  };

  it("is a second when nothing is to come, and counts as a sleep", () => {
    expect(timeoutAfter(() => {})).toBe(1_000);
    expect([rig.engine.activity.waits, rig.engine.activity.waitsZero]).toEqual([2, 0]);
  });

  it("is until the next timer, fractions included, and at most a second (D14)", () => {
    const task = taskOf([], "t");
    const { scheduler } = rig.engine;
    expect(timeoutAfter(() => scheduler.scheduleAt(task, 10.25))).toBe(10.25);
    expect(timeoutAfter(() => scheduler.scheduleAt(task, 5))).toBe(5);
    const late = new EngineRig();
    late.engine.scheduler.scheduleAt(late.engine.scheduler.create({ onTask: () => {} }), 5_000);
    late.turn();
    expect(late.poller.timeoutMs).toBe(1_000);
  });

  it("is nothing for a timer that became due during the turn, never less than nothing", () => {
    const task = taskOf([], "t");
    rig.engine.scheduler.scheduleAt(task, 2);
    expect(timeoutAfter(() => rig.engine.post(() => rig.world.clock.advance(5)))).toBe(0);
    expect(rig.engine.activity.waitsZero).toBe(1);
  });

  it("is nothing while I/O is left, a task is woken, or a message came (I12)", () => {
    const { fd } = rig.open(new ScriptedHandler());
    expect(timeoutAfter(() => rig.table.wantRecv(fd))).toBe(0);
    rig.table.stopRecv(fd);
    expect(timeoutAfter(() => {})).toBe(1_000);
    const task = rig.engine.scheduler.create({
      onTask: () => rig.engine.scheduler.wake(task, WakeReason.OTHER),
    });
    expect(timeoutAfter(() => rig.engine.scheduler.wake(task, WakeReason.OTHER))).toBe(0);
    rig.engine.scheduler.release(task);
    rig.engine.onTurnEnd = () => rig.engine.post(() => {});
    expect(timeoutAfter(() => {})).toBe(0);
  });

  it("is not shortened by an fd that is parked for a buffer (I12, I13)", () => {
    const { fd } = rig.open(new ScriptedHandler((fd) => rig.table.park(fd, Direction.RECV)));
    expect(timeoutAfter(() => rig.table.wantRecv(fd))).toBe(1_000);
    expect(timeoutAfter(() => rig.table.mayRecv(fd))).toBe(1_000);
    expect(rig.engine.activity.ioCalls).toBe(1);
  });

  it.each(SIM_FLAVOURS)(
    "%s: is not shortened by a parked fd: nothing is reported of it (I13, rule B4)",
    (flavour) => {
      rig = new EngineRig(flavour, { bufferLimit: 8 });
      const { pool, buffers } = rig.world;
      const taken = Array.from({ length: 8 }, () => pool.take(Criticality.TRANSMIT, true));
      const { fd, outside } = rig.open(
        new ScriptedHandler((fd) => buffers.acquire(fd, Direction.RECV, Criticality.RESPONSE)),
      );
      rig.table.wantRecv(fd);
      rig.table.cantRecv(fd);
      rig.turn();
      rig.say(outside, "text");
      for (let i = 0; i < 3; i++) rig.turn();
      const { reports, ioCalls } = rig.engine.activity;
      for (let i = 0; i < 5; i++) {
        expect([rig.poller.hasPending, rig.poller.timeoutMs]).toEqual([false, 1_000]);
        rig.turn();
      }
      expect([rig.engine.activity.reports, rig.engine.activity.ioCalls]).toEqual([reports, ioCalls]);
      buffers.release(taken[0]);
      rig.turn();
      expect([rig.engine.activity.ioCalls, pool.inUse]).toEqual([ioCalls + 1, 8]);
    },
  );

  it("is not shortened by a peer that hung up while nobody wants to receive (I13, B17)", () => {
    for (const flavour of SIM_FLAVOURS) {
      useFlavour(flavour);
      const handler = new ScriptedHandler((fd) => rig.table.stopRecv(fd));
      const { fd, outside } = rig.open(handler);
      rig.table.wantRecv(fd);
      rig.turn();
      outside.close(true);
      for (let i = 0; i < 5; i++) rig.turn();
      expect([flavour, handler.calls.length, rig.poller.timeoutMs]).toEqual([flavour, 1, 1_000]);
      expect(rig.engine.activity.reports).toBeLessThanOrEqual(3);
    }
  });

  it("does not follow the wall clock, whatever that does (D14)", () => {
    const log: string[] = [];
    rig.engine.scheduler.scheduleAt(taskOf(log, "timer"), 100);
    for (const jumpMs of [-86_400_000, 86_400_000, 3_600_000]) {
      rig.world.clock.jumpWall(jumpMs);
      rig.turn();
      expect([rig.poller.timeoutMs, log]).toEqual([100, []]);
    }
    const wallMs = rig.engine.wallNowMs;
    rig.world.clock.advance(100);
    rig.turn();
    expect([log, rig.engine.wallNowMs - wallMs]).toEqual([["timer"], 100]);
  });
});

describe("the message box", () => {
  it("wakes the poller, and runs messages in their order in the next turn, once (I18, D1)", () => {
    const log: string[] = [];
    rig.engine.post(() => log.push("a"));
    rig.engine.post(() => log.push("b"));
    expect([rig.poller.isWoken, log]).toEqual([true, []]);
    rig.turn();
    rig.turn();
    expect([log, rig.engine.activity.messages]).toEqual([["a", "b"], 2]);
  });

  it("keeps what a message posts for the next turn, so that a turn ends (I10)", () => {
    let count = 0;
    const again = () => {
      if (++count < 100) rig.engine.post(again);
    };
    rig.engine.post(again);
    rig.turn();
    expect([count, rig.poller.timeoutMs]).toEqual([1, 0]);
    rig.turn();
    expect(count).toBe(2);
  });
});

describe("stop", () => {
  function countShutdowns(): () => number {
    let count = 0;
    const shutdown = rig.poller.shutdown.bind(rig.poller);
    rig.poller.shutdown = () => {
      count++;
      shutdown();
    };
    return () => count;
  }

  it("inside of a handler ends the loop after this turn, with everything that is in it", () => {
    const shutdowns = countShutdowns();
    const log: string[] = [];
    const stopping = rig.open(new ScriptedHandler(() => rig.engine.stop()));
    const other = rig.open(new ScriptedHandler(() => log.push("other")));
    rig.table.wantRecv(stopping.fd);
    rig.table.wantRecv(other.fd);
    rig.engine.post(() => log.push("message"));
    rig.engine.onTurnEnd = () => log.push("end");
    rig.poller.onWake();
    expect([log, shutdowns(), rig.engine.isRunning]).toEqual([["other", "message", "end"], 1, false]);
  });

  it("outside of a turn closes the poller at once; a late wake-up does not turn any more (D1)", () => {
    const shutdowns = countShutdowns();
    const { turns } = rig.engine.activity;
    rig.engine.stop();
    expect(shutdowns()).toBe(1);
    rig.engine.post(() => expect.unreachable());
    rig.poller.onWake();
    expect(rig.engine.activity.turns).toBe(turns);
  });
});

describe("bounds", () => {
  it("expire no more timers than tasks can run in a turn, and serve I/O between (D4, D6)", () => {
    const { engine } = rig;
    let taskRuns = 0;
    for (let i = 0; i < 1_000; i++) {
      engine.scheduler.scheduleAt(engine.scheduler.create({ onTask: () => taskRuns++ }), 0);
    }
    const ioAt: number[] = [];
    const { fd } = rig.open(new ScriptedHandler(() => ioAt.push(taskRuns)));
    rig.table.wantRecv(fd);
    for (let i = 0; i < 5; i++) rig.turn();
    expect(taskRuns).toBe(1_000);
    expect(ioAt).toEqual([0, 1, 2, 3, 4].map((turn) => turn * RUN_QUEUE_DEPTH));
  });

  it("serve tasks in every turn however much I/O there is (D4, D16)", () => {
    rig = new EngineRig("edge", { fdCapacity: 512 });
    for (let fd = 100; fd < 500; fd++) {
      rig.table.insert(fd, new ScriptedHandler(), IoClass.NORMAL, true);
      rig.table.wantRecv(fd);
    }
    let taskRuns = 0;
    const task = rig.engine.scheduler.create({
      onTask: () => {
        taskRuns++;
        rig.engine.scheduler.wake(task, WakeReason.OTHER);
      },
    });
    rig.engine.scheduler.wake(task, WakeReason.OTHER);
    for (let i = 0; i < 10; i++) rig.poller.onWake();
    expect([taskRuns, rig.engine.activity.ioCalls]).toEqual([10, 2_000]);
  });
});

describe("counters", () => {
  it("of a fresh engine are nothing but its first turn, and each is spoken for", () => {
    expect(rig.engine.activity).toEqual({ ...newActivity(), turns: 1, waits: 1 });
    expect(Object.values(newActivity()).every((count) => count === 0)).toBe(true);
  });
});
