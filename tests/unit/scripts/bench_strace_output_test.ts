/**
 * A summary that strace 6.1 printed, and what is read from it.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { describeCalls, parseStraceSummary } from "../../../scripts/bench/strace_output.ts";

const SUMMARY = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 43.85    0.000963         240         4           futex
 33.20    0.000729          81      1000           nanosleep
  4.83    0.000106          35       300           write
  1.46    0.000032          16         2         1 accept4
  0.96    0.000021          21         1         1 connect
------ ----------- ----------- --------- --------- ----------------
100.00    0.002196          51      1307         2 total
`;

describe("parseStraceSummary", () => {
  it("reads calls by name, with errors and without, and leaves out the sum", () => {
    expect(Object.fromEntries(parseStraceSummary(SUMMARY))).toEqual({
      futex: 4,
      nanosleep: 1_000,
      write: 300,
      accept4: 2,
      connect: 1,
    });
  });
  it("refuses a text without a call", () => {
    expect(() => parseStraceSummary("")).toThrow("counted nothing");
    expect(() => parseStraceSummary("strace: attach: Operation not permitted")).toThrow("not permitted");
  });
});

describe("describeCalls", () => {
  it("is per request, the most frequent first, without the rare", () => {
    expect(describeCalls(parseStraceSummary(SUMMARY), 200)).toBe("nanosleep 5.00, write 1.50, futex 0.02");
  });
});
