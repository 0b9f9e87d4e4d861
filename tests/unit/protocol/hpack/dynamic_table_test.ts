/** The dynamic table against a list of texts: any insertions and sizes, around the ring's end many times. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DynamicTable } from "../../../../src/protocol/hpack/dynamic_table.ts";
import { bytesOf } from "../../../conformance/h1/replay.ts";
import { latin1Of } from "../../../support/h2/fields.ts";

const MAX_BYTES = 300;

/** What the RFC says, with an array. */
class Model {
  entries: [string, string][] = [];
  capacity = MAX_BYTES;

  get size(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    while (this.size > capacity) this.entries.pop();
  }

  insert(name: string, value: string): void {
    this.entries.unshift([name, value]);
    while (this.size > this.capacity && this.entries.length > 1) this.entries.pop();
    if (this.size > this.capacity) this.entries = [];
  }
}

function read(table: DynamicTable, index: number): [string, string] {
  const bytes = new Uint8Array(1000);
  table.copyName(index, bytes, 0);
  table.copyValue(index, bytes, 500);
  return [latin1Of(bytes, 0, table.nameLength(index)), latin1Of(bytes, 500, table.valueLength(index))];
}

describe("a dynamic table", () => {
  it("has at every time the entries and the size that the RFC says", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\xff"), maxLength: 120 });
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.record({ name: text, value: text }) },
      { weight: 1, arbitrary: fc.nat(MAX_BYTES) },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60, minLength: 10 }), (steps) => {
      const table = new DynamicTable(MAX_BYTES);
      const model = new Model();
      for (const action of steps) {
        if (typeof action === "number") {
          table.resize(action);
          model.resize(action);
        } else {
          const bytes = bytesOf(`?${action.name}${action.value}`);
          const { length } = action.name;
          table.insert(bytes, 1, length, 1 + length, action.value.length);
          model.insert(action.name, action.value);
        }
        expect(table.sizeBytes).toBe(model.size);
        expect(Array.from({ length: table.count }, (_, i) => read(table, i + 1))).toEqual(model.entries);
      }
    }));
  });

  it("knows entries by sequence numbers that stay, and compares without copying", () => {
    const table = new DynamicTable(MAX_BYTES);
    const bytes = bytesOf("name-1value");
    table.insert(bytes, 0, 6, 6, 5);
    const sequence = table.newest;
    expect(table.indexOf(sequence)).toBe(1);
    table.insert(bytes, 0, 4, 6, 5);
    expect(table.indexOf(sequence)).toBe(2);
    expect(table.isName(2, bytes, 0, 6)).toBe(true);
    expect(table.isName(2, bytes, 0, 4)).toBe(false);
    expect(table.isName(1, bytes, 0, 4)).toBe(true);
    expect(table.isValue(1, bytes, 6, 5)).toBe(true);
    expect(table.isValue(1, bytes, 5, 5)).toBe(false);
    table.resize(0);
    expect(table.indexOf(sequence)).toBeGreaterThan(table.count);
  });

  it("of no size takes nothing", () => {
    const table = new DynamicTable(0);
    expect(table.insert(bytesOf("ab"), 0, 1, 1, 1)).toBe(false);
    expect([table.count, table.sizeBytes]).toEqual([0, 0]);
  });
});
