/**
 * The buffer pool: buffers of one size, cut from slabs that are allocated as needed and given back when long unused.
 *
 *     slab 0            slab 1            slab 2 …         BUFFERS_PER_SLAB buffers each, up to the limit
 *     [b0 b1 … b63]     [b64 … b127]      -                a buffer's number / 64 is its slab
 *
 * Allocation takes from the lowest slab that has room, so that the high ones run empty and can go. A slab that was empty
 * for two calls of {@linkcode BufferPool.trim} is dropped.
 *
 * BUFFER_SIZE is 16,384 + 64: an HTTP/2 frame of the default size with its 9-byte head fits one buffer.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Slab } from "../base/slab.ts";
import { buffersToLeave } from "./criticality.ts";

export const BUFFER_SIZE = 16_448;
const BUFFERS_PER_SLAB = 64;

/** No buffer: what {@linkcode BufferPool.take} returns when it may not give one. */
export const NO_BUFFER = -1;

export interface BufferPoolOptions {
  /** Buffers at most; at least 8. */
  readonly limitCount: number;
  /** Kept for what lets responses finish. */
  readonly reserveCount: number;
  /** Kept for prio=high; 0 when nothing has that priority. */
  readonly priorityReserveCount: number;
}

/** See the module's text. Buffers are numbers from 0 to limit - 1. */
export class BufferPool {
  readonly limitCount: number;
  readonly reserveCount: number;
  readonly priorityReserveCount: number;
  /** Buffers taken and not given back. */
  inUse = 0;
  /** The most that were ever in use at once. */
  inUseMax = 0;
  /** Allocations refused. */
  refused = 0;
  readonly #slabs: (Slab | null)[];
  /** Per slab: a stack of its free buffers (by number), and its height. */
  readonly #free: (Int32Array | null)[];
  readonly #freeCounts: Int32Array;
  /** Per slab: how many trims in a row found it empty. */
  readonly #idleTrims: Uint8Array;
  /** Lowest slab that may have room. */
  #lowest = 0;
  readonly #isTaken: Uint8Array;

  constructor(options: BufferPoolOptions) {
    assert(options.limitCount >= 8, "a pool has at least 8 buffers");
    assert(
      options.reserveCount + options.priorityReserveCount < options.limitCount,
      "the reserves fit the pool",
    );
    this.limitCount = options.limitCount;
    this.reserveCount = options.reserveCount;
    this.priorityReserveCount = options.priorityReserveCount;
    const slabCount = Math.ceil(options.limitCount / BUFFERS_PER_SLAB);
    this.#slabs = new Array<Slab | null>(slabCount).fill(null);
    this.#free = new Array<Int32Array | null>(slabCount).fill(null);
    this.#freeCounts = new Int32Array(slabCount);
    this.#idleTrims = new Uint8Array(slabCount);
    this.#isTaken = new Uint8Array(options.limitCount);
  }

  get freeCount(): number {
    return this.limitCount - this.inUse;
  }

  /** Bytes of the slabs that exist. */
  get allocatedBytes(): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab?.bytes.length ?? 0), 0);
  }

  /** Whether an allocation at this level would be granted, with `promisedCount` buffers already promised to others. */
  canTake(criticality: number, isHigh: boolean, promisedCount = 0): boolean {
    const leave = buffersToLeave(criticality, isHigh, this.reserveCount, this.priorityReserveCount);
    return this.freeCount - promisedCount > leave;
  }

  /** Takes a buffer at a level of criticality.ts; NO_BUFFER when that would touch what is kept for others. */
  take(criticality: number, isHigh: boolean, promisedCount = 0): number {
    if (!this.canTake(criticality, isHigh, promisedCount)) {
      this.refused++;
      return NO_BUFFER;
    }
    return this.#pop();
  }

  /** Takes a buffer while the pool has plenty beside what is promised: for what can be done, more slowly, without one. */
  takeSpare(promisedCount = 0): number {
    return this.hasPlenty(promisedCount) ? this.#pop() : NO_BUFFER;
  }

  /** Whether more than a quarter is free beside what is promised and kept. */
  hasPlenty(promisedCount = 0): boolean {
    return this.freeCount - promisedCount >
      (this.limitCount >> 2) + this.reserveCount + this.priorityReserveCount;
  }

  /** Gives a buffer back. Callers that share the pool with waiters go through `BufferWait.release`. */
  give(buffer: number): void {
    assert(this.#isTaken[buffer] === 1, `buffer ${buffer} is taken when given back`);
    this.#isTaken[buffer] = 0;
    const slab = Math.floor(buffer / BUFFERS_PER_SLAB);
    this.#free[slab]![this.#freeCounts[slab]!++] = buffer;
    if (slab < this.#lowest) this.#lowest = slab;
    this.inUse--;
  }

  /** The memory that holds a buffer. */
  slab(buffer: number): Slab {
    return this.#slabs[Math.floor(buffer / BUFFERS_PER_SLAB)]!;
  }

  /** Where a buffer begins in its slab. */
  offset(buffer: number): number {
    return (buffer % BUFFERS_PER_SLAB) * BUFFER_SIZE;
  }

  /** Drops slabs that were empty at the last two calls; call it now and then. Returns how many went. */
  trim(): number {
    let dropped = 0;
    for (let i = 0; i < this.#slabs.length; i++) {
      if (this.#slabs[i] === null) continue;
      if (this.#freeCounts[i] !== this.#slabSize(i)) {
        this.#idleTrims[i] = 0;
      } else if (++this.#idleTrims[i]! >= 2) {
        this.#slabs[i] = this.#free[i] = null;
        this.#freeCounts[i] = 0;
        this.#idleTrims[i] = 0;
        dropped++;
      }
    }
    return dropped;
  }

  #pop(): number {
    let slab = this.#lowest;
    while (this.#slabs[slab] !== null && this.#freeCounts[slab] === 0) slab++;
    if (this.#slabs[slab] === null) this.#allocate(slab);
    this.#lowest = slab;
    const buffer = this.#free[slab]![--this.#freeCounts[slab]!]!;
    this.#isTaken[buffer] = 1;
    if (++this.inUse > this.inUseMax) this.inUseMax = this.inUse;
    return buffer;
  }

  #allocate(slab: number): void {
    const size = this.#slabSize(slab);
    this.#slabs[slab] = new Slab(size * BUFFER_SIZE, BUFFER_SIZE);
    const free = new Int32Array(size);
    for (let i = 0; i < size; i++) free[i] = slab * BUFFERS_PER_SLAB + size - 1 - i;
    this.#free[slab] = free;
    this.#freeCounts[slab] = size;
    this.#idleTrims[slab] = 0;
  }

  #slabSize(slab: number): number {
    return Math.min(BUFFERS_PER_SLAB, this.limitCount - slab * BUFFERS_PER_SLAB);
  }
}
