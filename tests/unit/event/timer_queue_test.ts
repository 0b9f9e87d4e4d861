/** The timer queue: never early, never late, lazily moved later; and a plain list of deadlines beside it. @module */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { TimerQueue } from "../../../src/event/timer_queue.ts";

let timers: TimerQueue;
const expired = new Int32Array(100);

beforeEach(() => {
  timers = new TimerQueue();
});

/** What is due at `nowMs`, at most `countMax`, in the order in which it comes. */
function due(nowMs: number, countMax = expired.length): number[] {
  return [...expired.subarray(0, timers.expire(nowMs, countMax, expired))];
}

function armed(...deadlinesMs: number[]): number[] {
  return deadlinesMs.map((deadlineMs) => {
    const timer = timers.create();
    timers.arm(timer, deadlineMs);
    return timer;
  });
}

describe("a timer", () => {
  it("fires at its deadline, fractions included: not before, once, and is not armed after (I19)", () => {
    const [timer] = armed(10.25);
    expect(timers.nextDeadlineMs()).toBe(10.25);
    expect(due(10.24)).toEqual([]);
    expect(due(10.25)).toEqual([timer]);
    expect([due(100), timers.nextDeadlineMs()]).toEqual([[], Infinity]);
  });

  it("fires in the order of deadlines", () => {
    const [a, b, c] = armed(30, 10, 20);
    expect(due(30)).toEqual([b, c, a]);
  });

  it("can be armed again, also by whoever it fired for", () => {
    const [timer] = armed(10);
    expect(due(10)).toEqual([timer]);
    timers.arm(timer, 20);
    expect([due(19), due(20)]).toEqual([[], [timer]]);
  });

  it("of a deadline that passed fires at the next look (I19)", () => {
    const [timer] = armed(-5);
    expect(due(0)).toEqual([timer]);
  });

  it("needs a finite deadline: anything else is a bug of ours", () => {
    const timer = timers.create();
    for (const deadlineMs of [Infinity, -Infinity, NaN]) {
      expect(() => timers.arm(timer, deadlineMs)).toThrow(AssertionError);
    }
    expect(timers.nextDeadlineMs()).toBe(Infinity);
  });
});

describe("re-arming", () => {
  it("later is only stored: one early look, then the real deadline (D15)", () => {
    const [timer] = armed(10);
    for (let deadlineMs = 11; deadlineMs <= 100; deadlineMs++) timers.arm(timer, deadlineMs);
    expect(timers.nextDeadlineMs()).toBe(10);
    expect(due(10)).toEqual([]);
    expect(timers.nextDeadlineMs()).toBe(100);
    expect([due(99), due(100)]).toEqual([[], [timer]]);
  });

  it("earlier moves it at once: it fires in time", () => {
    const [timer] = armed(100);
    timers.arm(timer, 10);
    expect(timers.nextDeadlineMs()).toBe(10);
    expect([due(9), due(10), due(100)]).toEqual([[], [timer], []]);
  });

  it("later and then earlier, on either side of its place, fires in time", () => {
    for (const again of [5, 10, 20]) {
      timers = new TimerQueue();
      const [timer] = armed(10);
      timers.arm(timer, 30);
      timers.arm(timer, again);
      expect([due(again - 1), due(again)]).toEqual([[], [timer]]);
    }
  });

  it("an early look at one that moved does not keep the others waiting", () => {
    const [moved, other] = armed(10, 10);
    timers.arm(moved, 50);
    expect(due(10)).toEqual([other]);
    expect(timers.nextDeadlineMs()).toBe(50);
  });
});

describe("cancel and release", () => {
  it("a cancelled timer never fires; at most one look comes for nothing", () => {
    const [timer] = armed(10);
    timers.cancel(timer);
    expect(due(10)).toEqual([]);
    expect(timers.nextDeadlineMs()).toBe(Infinity);
    timers.arm(timer, 20);
    expect(due(20)).toEqual([timer]);
  });

  it("a cancelled timer that is armed again before its old place fires in time", () => {
    const [timer] = armed(10);
    timers.cancel(timer);
    timers.arm(timer, 5);
    expect(due(5)).toEqual([timer]);
  });

  it("cancelling one that is not armed changes nothing", () => {
    const timer = timers.create();
    timers.cancel(timer);
    expect([due(100), timers.nextDeadlineMs()]).toEqual([[], Infinity]);
  });

  it("a released one is gone, its number is given out again, not armed", () => {
    const [a, b] = armed(10, 20);
    timers.release(a);
    expect(timers.nextDeadlineMs()).toBe(20);
    expect(timers.create()).toBe(a);
    expect(due(20)).toEqual([b]);
  });
});

describe("expiry", () => {
  it("is bounded by a number; the rest is due at the next look (D6)", () => {
    const all = armed(...Array.from({ length: 10 }, (_, i) => i));
    expect(due(100, 4)).toEqual(all.slice(0, 4));
    expect(timers.nextDeadlineMs()).toBe(4);
    expect(due(100, 4)).toEqual(all.slice(4, 8));
    expect(due(100, 4)).toEqual(all.slice(8));
  });

  it("grows for many timers", () => {
    const all = armed(...Array.from({ length: 1_000 }, (_, i) => 1_000 - i));
    expect(due(2)).toEqual([all[999], all[998]]);
    let count = 2;
    for (let found = due(1_000); found.length > 0; found = due(1_000)) count += found.length;
    expect(count).toBe(1_000);
  });
});

interface Step {
  readonly kind: "arm" | "cancel" | "release" | "expire";
  readonly timer: number;
  readonly ms: number;
  readonly countMax: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"][]>("arm", "arm", "arm", "cancel", "release", "expire", "expire"),
  timer: fc.nat(9),
  ms: fc.integer({ min: 0, max: 50 }),
  countMax: fc.constantFrom(1, 3, 100),
});

/** Deadlines by timer: due means at or before now. */
class Deadlines {
  readonly byTimer = new Map<number, number>();
  nowMs = 0;

  apply({ kind, timer, ms, countMax }: Step): void {
    if (kind === "arm") {
      timers.arm(timer, this.nowMs + ms - 5);
      this.byTimer.set(timer, this.nowMs + ms - 5);
    } else if (kind === "cancel") {
      timers.cancel(timer);
      this.byTimer.delete(timer);
    } else if (kind === "release") {
      timers.release(timer);
      expect(timers.create()).toBe(timer);
      this.byTimer.delete(timer);
    } else this.#expire(ms, countMax);
  }

  #expire(ms: number, countMax: number): void {
    this.nowMs += ms / 10;
    const isDue = (timer: number) => this.byTimer.get(timer)! <= this.nowMs;
    const expected = [...this.byTimer.keys()].filter(isDue);
    const found = due(this.nowMs, countMax);
    expect(found.length).toBe(Math.min(expected.length, countMax));
    expect(new Set(found).size).toBe(found.length);
    for (const timer of found) {
      expect(expected).toContain(timer);
      this.byTimer.delete(timer);
    }
  }
}

describe("the queue does what a list of deadlines does", () => {
  it("over any arming, cancelling, releasing and looking: nobody early, nobody late, nobody twice (I19, D15)", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 150 }), (steps) => {
        timers = new TimerQueue();
        for (let i = 0; i < 10; i++) timers.create();
        const deadlines = new Deadlines();
        for (const step of steps) {
          deadlines.apply(step);
          // The loop sleeps until then: never past a deadline, and for ever only when there is none.
          const nextMs = Math.min(...deadlines.byTimer.values());
          expect(timers.nextDeadlineMs()).toBeLessThanOrEqual(nextMs);
        }
        deadlines.apply({ kind: "expire", timer: 0, ms: 10_000, countMax: 100 });
        expect([deadlines.byTimer.size, timers.nextDeadlineMs()]).toEqual([0, Infinity]);
      }),
      { numRuns: 500 },
    );
  });
});
