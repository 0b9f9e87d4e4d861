/**
 * Medians and ratios of the benchmark.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { median, pairwiseRatio, percentile, rotate, spreadOf } from "../../../scripts/bench/statistics.ts";

const measures = (...values: number[]) => values.map((value, round) => ({ round, value }));

describe("median", () => {
  it("is the middle one, or between the middle two", () => {
    expect(median([3, 1, 100])).toBe(3);
    expect(median([10, 2, 9, 1])).toBe(5.5);
    expect(median([7])).toBe(7);
  });
  it("sorts by number and leaves its input", () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });
  it("refuses no value", () => expect(() => median([])).toThrow("No median"));
});

describe("percentile", () => {
  const thousand = Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
  it("is the nearest rank, in any order", () => {
    expect([50, 99, 99.9, 100].map((percent) => percentile(thousand, percent))).toEqual([
      500,
      990,
      999,
      1_000,
    ]);
    expect(percentile([7], 99.9)).toBe(7);
    expect(percentile([9, 10, 100], 0)).toBe(9);
  });
  it("refuses no value", () => expect(() => percentile([], 50)).toThrow("No percentile"));
});

describe("spreadOf", () => {
  it("is median, least and most", () => expect(spreadOf([4, 2, 9])).toEqual({ median: 4, min: 2, max: 9 }));
  it("is null for nothing", () => expect(spreadOf([])).toBeNull());
});

describe("pairwiseRatio", () => {
  it("compares within a round, so that a slow round does not count", () => {
    // The machine was three times slower in the second round, for both.
    expect(pairwiseRatio(measures(20, 60, 22), measures(10, 30, 10))).toEqual({
      median: 2,
      min: 2,
      max: 2.2,
    });
  });
  it("leaves out rounds in which one is missing", () => {
    const other = [{ round: 2, value: 5 }];
    expect(pairwiseRatio(measures(1, 2, 20), other)).toEqual({ median: 4, min: 4, max: 4 });
    expect(pairwiseRatio(measures(1, 2), other)).toBeNull();
  });
  it("does not divide by zero", () => expect(pairwiseRatio(measures(1), measures(0))).toBeNull());
});

describe("rotate", () => {
  it("begins with the next one each round", () => {
    const rounds = [0, 1, 2, 3].map((round) => rotate(["a", "b", "c"], round).join(""));
    expect(rounds).toEqual(["abc", "bca", "cab", "abc"]);
  });
  it("takes an empty list", () => expect(rotate([], 3)).toEqual([]));
});
