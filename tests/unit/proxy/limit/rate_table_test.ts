/** One rate for many keys. @module */
import { describe, expect, it } from "vitest";
import { type Rate, RateTable } from "../../../../src/proxy/limit/rate_table.ts";

const RATE: Rate = { count: 10, periodMs: 1_000, burst: 3 };

/** How many of `count` events at one time are admitted. */
function admitted(table: RateTable, key: number, nowMs: number, count = 20): number {
  return Array.from({ length: count }, () => table.take(key, key, nowMs)).filter((isAdmitted) => isAdmitted)
    .length;
}

describe("RateTable", () => {
  it("admits a burst at once, then one an interval", () => {
    const table = new RateTable(RATE);
    expect(admitted(table, 1, 5_000)).toBe(3);
    expect(table.waitMs).toBeCloseTo(100, 6);
    expect([admitted(table, 1, 5_099.9), admitted(table, 1, 5_100), admitted(table, 1, 5_350)]).toEqual([
      0,
      1,
      2,
    ]);
    expect(admitted(table, 1, 99_000)).toBe(3);
  });
  it("keeps keys apart, by both halves", () => {
    const table = new RateTable({ ...RATE, burst: 1 });
    expect([table.take(1, 2, 9), table.take(2, 2, 9), table.take(1, 3, 9), table.take(1, 2, 9)]).toEqual([
      ...[true, true, true, false],
    ]);
  });
  it("does not hold refused events against anyone", () => {
    const table = new RateTable({ ...RATE, burst: 1 });
    let count = 0;
    for (let nowMs = 1_000; nowMs < 11_000; nowMs++) if (table.take(7, 7, nowMs)) count++;
    expect(count).toBe(100);
  });
  it("says how long to wait", () => {
    const table = new RateTable({ count: 1, periodMs: 60_000, burst: 1 });
    expect([table.take(1, 1, 1_000), table.take(1, 1, 31_000), table.waitMs]).toEqual([true, false, 30_000]);
  });
  it("does not lock out when the clock steps back", () => {
    const table = new RateTable(RATE);
    expect(admitted(table, 1, 1_000_000)).toBe(3);
    expect([admitted(table, 1, 999_900), admitted(table, 1, 5_000), admitted(table, 1, 5_100)]).toEqual([
      3,
      3,
      1,
    ]);
  });
  it("gives the place of the emptiest account to a key that finds none, and counts it", () => {
    const table = new RateTable(RATE, 8);
    for (let key = 1; key <= 8; key++) {
      expect(admitted(table, key, 1_000, key === 5 ? 1 : 3)).toBeGreaterThan(0);
    }
    expect([table.evictions, table.count(1_000)]).toEqual([0, 8]);
    expect(admitted(table, 9, 1_000)).toBe(3);
    expect([table.evictions, table.count(1_000), admitted(table, 4, 1_000)]).toEqual([1, 8, 0]);
    // The first was a guest: it begins anew.
    expect(admitted(table, 5, 1_000)).toBe(3);
    expect([table.count(1_000), table.count(2_000)]).toEqual([8, 0]);
  });
  it("forgets nobody while there are empty accounts", () => {
    const table = new RateTable(RATE, 8);
    for (let key = 1; key <= 100; key++) admitted(table, key, key * 1_000);
    expect(table.evictions).toBe(0);
  });
});
