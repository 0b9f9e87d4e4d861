/** Whether a client that is waited for keeps a pace. @module */
import { describe, expect, it } from "vitest";
import { NEVER_MS } from "../../../../src/event/task.ts";
import { Pace } from "../../../../src/proxy/limit/pace.ts";

const RATE = 100;

describe("Pace", () => {
  it("is nobody's who says nothing from the start", () => {
    const pace = new Pace();
    expect([pace.follow(true, 50, RATE, 1_000), pace.follow(true, 50, RATE, 99_000)]).toEqual([
      NEVER_MS,
      NEVER_MS,
    ]);
    expect(pace.isLate(1e9)).toBe(false);
  });
  it("begins with the first bytes, five seconds ahead; each byte moves it on", () => {
    const pace = new Pace();
    pace.follow(true, 50, RATE, 1_000);
    expect(pace.follow(true, 51, RATE, 2_000)).toBe(7_000);
    expect(pace.follow(true, 151, RATE, 4_000)).toBe(8_000);
    expect(pace.follow(true, 152, RATE, 5_000)).toBe(8_010);
    expect([pace.isLate(8_009), pace.isLate(8_010)]).toEqual([false, true]);
  });
  it("does not let a fast start be used up later", () => {
    const pace = new Pace();
    pace.follow(true, 0, RATE, 1_000);
    expect(pace.follow(true, 1_000_000, RATE, 2_000)).toBe(7_000);
  });
  it("stands still while the server is waited for", () => {
    const pace = new Pace();
    pace.follow(true, 0, RATE, 1_000);
    pace.follow(true, 1, RATE, 1_000);
    expect([pace.follow(false, 1, RATE, 3_000), pace.isLate(99_000)]).toEqual([NEVER_MS, false]);
    expect(pace.follow(true, 1, RATE, 9_000)).toBe(12_000);
    expect([pace.isLate(11_999), pace.isLate(12_000)]).toEqual([false, true]);
    // Moments without waiting earn nothing but their bytes.
    pace.follow(false, 101, RATE, 10_000);
    expect(pace.follow(true, 101, RATE, 10_000)).toBe(13_000);
  });
  it("begins anew with the next stream", () => {
    const pace = new Pace();
    pace.follow(true, 0, RATE, 1_000);
    pace.follow(true, 1, RATE, 1_000);
    pace.reset();
    expect([pace.isLate(99_000), pace.follow(true, 9, RATE, 2_000)]).toEqual([false, NEVER_MS]);
  });
  it("is never late for who keeps the rate, and is for who sends half of it", () => {
    for (const [share, isLate] of [[1, false], [0.5, true]] as const) {
      const pace = new Pace();
      let wasLate = false;
      for (let second = 1; second < 100; second++) {
        pace.follow(true, second * RATE * share, RATE, second * 1_000);
        wasLate ||= pace.isLate(second * 1_000 + 999);
      }
      expect(wasLate).toBe(isLate);
    }
  });
});
