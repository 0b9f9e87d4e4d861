/** Durations and sizes: what people write, and back again. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DURATION_MS_MAX,
  formatDurationMs,
  formatSizeBytes,
  parseDurationMs,
  parseSizeBytes,
  SIZE_BYTES_MAX,
  UnitError,
} from "../../../src/base/units.ts";

const NO_NUMBERS = [
  "",
  "s",
  "5x",
  "-1s",
  "+1s",
  "1.5s",
  "1 s",
  " 1s",
  "1s ",
  "1e3",
  "0x10",
  "1s1s",
  "1_000",
  "∞",
];

describe("parseDurationMs", () => {
  it.each([
    ["0", 0],
    ["0ms", 0],
    ["250", 250],
    ["250ms", 250],
    ["5s", 5_000],
    ["1m", 60_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["24d", DURATION_MS_MAX],
    ["007s", 7_000],
  ])("reads %s as %i ms", (text, valueMs) => expect(parseDurationMs(text)).toBe(valueMs));

  it.each([...NO_NUMBERS, "5S", "5us", "1k", "1234567890123456"])("refuses %j", (text) => {
    expect(() => parseDurationMs(text)).toThrow(
      new UnitError(`"${text}" is no duration; write 500ms, 5s, 1m, 2h or 1d`),
    );
  });
  it.each(["25d", "2073600001", "999999999999999d"])("refuses %s as too long for a timer", (text) => {
    expect(() => parseDurationMs(text)).toThrow(new UnitError(`"${text}" is too long; at most 24d`));
  });
  it("never gives more than a timer of the runtime holds", () => {
    expect(DURATION_MS_MAX).toBeLessThan(2 ** 31);
  });
});

describe("parseSizeBytes", () => {
  it.each([
    ["0", 0],
    ["100", 100],
    ["16k", 16_384],
    ["16K", 16_384],
    ["64m", 67_108_864],
    ["1g", 1_073_741_824],
    ["1G", 1_073_741_824],
    ["1024g", SIZE_BYTES_MAX],
  ])("reads %s as %i bytes", (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

  it.each([...NO_NUMBERS, "16kb", "16 k", "1t", "1s"])("refuses %j", (text) => {
    expect(() => parseSizeBytes(text)).toThrow(
      new UnitError(`"${text}" is no size; write 16k, 64m or 1g`),
    );
  });
  it.each(["1025g", "1099511627777", "999999999999999g"])("refuses %s as too large", (text) => {
    expect(() => parseSizeBytes(text)).toThrow(new UnitError(`"${text}" is too large; at most 1024g`));
  });
});

describe("writing units", () => {
  it.each([
    [0, "0ms"],
    [1, "1ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [1_500, "1500ms"],
    [90_000, "90s"],
    [
      60_000,
      "1m",
    ],
    [3_600_000, "1h"],
    [86_400_000, "1d"],
    [DURATION_MS_MAX, "24d"],
  ])("%i ms is %s", (valueMs, text) => {
    expect(formatDurationMs(valueMs)).toBe(text);
  });
  it.each([
    [0, "0"],
    [1, "1"],
    [1_023, "1023"],
    [1_024, "1k"],
    [16_448, "16448"],
    [65_536, "64k"],
    [
      1_048_576,
      "1m",
    ],
    [1_073_741_824, "1g"],
    [SIZE_BYTES_MAX, "1024g"],
  ])("%i bytes are %s", (bytes, text) => {
    expect(formatSizeBytes(bytes)).toBe(text);
  });
  it("gives every duration a text that reads back the same", () => {
    const anyDuration = fc.oneof(
      fc.integer({ min: 0, max: DURATION_MS_MAX }),
      fc.integer({ min: 0, max: 24 * 24 }).map((hours) => hours * 3_600_000),
      fc.integer({ min: 0, max: 9_999 }).map((seconds) => seconds * 1_000),
    );
    fc.assert(fc.property(anyDuration, (valueMs) => {
      expect(parseDurationMs(formatDurationMs(valueMs))).toBe(valueMs);
    }));
  });
  it("gives every size a text that reads back the same", () => {
    const anySize = fc.tuple(fc.integer({ min: 0, max: 1_024 }), fc.integer({ min: 0, max: 3 }));
    fc.assert(fc.property(anySize, ([count, power]) => {
      const bytes = count * 1_024 ** power;
      expect(parseSizeBytes(formatSizeBytes(bytes))).toBe(bytes);
    }));
  });
});
