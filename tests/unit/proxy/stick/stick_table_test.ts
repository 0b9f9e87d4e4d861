/** The stick table: what it remembers, for how long, and what gives way. tests/sim/stick_table_test.ts has it against a Map. @module */
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../../../src/base/assert.ts";
import { NO_SERVER, StickTable, WINDOW } from "../../../../src/proxy/stick/stick_table.ts";

const WALL_MS = Date.UTC(2026, 10, 24);
const EXPIRE_MS = 1_000;

function newTable(entryCount = 16): StickTable {
  return new StickTable(new Int32Array(StickTable.sharedBytes(entryCount) / 4), EXPIRE_MS);
}

describe("an entry", () => {
  it("is found until it was not used for so long", () => {
    const table = newTable();
    expect(table.find(1, 2, WALL_MS)).toBe(NO_SERVER);
    table.store(1, 2, 7, WALL_MS);
    expect(table.find(1, 2, WALL_MS + 999)).toBe(7);
    expect(table.find(1, 2, WALL_MS + 1_899)).toBe(7);
    expect(table.find(1, 2, WALL_MS + 2_800)).toBe(NO_SERVER);
    expect([table.find(2, 2, WALL_MS), table.find(1, 3, WALL_MS)]).toEqual([NO_SERVER, NO_SERVER]);
  });

  it("has the server that was stored last", () => {
    const table = newTable();
    for (const server of [1, 65_535, 40_000]) {
      table.store(-1, -2, server, WALL_MS);
      expect(table.find(-1, -2, WALL_MS)).toBe(server);
    }
    expect(table.find(-1, -2, WALL_MS + EXPIRE_MS)).toBe(NO_SERVER);
  });

  it("comes back in its own slot after it expired", () => {
    const table = newTable();
    table.store(1, 0, 1, WALL_MS);
    table.store(1, 0, 2, WALL_MS + 5_000);
    expect(table.find(1, 0, WALL_MS + 5_000)).toBe(2);
    for (let i = 2; i < WINDOW + 1; i++) table.store(i, 0, 1, WALL_MS + 5_000);
    expect(table.evictions).toBe(0);
  });
});

describe("a table", () => {
  it.each([[16, 32], [1_000, 2_048], [100 * 1_024, 262_144]])(
    "for %i entries has %i slots",
    (entries, slots) => {
      expect(newTable(entries).slotCount).toBe(slots);
    },
  );

  it("that is full where a key belongs lets the entry go that was used longest ago", () => {
    const table = newTable();
    for (let i = 0; i < WINDOW; i++) table.store(i, 0, i + 1, WALL_MS);
    expect(table.evictions).toBe(0);
    for (let i = 0; i < WINDOW; i++) if (i !== 5) table.find(i, 0, WALL_MS + 300);
    table.store(99, 0, 99, WALL_MS + 400);
    expect(table.evictions).toBe(1);
    expect(table.find(99, 0, WALL_MS + 400)).toBe(99);
    const left = Array.from({ length: WINDOW }, (_, i) => table.find(i, 0, WALL_MS + 400));
    expect(left.indexOf(NO_SERVER)).toBe(5);
    expect(left.filter((server) => server === NO_SERVER).length).toBe(1);
  });

  it("uses what has expired before it lets anything go", () => {
    const table = newTable();
    for (let i = 0; i < WINDOW; i++) table.store(i, 0, 1, WALL_MS + (i === 3 ? 0 : 500));
    table.store(99, 0, 2, WALL_MS + 1_200);
    expect([table.evictions, table.find(99, 0, WALL_MS + 1_200)]).toEqual([0, 2]);
    const left = Array.from({ length: WINDOW }, (_, key) => table.find(key, 0, WALL_MS + 1_200));
    expect(left).toEqual(left.map((_, key) => key === 3 ? NO_SERVER : 1));
  });

  it("wraps around at its end", () => {
    const table = newTable();
    for (let i = 0; i < 8; i++) table.store(i, table.slotCount - 2, i + 1, WALL_MS);
    for (let i = 0; i < 8; i++) expect(table.find(i, table.slotCount - 2, WALL_MS)).toBe(i + 1);
  });

  it("is shared by all that have its cells, seed and all", () => {
    const cells = new Int32Array(new SharedArrayBuffer(StickTable.sharedBytes(16)));
    StickTable.seed(cells, 11, -12);
    const [one, other] = [new StickTable(cells, EXPIRE_MS), new StickTable(cells, EXPIRE_MS)];
    one.store(1, 2, 3, WALL_MS);
    expect(other.find(1, 2, WALL_MS)).toBe(3);
    expect([other.seedLow, other.seedHigh]).toEqual([11, -12]);
  });

  it("of another size is none", () => {
    expect(() => new StickTable(new Int32Array(2 + 4 * 8), EXPIRE_MS)).toThrow(AssertionError);
    expect(() => new StickTable(new Int32Array(2 + 4 * 24), EXPIRE_MS)).toThrow(AssertionError);
  });
});
