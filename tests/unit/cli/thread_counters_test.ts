/** The counters of several threads as one: sums, greatest ones, and threads that do not answer. @module */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ThreadCounters } from "../../../src/cli/thread_counters.ts";

function open() {
  const printed: Record<string, number>[] = [];
  return { printed, counters: new ThreadCounters((sums) => printed.push(sums)) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the counters of all threads", () => {
  it("are printed when the last one has answered: sums, and the greatest of what is a maximum", () => {
    const { printed, counters } = open();
    expect(counters.begin([0, 2])).toBe(true);
    counters.add(0, { accepts: 1, turnLongestMs: 5, buffersInUseMax: 7 });
    expect(printed).toEqual([]);
    counters.add(2, { accepts: 2, turnLongestMs: 3, buffersInUseMax: 9 });
    expect(printed).toEqual([{ threads: 2, accepts: 3, turnLongestMs: 5, buffersInUseMax: 9 }]);
    vi.advanceTimersByTime(10_000);
    expect(printed.length).toBe(1);
  });

  it("are asked for once while an answer is on its way", () => {
    const { printed, counters } = open();
    counters.begin([0, 1]);
    counters.add(0, { accepts: 1 });
    expect(counters.begin([0, 1])).toBe(false);
    counters.add(1, { accepts: 1 });
    expect(printed).toEqual([{ threads: 2, accepts: 2 }]);
    expect(counters.begin([0])).toBe(true);
    counters.add(0, { accepts: 5 });
    expect(printed[1]).toEqual({ threads: 1, accepts: 5 });
  });

  it("are printed without those of a thread that does not answer in time, which then comes too late", () => {
    const { printed, counters } = open();
    counters.begin([0, 1]);
    counters.add(1, { accepts: 1 });
    vi.advanceTimersByTime(1_999);
    expect(printed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(printed).toEqual([{ threads: 1, accepts: 1 }]);
    counters.add(0, { accepts: 1 });
    counters.add(0, { accepts: 1 });
    expect(printed.length).toBe(1);
  });

  it("do not wait for a thread that ended; one that had answered already counts", () => {
    const { printed, counters } = open();
    counters.begin([0, 1, 2]);
    counters.add(0, { accepts: 1 });
    counters.forget(0);
    counters.forget(1);
    expect(printed).toEqual([]);
    counters.add(2, { accepts: 4 });
    expect(printed).toEqual([{ threads: 2, accepts: 5 }]);
    counters.forget(2);
    expect(printed.length).toBe(1);
  });

  it("are none when no thread runs", () => {
    const { printed, counters } = open();
    counters.begin([]);
    expect(printed).toEqual([{ threads: 0 }]);
  });

  it("are not printed any more once hadro ends", () => {
    const { printed, counters } = open();
    counters.begin([0]);
    counters.stop();
    vi.advanceTimersByTime(10_000);
    counters.add(0, {});
    expect(printed).toEqual([]);
  });
});
