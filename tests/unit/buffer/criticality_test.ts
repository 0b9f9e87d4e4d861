/** Who must leave how many buffers: the table of criticality.ts, and what follows from it. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buffersToLeave,
  Criticality,
  CRITICALITY_COUNT,
  PRIORITY_RESERVE_DIVISOR,
  RESERVE_COUNT,
} from "../../../src/buffer/criticality.ts";

const { REQUEST_HEAD, REQUEST_BODY, RESPONSE, TRANSMIT } = Criticality;
const LEVELS = Object.values(Criticality);

describe("what must be left", () => {
  it.each([
    ["a new request", REQUEST_HEAD, 6 + 10, 6],
    ["more of a request", REQUEST_BODY, 4 + 10, 4],
    ["a response", RESPONSE, 10, 0],
    ["an answer of our own", TRANSMIT, 0, 0],
  ])("by %s: of a reserve of 6, and 10 for prio=high (rule B1, rule B3)", (_who, level, normal, high) => {
    expect(buffersToLeave(level, false, 6, 10)).toBe(normal);
    expect(buffersToLeave(level, true, 6, 10)).toBe(high);
  });

  it("is rounded up where it is a part of the reserve, so that a small reserve is not lost", () => {
    expect([1, 2, 3, 4, 5].map((reserve) => buffersToLeave(REQUEST_BODY, true, reserve, 0))).toEqual([
      1,
      2,
      2,
      3,
      4,
    ]);
  });

  it("is never more for the more critical, nor for the one with priority; requests never touch a reserve (rule B1, rule B3)", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (reserve, priority) => {
        for (const isHigh of [false, true]) {
          const left = LEVELS.map((level) => buffersToLeave(level, isHigh, reserve, priority));
          expect(left).toEqual([...left].sort((a, b) => b - a));
          expect(left[REQUEST_HEAD]).toBeGreaterThanOrEqual(reserve);
          expect(left[TRANSMIT]).toBe(0);
        }
        for (const level of LEVELS) {
          expect(buffersToLeave(level, true, reserve, priority))
            .toBeLessThanOrEqual(buffersToLeave(level, false, reserve, priority));
        }
      }),
    );
  });
});

describe("constants", () => {
  it("are four levels in order, and a reserve of what one unit of work may need at once (rule B2)", () => {
    expect(LEVELS).toEqual([0, 1, 2, 3]);
    expect(CRITICALITY_COUNT).toBe(LEVELS.length);
    // One received, one partly sent, and one of each beside them.
    expect(RESERVE_COUNT).toBe(4);
    expect(PRIORITY_RESERVE_DIVISOR).toBeGreaterThan(1);
  });
});
