/** The buffers of checks: few, and the first in line gets what is given back. @module */
import { describe, expect, it } from "vitest";
import type { CheckAnswer } from "../../../../src/proxy/health/check_answer.ts";
import { BUFFERS_MAX, CheckBuffers } from "../../../../src/proxy/health/check_buffers.ts";

/** Takers that note what they got. */
function takers(
  count: number,
): { readonly onBuffer: (answer: CheckAnswer) => void; got: CheckAnswer | null }[] {
  return Array.from({ length: count }, () => {
    const taker = {
      got: null as CheckAnswer | null,
      onBuffer: (answer: CheckAnswer) => void (taker.got = answer),
    };
    return taker;
  });
}

describe("check buffers", () => {
  it("are used again", () => {
    const buffers = new CheckBuffers();
    const [taker] = takers(1);
    const first = buffers.take(taker!)!;
    buffers.give(first);
    expect(buffers.take(taker!)).toBe(first);
  });

  it("are no more than the limit; who comes later waits in line, and may leave it", () => {
    const buffers = new CheckBuffers();
    const [first, ...others] = takers(4);
    const taken = Array.from({ length: BUFFERS_MAX }, () => buffers.take(first!)!);
    expect(new Set(taken).size).toBe(BUFFERS_MAX);
    for (const other of others) expect(buffers.take(other)).toBe(null);
    buffers.leave(others[0]!);
    buffers.give(taken[0]!);
    expect(others.map(({ got }) => got !== null)).toEqual([false, true, false]);
    buffers.give(taken[1]!);
    expect(others.map(({ got }) => got)).toEqual([null, taken[0], taken[1]]);
  });
});
