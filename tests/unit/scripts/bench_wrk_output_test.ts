/**
 * Outputs that wrk 4.1.0 printed, and what is read from them.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { parseDurationUs, parseWrkOutput } from "../../../scripts/bench/wrk_output.ts";

const CLEAN = `Running 3s test @ http://127.0.0.1:18431/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.03ms    1.21ms  21.40ms   91.23%
    Req/Sec    34.20k     5.11k   45.10k    70.97%
  Latency Distribution
     50%  612.00us
     75%    1.13ms
     90%    2.51ms
     99%    5.96ms
  102434 requests in 3.00s, 6.74MB read
Requests/sec:  34120.55
Transfer/sec:      2.24MB
`;

const FAULTY = `Running 2s test @ http://127.0.0.1:18500/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   217.27us  307.36us   6.88ms   98.23%
    Req/Sec   145.51k    11.85k  154.33k    90.48%
  Latency Distribution
     50%  180.00us
     75%  199.00us
     90%  227.00us
     99%    1.19ms
  303948 requests in 2.10s, 11.30MB read
  Socket errors: connect 0, read 6203, write 0, timeout 0
  Non-2xx or 3xx responses: 43421
Requests/sec: 144733.70
Transfer/sec:      5.38MB
`;

const SILENT = `Running 2s test @ http://127.0.0.1:18500/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.00us    0.00us   0.00us    -nan%
    Req/Sec     0.00      0.00     0.00      -nan%
  Latency Distribution
     50%    0.00us
     75%    0.00us
     90%    0.00us
     99%    0.00us
  0 requests in 2.00s, 0.00B read
  Socket errors: connect 0, read 0, write 0, timeout 32
Requests/sec:      0.00
Transfer/sec:       0.00B
`;

describe("parseWrkOutput", () => {
  it("reads a clean run", () => {
    expect(parseWrkOutput(CLEAN)).toEqual({
      requests: 102_434,
      durationS: 3,
      requestsPerS: 34_120.55,
      p50Us: 612,
      p99Us: 5_960,
      faults: [],
    });
  });
  it("names what went wrong", () => {
    const result = parseWrkOutput(FAULTY);
    expect(result.faults).toEqual(["socket errors: read 6203", "43421 answers not 2xx or 3xx"]);
    expect(result.durationS).toBeCloseTo(2.1);
    expect(result.p99Us).toBeCloseTo(1_190);
  });
  it("takes a run without an answer for a fault, and its zero latency for none", () => {
    expect(parseWrkOutput(SILENT)).toMatchObject({
      requests: 0,
      p50Us: null,
      p99Us: null,
      faults: ["socket errors: timeout 32", "no request was answered"],
    });
  });
  it("does without percentiles", () => {
    const text = CLEAN.replace(/ {2}Latency Distribution\n( +\d+%.*\n)+/, "");
    expect(parseWrkOutput(text)).toMatchObject({ requests: 102_434, p50Us: null, p99Us: null });
  });
  it("throws the last line when there is no summary", () => {
    const text = "unable to connect to 127.0.0.1:18500 Connection refused\n";
    expect(() => parseWrkOutput(text)).toThrow(/no summary: unable to connect to .* refused$/);
    expect(() => parseWrkOutput("")).toThrow("no summary");
  });
});

describe("parseDurationUs", () => {
  it.each([["612.00us", 612], ["1.03ms", 1_030], ["2.10s", 2_100_000], ["1.50m", 90_000_000]])(
    "reads %s",
    (text, expected) => expect(parseDurationUs(text)).toBeCloseTo(expected),
  );
  it.each(["", "12", "ms", "1.2.3ms", "1 ms", "-1ms"])("refuses %j", (text) => {
    expect(() => parseDurationUs(text)).toThrow("Not a duration");
  });
});
