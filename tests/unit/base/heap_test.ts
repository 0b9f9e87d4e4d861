/** The indexed heap against a plain Map of keys, over random inserts, updates, removals and pops. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { IndexedHeap } from "../../../src/base/heap.ts";

const anyKey = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(Infinity, -Infinity),
).map((key) => key + 0); // never -0, which Object.is tells from 0
const anyOperation = fc.record({
  kind: fc.constantFrom("insert", "insert", "insert", "update", "remove", "pop"),
  id: fc.integer({ min: 0, max: 200 }),
  key: anyKey,
});

/** Applies an operation to both where it is allowed; a pop is checked on the way. */
function apply(heap: IndexedHeap, model: Map<number, number>, kind: string, id: number, key: number): void {
  if (kind === "pop") {
    const smallest = model.size === 0 ? Infinity : Math.min(...model.values());
    const popped = heap.pop();
    expect(popped === -1).toBe(model.size === 0);
    if (popped !== -1) expect(model.get(popped)).toBe(smallest);
    model.delete(popped);
  } else if (model.has(id)) {
    if (kind === "update") heap.update(id, key);
    if (kind === "update") model.set(id, key);
    if (kind === "remove") heap.remove(id);
    if (kind === "remove") model.delete(id);
  } else if (kind === "insert") {
    heap.insert(id, key);
    model.set(id, key);
  }
}

function drain(heap: IndexedHeap): number[] {
  const ids: number[] = [];
  while (heap.size > 0) ids.push(heap.pop());
  return ids;
}

describe("IndexedHeap", () => {
  it("has nothing to give while it is empty", () => {
    const heap = new IndexedHeap();
    expect([heap.size, heap.peek(), heap.peekKey(), heap.pop(), heap.has(0), heap.has(1_000)])
      .toEqual([0, -1, Infinity, -1, false, false]);
  });
  it("gives its members by key, smallest first", () => {
    const heap = new IndexedHeap();
    for (const [id, key] of [[10, 3], [20, 1], [30, 2]] as const) heap.insert(id, key);
    expect([heap.peek(), heap.peekKey(), heap.key(10)]).toEqual([20, 1, 3]);
    expect(drain(heap)).toEqual([20, 30, 10]);
  });
  it("moves a member whose key is changed to its new place, forwards and backwards", () => {
    const heap = new IndexedHeap();
    for (let id = 0; id < 10; id++) heap.insert(id, id);
    heap.update(0, 8.5);
    heap.update(9, -1);
    expect(drain(heap)).toEqual([9, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
  });
  it("takes a member back after it was removed", () => {
    const heap = new IndexedHeap();
    heap.insert(5, 1);
    heap.remove(5);
    expect(heap.has(5)).toBe(false);
    heap.insert(5, 2);
    expect([heap.size, heap.peekKey()]).toEqual([1, 2]);
  });
  it("brings what takes a removed member's place forward, when that is where it belongs", () => {
    const heap = new IndexedHeap();
    for (const [id, key] of [0, 10, 1, 11, 12, 2, 3].entries()) heap.insert(id, key);
    heap.remove(3);
    expect(drain(heap)).toEqual([0, 2, 5, 6, 1, 4]);
  });
  it("grows for many members and for a member with a large number", () => {
    const heap = new IndexedHeap();
    const ids = Array.from({ length: 1_000 }, (_, id) => id);
    for (const id of ids) heap.insert(id, id);
    heap.insert(1_000_000, -1);
    expect(heap.size).toBe(1_001);
    expect(drain(heap)).toEqual([1_000_000, ...ids]);
    expect(heap.has(1_000_000)).toBe(false);
  });
  it("holds what a map of keys would hold, and pops its smallest", () => {
    fc.assert(
      fc.property(fc.array(anyOperation, { maxLength: 300 }), (operations) => {
        const heap = new IndexedHeap();
        const model = new Map<number, number>();
        for (const { kind, id, key } of operations) {
          apply(heap, model, kind, id, key);
          expect(heap.size).toBe(model.size);
          expect(heap.has(id)).toBe(model.has(id));
          if (model.has(id)) expect(heap.key(id)).toBe(model.get(id));
          expect(heap.peekKey()).toBe(Math.min(...model.values()));
        }
        const keys = [...model.values()].sort((a, b) => a - b);
        expect(drain(heap).map((id) => model.get(id))).toEqual(keys);
      }),
      { numRuns: 300 },
    );
  });
});

describe("misuse of a heap is a bug of ours", () => {
  const heap = new IndexedHeap();
  heap.insert(1, 1);
  it.each<[string, () => void, RegExp]>([
    ["insert twice", () => heap.insert(1, 2), /a member is not in the heap when inserted/],
    ["update a stranger", () => heap.update(2, 2), /a member is in the heap when updated/],
    ["remove a stranger", () => heap.remove(2), /a member is in the heap when removed/],
    ["remove a number never seen", () => heap.remove(9_999), /a member is in the heap when removed/],
  ])("%s", (_, misuse, message) => {
    expect(misuse).toThrow(AssertionError);
    expect(misuse).toThrow(message);
    expect([heap.size, heap.peek(), heap.peekKey()]).toEqual([1, 1, 1]);
  });
});
