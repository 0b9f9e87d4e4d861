/** The seeded generator: the same numbers for the same seed, spread evenly. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Prng } from "../../../src/base/prng.ts";

const anySeed = fc.integer({ min: 0, max: 0xffff_ffff });

function take(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.nextUint32());
}

describe("Prng", () => {
  it("gives the numbers that a seed in an old bug report gave", () => {
    expect(take(new Prng(0), 4)).toEqual([1_684_164_658, 3_653_269_916, 2_939_563_536, 2_141_751_570]);
    expect(take(new Prng(1), 4)).toEqual([1_580_013_426, 350_525_680, 3_524_174_333, 3_011_703_609]);
  });
  it("gives the same numbers for the same seed, and others for another", () => {
    fc.assert(fc.property(anySeed, anySeed, (seed, other) => {
      fc.pre(seed !== other);
      expect(take(new Prng(seed), 8)).toEqual(take(new Prng(seed), 8));
      expect(take(new Prng(seed), 8)).not.toEqual(take(new Prng(other), 8));
    }));
  });
  it("takes a negative seed as its 32 bits", () => {
    expect(take(new Prng(-1), 2)).toEqual(take(new Prng(0xffff_ffff), 2));
  });
  it("stays within 0 and limit - 1, for every limit up to 2^32", () => {
    fc.assert(fc.property(anySeed, fc.integer({ min: 1, max: 2 ** 32 }), (seed, limit) => {
      const prng = new Prng(seed);
      for (let i = 0; i < 20; i++) {
        const value = prng.nextBelow(limit);
        expect(Number.isInteger(value) && value >= 0 && value < limit).toBe(true);
      }
    }));
  });
  it("gives fractions of at least 0 and less than 1", () => {
    const prng = new Prng(3);
    const values = Array.from({ length: 1_000 }, () => prng.nextFloat());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(0.5, 1);
  });
  it("meets each of ten numbers about equally often", () => {
    const prng = new Prng(4);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[prng.nextBelow(10)]!++;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe("chance", () => {
  it("never happens at 0, always at 1, and about as often as told between", () => {
    const prng = new Prng(5);
    const hits = (probability: number) =>
      Array.from({ length: 2_000 }, () => prng.chance(probability)).filter((hit) => hit).length;
    expect([hits(0), hits(1)]).toEqual([0, 2_000]);
    expect(Math.abs(hits(0.25) - 500)).toBeLessThan(100);
  });
});
