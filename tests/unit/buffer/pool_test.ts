/** The buffer pool: which buffer is given, what is kept back, when slabs come and go; and a plain set beside it. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../../src/base/assert.ts";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { BUFFER_SIZE, BufferPool, NO_BUFFER } from "../../../src/buffer/pool.ts";

const { REQUEST_HEAD, REQUEST_BODY, RESPONSE, TRANSMIT } = Criticality;
/** Buffers of a whole slab. */
const PER_SLAB = 64;

function newPool(limitCount: number, reserveCount = 0, priorityReserveCount = 0): BufferPool {
  return new BufferPool({ limitCount, reserveCount, priorityReserveCount });
}

function take(pool: BufferPool, count = 1): number[] {
  return Array.from({ length: count }, () => pool.take(TRANSMIT, true));
}

/** How many can be taken at a level before the first refusal. */
function capacityAt(pool: BufferPool, criticality: number, isHigh: boolean): number {
  let count = 0;
  while (pool.take(criticality, isHigh) !== NO_BUFFER) count++;
  return count;
}

describe("which buffer", () => {
  it("is the lowest of the lowest slab, and the memory of each is its own", () => {
    const pool = newPool(200);
    const buffers = take(pool, 200);
    expect(buffers).toEqual(Array.from({ length: 200 }, (_, i) => i));
    const places = buffers.map((buffer) => [pool.slab(buffer), pool.offset(buffer)] as const);
    for (const [i, [slab, offset]] of places.entries()) {
      expect(offset + BUFFER_SIZE).toBeLessThanOrEqual(slab.bytes.length);
      slab.bytes.fill(i, offset, offset + BUFFER_SIZE);
    }
    for (const [i, [slab, offset]] of places.entries()) {
      expect([slab.bytes[offset], slab.bytes[offset + BUFFER_SIZE - 1]]).toEqual([i, i]);
    }
  });

  it("is one of a lower slab as soon as that has room, so that high slabs run empty", () => {
    const pool = newPool(3 * PER_SLAB);
    take(pool, 2 * PER_SLAB + 5);
    pool.give(PER_SLAB + 3);
    pool.give(7);
    pool.give(2 * PER_SLAB);
    expect(take(pool, 4)).toEqual([7, PER_SLAB + 3, 2 * PER_SLAB, 2 * PER_SLAB + 5]);
  });

  it("is the one that was used last: its memory is still warm", () => {
    const pool = newPool(PER_SLAB);
    take(pool, 10);
    for (const buffer of [2, 8, 5]) pool.give(buffer);
    expect(take(pool, 3)).toEqual([5, 8, 2]);
  });

  it("holds an HTTP/2 frame of the default size with its head", () => {
    expect(BUFFER_SIZE).toBeGreaterThanOrEqual(16_384 + 9);
  });
});

describe("slabs", () => {
  it("are made when needed, the last one no larger than the limit", () => {
    const pool = newPool(PER_SLAB + 10);
    expect(pool.allocatedBytes).toBe(0);
    take(pool);
    expect(pool.allocatedBytes).toBe(PER_SLAB * BUFFER_SIZE);
    take(pool, PER_SLAB);
    expect(pool.allocatedBytes).toBe((PER_SLAB + 10) * BUFFER_SIZE);
  });

  it("go when two trims in a row found them empty, not before", () => {
    const pool = newPool(2 * PER_SLAB);
    const buffers = take(pool, PER_SLAB + 1);
    for (const buffer of buffers) pool.give(buffer);
    expect([pool.trim(), pool.allocatedBytes]).toEqual([0, 2 * PER_SLAB * BUFFER_SIZE]);
    expect([pool.trim(), pool.allocatedBytes]).toEqual([2, 0]);
    expect(pool.trim()).toBe(0);
  });

  it("stay when a buffer of them is in use, or was at the trim before", () => {
    const pool = newPool(PER_SLAB);
    const [buffer] = take(pool);
    expect([pool.trim(), pool.trim(), pool.trim()]).toEqual([0, 0, 0]);
    pool.give(buffer);
    expect(pool.trim()).toBe(0);
    take(pool);
    expect(pool.trim()).toBe(0);
    pool.give(buffer);
    expect([pool.trim(), pool.trim()]).toEqual([0, 1]);
  });

  it("come back when they are needed again, and a hole below is filled first", () => {
    const pool = newPool(3 * PER_SLAB);
    const buffers = take(pool, 3 * PER_SLAB);
    for (const buffer of buffers) if (buffer < 2 * PER_SLAB) pool.give(buffer);
    pool.trim();
    expect(pool.trim()).toBe(2);
    expect(take(pool, 2)).toEqual([0, 1]);
    expect(take(pool, 2 * PER_SLAB - 2)).toEqual(buffers.slice(2, 2 * PER_SLAB));
    expect(pool.freeCount).toBe(0);
  });
});

describe("the ceiling and the reserves", () => {
  it.each<[string, number, boolean, number]>([
    ["a new request", REQUEST_HEAD, false, 40 - 6 - 4],
    ["a new request with priority", REQUEST_HEAD, true, 40 - 6],
    ["more of a request", REQUEST_BODY, false, 40 - 4 - 4],
    ["more of a request with priority", REQUEST_BODY, true, 40 - 4],
    ["a response", RESPONSE, false, 40 - 4],
    ["a response with priority", RESPONSE, true, 40],
    ["an answer of our own", TRANSMIT, false, 40],
  ])(
    "of 40, with 6 kept for responses and 4 for priority: %s may have so many (rule B3)",
    (_who, level, isHigh, count) => {
      const pool = newPool(40, 6, 4);
      expect(pool.canTake(level, isHigh)).toBe(true);
      expect(capacityAt(pool, level, isHigh)).toBe(count);
      expect([pool.inUse, pool.freeCount, pool.refused, pool.canTake(level, isHigh)])
        .toEqual([count, 40 - count, 1, false]);
    },
  );

  it("let the more critical go on where the less critical must stop (rule B3)", () => {
    const pool = newPool(20, 6, 3);
    expect(capacityAt(pool, REQUEST_HEAD, false)).toBe(11);
    expect(capacityAt(pool, REQUEST_BODY, false)).toBe(2);
    expect(capacityAt(pool, REQUEST_HEAD, true)).toBe(1);
    expect(capacityAt(pool, RESPONSE, false)).toBe(3);
    expect(capacityAt(pool, RESPONSE, true)).toBe(3);
    expect(pool.freeCount).toBe(0);
  });

  it("count what was promised to others as gone (rule B5)", () => {
    const pool = newPool(10, 2);
    expect([7, 8].map((promised) => pool.canTake(REQUEST_HEAD, false, promised))).toEqual([true, false]);
    expect(pool.take(TRANSMIT, true, 10)).toBe(NO_BUFFER);
    expect(pool.take(TRANSMIT, true, 9)).toBe(0);
  });

  it("lend spare ones only while there is plenty: more than a quarter and the reserves", () => {
    const pool = newPool(40, 6, 4);
    let count = 0;
    while (pool.takeSpare() !== NO_BUFFER) count++;
    expect([count, pool.freeCount, pool.refused]).toEqual([20, 10 + 6 + 4, 0]);
  });

  it("lend no spare one that was promised to a waiter (rule B5)", () => {
    const pool = newPool(40, 6, 4);
    expect([pool.takeSpare(20), pool.takeSpare(19)]).toEqual([NO_BUFFER, 0]);
  });

  it("remember the most that was ever in use", () => {
    const pool = newPool(10);
    for (const buffer of take(pool, 7)) pool.give(buffer);
    take(pool, 2);
    expect([pool.inUse, pool.inUseMax]).toEqual([2, 7]);
  });
});

describe("misuse of the pool is a bug of ours", () => {
  it.each<[string, (pool: BufferPool) => void, RegExp]>([
    ["give twice", (pool) => [pool.give(0), pool.give(0)], /buffer 0 is taken when given back/],
    ["give one that was never taken", (pool) => pool.give(1), /buffer 1 is taken when given back/],
    ["give none", (pool) => pool.give(NO_BUFFER), /buffer -1 is taken/],
    ["a pool too small", () => newPool(7), /a pool has at least 8 buffers/],
    ["reserves that leave nothing", () => newPool(8, 4, 4), /the reserves fit the pool/],
  ])("%s", (_what, misuse, message) => {
    const pool = newPool(8);
    take(pool);
    expect(() => misuse(pool)).toThrow(AssertionError);
    expect(() => misuse(pool)).toThrow(message);
  });
});

const LIMIT = 2 * PER_SLAB + 20;
const anyStep = fc.record({
  kind: fc.constantFrom("take", "take", "take", "give", "give", "trim"),
  index: fc.nat(),
  times: fc.integer({ min: 1, max: 40 }),
});

/** The slab with room that is lowest. */
function lowestSlab(taken: ReadonlySet<number>): number {
  for (let slab = 0;; slab++) {
    const size = Math.min(PER_SLAB, LIMIT - slab * PER_SLAB);
    const used = [...taken].filter((buffer) => Math.floor(buffer / PER_SLAB) === slab).length;
    if (used < size) return slab;
  }
}

describe("the pool does what a set of numbers does", () => {
  it("over any taking, giving and trimming: nobody's buffer twice, the lowest slab, all counts (I11)", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const pool = newPool(LIMIT);
        const taken = new Set<number>();
        for (const { kind, index, times } of steps) {
          for (let i = 0; i < times; i++) {
            if (kind === "give" && taken.size > 0) {
              const buffer = [...taken][index % taken.size];
              pool.give(buffer);
              taken.delete(buffer);
            } else if (kind === "take") {
              const slab = taken.size === LIMIT ? NO_BUFFER : lowestSlab(taken);
              const buffer = pool.take(TRANSMIT, false);
              expect(Math.floor(buffer / PER_SLAB)).toBe(slab);
              expect(taken.has(buffer)).toBe(false);
              if (buffer !== NO_BUFFER) taken.add(buffer);
            }
          }
          if (kind === "trim") pool.trim();
          expect([pool.inUse, pool.freeCount]).toEqual([taken.size, LIMIT - taken.size]);
          for (const buffer of taken) {
            expect(pool.slab(buffer).bytes.length).toBeGreaterThan(pool.offset(buffer));
          }
          expect(pool.allocatedBytes).toBeLessThanOrEqual(LIMIT * BUFFER_SIZE);
        }
      }),
      { numRuns: 50 },
    );
  });
});
