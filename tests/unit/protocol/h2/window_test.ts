/** Flow control windows at their limits. @module */
import { describe, expect, it } from "vitest";
import { growWindow, WINDOW_OVERFLOWN, windowCredit } from "../../../../src/protocol/h2/window.ts";

const MAX = 2 ** 31 - 1;

describe("a window", () => {
  it("grows up to 2^31-1, and not beyond", () => {
    expect(growWindow(0, MAX)).toBe(MAX);
    expect(growWindow(1, MAX)).toBe(WINDOW_OVERFLOWN);
    expect(growWindow(-1, MAX)).toBe(MAX - 1);
    expect(growWindow(MAX, 1)).toBe(WINDOW_OVERFLOWN);
  });

  it("may fall below 0 when the peer takes back what it gave", () => {
    expect(growWindow(10, -65_535)).toBe(-65_525);
    expect(growWindow(-MAX, 0)).toBe(-MAX);
  });

  it("is opened again when half of it is used up and was passed on", () => {
    expect(windowCredit(100, 100, 0)).toBe(0);
    expect(windowCredit(100, 51, 0)).toBe(0);
    expect(windowCredit(100, 50, 0)).toBe(50);
    expect(windowCredit(100, 0, 60)).toBe(0);
    expect(windowCredit(100, 0, 50)).toBe(50);
    expect(windowCredit(100, 0, 0)).toBe(100);
  });
});
