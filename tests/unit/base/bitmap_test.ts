/** The bitmap against a Set, over random operations. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bitmap } from "../../../src/base/bitmap.ts";

const CAPACITY = 100;

function membersOf(bitmap: Bitmap): number[] {
  return Array.from({ length: CAPACITY }, (_, member) => member).filter((member) => bitmap.has(member));
}

describe("Bitmap", () => {
  it("is empty at first", () => {
    expect(membersOf(new Bitmap(CAPACITY))).toEqual([]);
  });
  it("keeps the first and the last bit of a word apart from their neighbours", () => {
    const bitmap = new Bitmap(CAPACITY);
    for (const member of [0, 31, 32, 63, 99]) bitmap.set(member);
    expect(membersOf(bitmap)).toEqual([0, 31, 32, 63, 99]);
    bitmap.clear(31);
    bitmap.clear(32);
    expect(membersOf(bitmap)).toEqual([0, 63, 99]);
  });
  it("has room for a capacity that fills its last word, and for one more", () => {
    for (const capacity of [1, 32, 33, 64]) {
      const bitmap = new Bitmap(capacity);
      bitmap.set(capacity - 1);
      expect(bitmap.has(capacity - 1)).toBe(true);
    }
  });
  it("holds what a Set would hold, whatever is set, cleared and reset", () => {
    const member = fc.integer({ min: 0, max: CAPACITY - 1 });
    const operation = fc.oneof(
      { weight: 10, arbitrary: fc.tuple(fc.constant("set" as const), member) },
      { weight: 5, arbitrary: fc.tuple(fc.constant("clear" as const), member) },
      { weight: 1, arbitrary: fc.tuple(fc.constant("reset" as const), member) },
    );
    fc.assert(fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const bitmap = new Bitmap(CAPACITY);
      const model = new Set<number>();
      for (const [kind, id] of operations) {
        if (kind === "set") {
          bitmap.set(id);
          model.add(id);
        } else if (kind === "clear") {
          bitmap.clear(id);
          model.delete(id);
        } else {
          bitmap.reset();
          model.clear();
        }
        expect(bitmap.has(id)).toBe(model.has(id));
      }
      expect(membersOf(bitmap)).toEqual([...model].sort((a, b) => a - b));
    }));
  });
});
