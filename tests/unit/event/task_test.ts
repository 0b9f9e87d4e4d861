/** Tasks: woken, run once a turn, released at any moment; their timers; how much a turn runs. @module */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { NICE_MIN, RUN_QUEUE_DEPTH, WakeReason } from "../../../src/event/run_queue.ts";
import { NEVER_MS, Scheduler } from "../../../src/event/task.ts";

const { TIMER, IO, MESSAGE, OTHER } = WakeReason;
let activity: Activity;
let scheduler: Scheduler;
/** Who ran, and why. */
let ran: [name: string, reasons: number][];

beforeEach(() => {
  activity = newActivity();
  scheduler = new Scheduler(activity);
  ran = [];
});

function newTask(name: string, onTask: () => void = () => {}, nice = 0): number {
  return scheduler.create({
    onTask: (reasons) => {
      ran.push([name, reasons]);
      onTask();
    },
  }, nice);
}

function names(): string[] {
  return ran.splice(0).map(([name]) => name);
}

/** As the loop does at `nowMs`. */
function turn(nowMs = 0): string[] {
  scheduler.expireTimers(nowMs);
  scheduler.runTasks();
  return names();
}

describe("wake", () => {
  it("makes a task run once, with the reason, and not again", () => {
    const task = newTask("a");
    scheduler.wake(task, IO);
    expect(scheduler.hasRunnable).toBe(true);
    scheduler.runTasks();
    expect([ran, scheduler.hasRunnable]).toEqual([[["a", IO]], false]);
    scheduler.runTasks();
    expect(ran.length).toBe(1);
  });

  it("adds reasons up while a task waits, which keeps its place (C4)", () => {
    const [a, b] = [newTask("a"), newTask("b")];
    scheduler.wake(a, IO);
    scheduler.wake(b, OTHER);
    scheduler.wake(a, MESSAGE);
    scheduler.runTasks();
    expect(ran).toEqual([["a", IO | MESSAGE], ["b", OTHER]]);
  });

  it("while the task runs is not lost: it runs again in the next turn, with the new reason only (D3, D17)", () => {
    let hasWoken = false;
    const task = newTask("a", () => {
      if (!hasWoken) scheduler.wake(task, MESSAGE);
      hasWoken = true;
    });
    scheduler.wake(task, IO);
    scheduler.runTasks();
    expect([ran, scheduler.hasRunnable]).toEqual([[["a", IO]], true]);
    scheduler.runTasks();
    expect(ran).toEqual([["a", IO], ["a", MESSAGE]]);
  });

  it("of another task in the middle of a turn is served in the next one", () => {
    const b = newTask("b");
    scheduler.wake(newTask("a", () => scheduler.wake(b, OTHER)), OTHER);
    expect(turn()).toEqual(["a"]);
    expect(turn()).toEqual(["b"]);
  });

  it("an important task first", () => {
    scheduler.wake(newTask("normal"), OTHER);
    scheduler.wake(newTask("important", () => {}, NICE_MIN), OTHER);
    expect(turn()).toEqual(["important", "normal"]);
  });

  it("of an important task by itself does not run it twice in a turn, nor starve others (D17)", () => {
    const task = newTask("self", () => scheduler.wake(task, OTHER), NICE_MIN);
    scheduler.wake(task, OTHER);
    for (const name of ["a", "b", "c"]) scheduler.wake(newTask(name), OTHER);
    expect(turn()).toEqual(["self", "a", "b", "c"]);
    expect(turn()).toEqual(["self"]);
  });

  it("by itself does not run a task twice in a turn when others that waited are released meanwhile (D17)", () => {
    const others = ["b", "c"].map((name) => newTask(name));
    const task = newTask("self", () => {
      scheduler.wake(task, OTHER);
      for (const other of others.splice(0)) scheduler.release(other);
    });
    scheduler.wake(task, OTHER);
    for (const other of others) scheduler.wake(other, OTHER);
    expect(turn()).toEqual(["self"]);
  });
});

describe("a task that wakes itself and is released in the same run", () => {
  it("never runs again", () => {
    const task = newTask("a", () => {
      scheduler.wake(task, OTHER);
      scheduler.release(task);
    });
    scheduler.wake(task, OTHER);
    expect([turn(), turn(), scheduler.hasRunnable]).toEqual([["a"], [], false]);
  });

  it("is gone, and the next task of its number runs when it is woken, once", () => {
    const task = newTask("a", () => {
      scheduler.wake(task, OTHER);
      scheduler.release(task);
      expect(newTask("next")).toBe(task);
      scheduler.wake(task, MESSAGE);
    });
    scheduler.wake(task, OTHER);
    scheduler.runTasks();
    scheduler.runTasks();
    scheduler.runTasks();
    expect(ran).toEqual([["a", OTHER], ["next", MESSAGE]]);
  });
});

describe("release", () => {
  it("of a queued task: it never runs", () => {
    const [a, b] = [newTask("a"), newTask("b")];
    scheduler.wake(a, IO);
    scheduler.wake(b, IO);
    scheduler.release(a);
    expect([turn(), scheduler.taskCount]).toEqual([["b"], 1]);
  });

  it("of the task that runs, or of the one that would be next (I15)", () => {
    const tasks: number[] = [];
    tasks.push(newTask("a", () => tasks.slice(0, 2).forEach((task) => scheduler.release(task))));
    tasks.push(newTask("b"), newTask("c"));
    for (const task of tasks) scheduler.wake(task, OTHER);
    expect([turn(), scheduler.taskCount]).toEqual([["a", "c"], 1]);
  });

  it("takes the timer along, and the next task of that number has neither", () => {
    const task = newTask("a");
    scheduler.scheduleAt(task, 5);
    scheduler.wake(task, IO);
    scheduler.release(task);
    expect([scheduler.nextDeadlineMs, scheduler.hasRunnable]).toEqual([NEVER_MS, false]);
    expect(newTask("next")).toBe(task);
    expect(turn(10)).toEqual([]);
  });

  it("after a wake-up by its own timer, in the same turn", () => {
    const victim = newTask("victim");
    const killer = newTask("killer", () => scheduler.release(victim));
    scheduler.scheduleAt(killer, 5);
    scheduler.scheduleAt(victim, 5);
    expect(turn(5)).toEqual(["killer"]);
  });
});

describe("timers of tasks", () => {
  it("wake the task with the timer's reason at their time, once", () => {
    const task = newTask("a");
    scheduler.scheduleAt(task, 10);
    expect(scheduler.nextDeadlineMs).toBe(10);
    expect(turn(9.9)).toEqual([]);
    scheduler.expireTimers(10);
    scheduler.runTasks();
    expect(ran).toEqual([["a", TIMER]]);
    expect([scheduler.nextDeadlineMs, activity.timersExpired]).toEqual([NEVER_MS, 1]);
  });

  it("are taken back by NEVER_MS", () => {
    const task = newTask("a");
    scheduler.scheduleAt(task, 10);
    scheduler.scheduleAt(task, NEVER_MS);
    expect(turn(20)).toEqual([]);
  });

  it("set by the task itself for a time that has come are served in the next turn, not in this one (I19)", () => {
    const task = newTask("a", () => scheduler.scheduleAt(task, 0));
    scheduler.scheduleAt(task, 0);
    expect(turn(1)).toEqual(["a"]);
    expect(turn(1)).toEqual(["a"]);
  });

  it("do not drift: a period counted from the deadline fires on its multiples (D14)", () => {
    let deadlineMs = 10;
    const firedAt: number[] = [];
    let nowMs = 0;
    const task = newTask("a", () => {
      firedAt.push(nowMs);
      deadlineMs += 10;
      scheduler.scheduleAt(task, deadlineMs);
    });
    scheduler.scheduleAt(task, deadlineMs);
    while (firedAt.length < 100) turn(nowMs = scheduler.nextDeadlineMs);
    expect(firedAt).toEqual(Array.from({ length: 100 }, (_, i) => (i + 1) * 10));
  });
});

describe("how much a turn runs", () => {
  it("is bounded by the run queue's depth; the rest keeps its order", () => {
    for (let i = 0; i < RUN_QUEUE_DEPTH + 50; i++) scheduler.wake(newTask(String(i)), OTHER);
    expect(turn().length).toBe(RUN_QUEUE_DEPTH);
    expect(scheduler.hasRunnable).toBe(true);
    expect(turn()).toEqual(Array.from({ length: 50 }, (_, i) => String(RUN_QUEUE_DEPTH + i)));
    expect(activity.taskCalls).toBe(RUN_QUEUE_DEPTH + 50);
  });

  it("is bounded in timers too: 100,000 that expire together come by a bounded number a turn (D6)", () => {
    for (let i = 0; i < 100_000; i++) scheduler.scheduleAt(newTask("a"), 1);
    expect(turn(1).length).toBe(RUN_QUEUE_DEPTH);
    expect([activity.timersExpired, scheduler.nextDeadlineMs]).toEqual([RUN_QUEUE_DEPTH, 1]);
    let turns = 1;
    for (; scheduler.nextDeadlineMs !== NEVER_MS || scheduler.hasRunnable; turns++) turn(1);
    expect([turns, activity.taskCalls]).toEqual([100_000 / RUN_QUEUE_DEPTH, 100_000]);
  });

  it("is every task that was woken, once, over any wake-ups and releases (D17)", () => {
    const anyStep = fc.record({ kind: fc.constantFrom("wake", "wake", "release", "turn"), task: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
        scheduler = new Scheduler(newActivity());
        const tasks: (number | null)[] = Array.from({ length: 10 }, (_, i) => newTask(String(i)));
        let queued: string[] = [];
        for (const { kind, task } of steps) {
          const id = tasks[task];
          if (kind === "turn") {
            expect(turn()).toEqual(queued);
            queued = [];
          } else if (id !== null && kind === "wake") {
            scheduler.wake(id, OTHER);
            if (!queued.includes(String(task))) queued.push(String(task));
          } else if (id !== null) {
            scheduler.release(id);
            tasks[task] = null;
            queued = queued.filter((name) => name !== String(task));
          }
        }
      }),
    );
  });
});
