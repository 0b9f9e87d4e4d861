/** What every timer queue promises: the heap of src/event, and what it is measured against. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../src/base/assert.ts";
import { TimerQueue } from "../../src/event/timer_queue.ts";
import { PlacedTimerHeap } from "../bench/timer_heap_placed.ts";
import { TimerWheel } from "../bench/timer_wheel.ts";
import { chooseSeed } from "../conformance/h1/cuts.ts";

type AnyTimerQueue = Pick<TimerQueue, keyof TimerQueue>;

interface Kind {
  readonly name: string;
  readonly make: () => AnyTimerQueue;
  /** The first millisecond (the heap: instant) at which a deadline counts as reached. */
  readonly dueMs: (deadlineMs: number) => number;
  /** Looks that one deadline may cost when the loop sleeps as it is told. */
  readonly looksMax: number;
}

const KINDS: readonly Kind[] = [
  { name: "heap", make: () => new TimerQueue(), dueMs: (deadlineMs) => deadlineMs, looksMax: 1 },
  {
    name: "heap with places",
    make: () => new PlacedTimerHeap(),
    dueMs: (deadlineMs) => deadlineMs,
    looksMax: 1,
  },
  { name: "wheel", make: () => new TimerWheel(), dueMs: (deadlineMs) => Math.ceil(deadlineMs), looksMax: 5 },
];

const SEED = chooseSeed("timer queue contract");
const TIMERS = 12;
const expired = new Int32Array(1_000);

/** What is due at `nowMs`, at most `countMax`, in the order in which it comes. */
function due(timers: AnyTimerQueue, nowMs: number, countMax = expired.length): number[] {
  return [...expired.subarray(0, timers.expire(nowMs, countMax, expired))];
}

function arm(timers: AnyTimerQueue, ...deadlinesMs: number[]): number[] {
  return deadlinesMs.map((deadlineMs) => {
    const timer = timers.create();
    timers.arm(timer, deadlineMs);
    return timer;
  });
}

/** Sleeps as the loop does until something fires; returns when, and how many looks it took. */
function sleep(timers: AnyTimerQueue, fromMs: number): { nowMs: number; fired: number[]; looks: number } {
  let nowMs = fromMs;
  for (let looks = 1; looks <= 100; looks++) {
    nowMs = Math.max(nowMs, timers.nextDeadlineMs());
    const fired = due(timers, nowMs);
    if (fired.length > 0) return { nowMs, fired, looks };
  }
  throw new Error("The queue wakes the loop for nothing");
}

/** The ends of the wheel's levels, and beyond the last of them. */
const EDGES_MS = [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1]
  .concat([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 3 * 2 ** 32, 2 ** 32 + 65_536, 2 ** 37]);

describe.each(KINDS)("$name", ({ make, dueMs, looksMax }) => {
  it("fires at the deadline: not before, once, and is not armed after (I19)", () => {
    for (const deadlineMs of [10, 10.25, 0, 255.5]) {
      const timers = make();
      const [timer] = arm(timers, deadlineMs);
      expect(due(timers, deadlineMs - 0.01)).toEqual([]);
      expect(due(timers, dueMs(deadlineMs))).toEqual([timer]);
      expect([due(timers, 1_000), timers.nextDeadlineMs()]).toEqual([[], Infinity]);
    }
  });

  it("fires in time from any time to any time, for a bounded number of looks", () => {
    for (const fromMs of EDGES_MS) {
      for (const afterMs of EDGES_MS) {
        const timers = make();
        due(timers, fromMs);
        const [timer] = arm(timers, fromMs + afterMs);
        if (afterMs > 0) expect(due(timers, fromMs + afterMs - 0.5)).toEqual([]);
        timers.arm(timer, fromMs + afterMs);
        const { nowMs, fired, looks } = sleep(timers, fromMs);
        expect([nowMs, fired]).toEqual([fromMs + afterMs, [timer]]);
        // Beyond the wheel's 49.7 days: one look more for each 49.7 days.
        expect(looks).toBeLessThanOrEqual(looksMax + Math.ceil(afterMs / 2 ** 32));
      }
    }
  }, 60_000);

  it("fires in the order of deadlines, across its levels", () => {
    const timers = make();
    const [d, a, e, c, b] = arm(timers, 70_000, 5, 20_000_000, 300, 299);
    expect(due(timers, 20_000_000)).toEqual([a, b, c, d, e]);
  });

  it("fires at the next look when the deadline passed already", () => {
    const timers = make();
    due(timers, 1_000);
    const [timer] = arm(timers, -5);
    expect(timers.nextDeadlineMs()).toBeLessThanOrEqual(1_000);
    expect(due(timers, 1_000)).toEqual([timer]);
  });

  it("needs a finite deadline: anything else is a bug of ours", () => {
    const timers = make();
    const timer = timers.create();
    for (const deadlineMs of [Infinity, -Infinity, NaN]) {
      expect(() => timers.arm(timer, deadlineMs)).toThrow(AssertionError);
    }
    expect(timers.nextDeadlineMs()).toBe(Infinity);
  });

  it("re-armed later: only stored, fires at the real deadline (D15)", () => {
    const timers = make();
    const [timer] = arm(timers, 10);
    for (let deadlineMs = 11; deadlineMs <= 1_000; deadlineMs++) timers.arm(timer, deadlineMs);
    expect(timers.nextDeadlineMs()).toBe(10);
    expect([due(timers, 10), due(timers, 999)]).toEqual([[], []]);
    expect(due(timers, 1_000)).toEqual([timer]);
  });

  it("re-armed earlier: fires in time, once", () => {
    for (const earlierMs of [10, 299, 70_000]) {
      const timers = make();
      const [timer] = arm(timers, 100_000);
      timers.arm(timer, earlierMs);
      expect(timers.nextDeadlineMs()).toBeLessThanOrEqual(earlierMs);
      expect([due(timers, earlierMs - 1), due(timers, earlierMs), due(timers, 200_000)]).toEqual([[], [
        timer,
      ], []]);
    }
  });

  it("re-armed later, looked at in its earlier place, then re-armed earlier: fires in time", () => {
    for (const laterMs of [500, 100_000]) {
      const timers = make();
      const [timer] = arm(timers, 10);
      timers.arm(timer, laterMs);
      expect(due(timers, 20)).toEqual([]);
      timers.arm(timer, 100);
      expect(timers.nextDeadlineMs()).toBeLessThanOrEqual(100);
      expect([due(timers, 99), due(timers, 100), due(timers, laterMs)]).toEqual([[], [timer], []]);
    }
  });

  it("cancelled: never fires, wakes the loop for a bounded number of looks, can be armed again", () => {
    const timers = make();
    const [timer] = arm(timers, 70_000);
    timers.cancel(timer);
    expect(due(timers, 70_000)).toEqual([]);
    expect(timers.nextDeadlineMs()).toBe(Infinity);
    timers.arm(timer, 70_020);
    expect(due(timers, 70_020)).toEqual([timer]);
  });

  it("released: gone at once, its number given out again, not armed", () => {
    const timers = make();
    const [a, b] = arm(timers, 10, 20);
    timers.release(a);
    expect(timers.nextDeadlineMs()).toBe(20);
    expect(timers.create()).toBe(a);
    expect(due(timers, 20)).toEqual([b]);
  });

  it("writes at most so many at a time; the rest is due at the next look (D6)", () => {
    const timers = make();
    const all = arm(timers, ...Array.from({ length: 10 }, (_, i) => 100 * i));
    expect(due(timers, 1_000, 0)).toEqual([]);
    expect(due(timers, 1_000, 4)).toEqual(all.slice(0, 4));
    expect(timers.nextDeadlineMs()).toBeLessThanOrEqual(400);
    expect([due(timers, 1_000, 4), due(timers, 1_000, 4)]).toEqual([all.slice(4, 8), all.slice(8)]);
  });

  it("grows for many timers", () => {
    const timers = make();
    arm(timers, ...Array.from({ length: 5_000 }, (_, i) => 10 * (5_000 - i)));
    const seen = new Set<number>();
    for (let found = due(timers, 50_000); found.length > 0; found = due(timers, 50_000)) {
      for (const timer of found) seen.add(timer);
    }
    expect(seen.size).toBe(5_000);
  });

  it("does what a list of deadlines does, over any use (I19, D15)", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 33, noNaN: true }), anySteps, (beginMs, steps) => {
        const list = new DeadlineList(make(), dueMs, beginMs);
        for (const step of steps) {
          list.apply(step);
          list.checkNext();
        }
        list.drain(looksMax);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

type Step =
  | { readonly kind: "arm"; readonly timer: number; readonly afterMs: number }
  | { readonly kind: "cancel"; readonly timer: number }
  | { readonly kind: "release"; readonly timer: number }
  | { readonly kind: "pass"; readonly ms: number; readonly countMax: number }
  | { readonly kind: "sleep"; readonly countMax: number };

/** Of every size that a level of the wheel has, fractions and what passed included. */
const anyMs = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 20, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 2 ** 34, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES_MS.filter((ms) => ms < 2 ** 34)) },
);
const timer = fc.nat(TIMERS - 1);
const countMax = fc.constantFrom(0, 1, 3, TIMERS);
const afterMs = fc.oneof({ weight: 9, arbitrary: anyMs }, fc.integer({ min: -300, max: 0 }));

const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("arm" as const), timer, afterMs }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom("cancel" as const, "release" as const), timer }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: anyMs, countMax }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("sleep" as const), countMax }) },
  ),
  { maxLength: 120 },
);

/** A queue, and the deadlines that it should know, in a list. */
class DeadlineList {
  readonly #deadlinesMs = new Map<number, number>();
  readonly #timers: AnyTimerQueue;
  readonly #dueMs: (deadlineMs: number) => number;
  #nowMs: number;

  constructor(timers: AnyTimerQueue, dueMs: (deadlineMs: number) => number, nowMs: number) {
    this.#timers = timers;
    this.#dueMs = dueMs;
    this.#nowMs = nowMs;
    for (let i = 0; i < TIMERS; i++) timers.create();
    this.#expire(TIMERS);
  }

  apply(step: Step): void {
    if (step.kind === "arm") {
      this.#timers.arm(step.timer, this.#nowMs + step.afterMs);
      this.#deadlinesMs.set(step.timer, this.#nowMs + step.afterMs);
    } else if (step.kind === "cancel") {
      this.#timers.cancel(step.timer);
      this.#deadlinesMs.delete(step.timer);
    } else if (step.kind === "release") {
      this.#timers.release(step.timer);
      expect(this.#timers.create()).toBe(step.timer);
      this.#deadlinesMs.delete(step.timer);
    } else if (step.kind === "pass") {
      this.#nowMs += step.ms;
      this.#expire(step.countMax);
    } else {
      const nextMs = this.#timers.nextDeadlineMs();
      if (nextMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, nextMs);
      this.#expire(step.countMax);
    }
  }

  /** The loop sleeps until then: never past a deadline, and for ever only when there is none. */
  checkNext(): void {
    const nextMs = Math.min(...[...this.#deadlinesMs.values()].map((ms) => Math.max(this.#dueMs(ms), 0)));
    expect(this.#timers.nextDeadlineMs()).toBeLessThanOrEqual(Math.max(nextMs, this.#nowMs));
  }

  /** Everything fires, for a bounded number of looks; what was cancelled is forgotten. */
  drain(looksMax: number): void {
    let looks = 0;
    while (this.#timers.nextDeadlineMs() !== Infinity) {
      this.apply({ kind: "sleep", countMax: TIMERS });
      expect(++looks).toBeLessThanOrEqual((2 * looksMax + 4) * TIMERS);
    }
    expect(this.#deadlinesMs.size).toBe(0);
  }

  /** Who is fired is due, once; who is not was not yet due for sure, or had no room. */
  #expire(countMax: number): void {
    const found = due(this.#timers, this.#nowMs, countMax);
    expect(new Set(found).size).toBe(found.length);
    for (const timer of found) {
      expect(this.#deadlinesMs.get(timer)).toBeLessThanOrEqual(this.#nowMs);
      this.#deadlinesMs.delete(timer);
    }
    if (found.length === countMax) return;
    for (const deadlineMs of this.#deadlinesMs.values()) {
      expect(this.#dueMs(deadlineMs)).toBeGreaterThan(this.#nowMs);
    }
  }
}
