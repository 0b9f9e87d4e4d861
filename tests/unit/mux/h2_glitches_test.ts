import { describe, expect, it } from "vitest";
import { Glitches } from "../../../src/mux/h2_glitches.ts";

describe("Glitches", () => {
  it("says when they are more than the limit", () => {
    const glitches = new Glitches(3);
    expect([1, 2, 3, 4].map(() => glitches.add(10))).toEqual([false, false, false, true]);
  });

  it("forgives one a second, and one for an answer; never below none", () => {
    const glitches = new Glitches(3);
    for (let i = 0; i < 3; i++) glitches.add(0);
    glitches.forgive();
    expect([glitches.count, glitches.add(0), glitches.add(1_000)]).toEqual([2, false, false]);
    expect([glitches.add(60_000), glitches.count]).toEqual([false, 1]);
    glitches.forgive();
    glitches.forgive();
    expect(glitches.count).toBe(0);
  });

  it("0: no limit", () => {
    const glitches = new Glitches(0);
    for (let i = 0; i < 1_000; i++) expect(glitches.add(0)).toBe(false);
  });
});
