/** Dates of persistence cookies: HAProxy's letters. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCookieDate, writeCookieDate } from "../../../../src/protocol/http/cookie_date.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, at = 0) => readCookieDate(bytes(text), at, text.length);

function written(seconds: number): string {
  const out = bytes("#######");
  expect(writeCookieDate(out, 1, seconds)).toBe(6);
  return new TextDecoder().decode(out);
}

describe("a date", () => {
  it.each([
    // 30 bits of steps of four seconds, most significant letter first.
    [0, "#AAAAA#"],
    [1, "#AAAAB#"],
    [4, "#AAAAB#"],
    [5, "#AAAAC#"],
    [63 * 4, "#AAAA/#"],
    [64 * 4, "#AAABA#"],
    [Date.UTC(2026, 10, 24, 1, 52, 8) / 1_000, "#awTty#"],
  ])("of second %i is %s", (seconds, text) => expect(written(seconds)).toBe(text));

  it("is never in the past, and not more than three seconds ahead", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4_294_967_290 }), (seconds) => {
      const date = read(written(seconds), 1);
      expect(date - seconds).toBeGreaterThanOrEqual(0);
      expect(date - seconds).toBeLessThanOrEqual(3);
    }));
  });

  it.each(["", "AAAA", "AAA.A", "AAAA|", "AAAA\x80", "AAAAA"])("is none in %j", (text) => {
    expect(read(text)).toBe(0);
  });
});
