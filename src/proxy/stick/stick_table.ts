/**
 * Which server a client had: a table of fixed size that all threads share (HAProxy: stick-table), open-addressed, without a lock.
 *
 *     cells    SEED (2)  | slot 0 | slot 1 | …                       32-bit integers in shared memory
 *     slot     HIGH LOW    the key, 64 bits
 *              VALUE       server (upper half; 0: the slot was never used) and a check of the key (lower half)
 *              EXPIRY      in ticks of 100 ms of the wall clock, which all threads share; it wraps
 *
 * A key may lie in any of WINDOW slots, from the one that its low bits name on. `store` takes, in this order: the slot that has the
 * key; one that has expired; one that was never used; the one that expires soonest, which gives way and is counted. Slots never
 * become unused again, so a look-up may stop at an unused one.
 *
 * Threads write the words of a slot one by one. VALUE comes last and holds a check of the key: a slot that two threads wrote at once
 * has a check that is not its key's (but for one time in 65,536), which is as good as none: a client is balanced once more. Nobody
 * waits, and a thread that dies in the middle leaves nothing locked. Another server for the same key is one word.
 *
 * Cost: 16 bytes a slot; a look-up reads one slot mostly, WINDOW at most.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";

/** Slots that a key may lie in. */
export const WINDOW = 16;
/** No server. */
export const NO_SERVER = 0;

const SEED_CELLS = 2;
const Part = { HIGH: 0, LOW: 1, VALUE: 2, EXPIRY: 3 } as const;
const CELLS_PER_SLOT = 4;
const TICK_MS = 100;

/** See the module's text. */
export class StickTable {
  /** Entries that gave way to others by this thread. */
  evictions = 0;
  readonly #cells: Int32Array;
  readonly #slotMask: number;
  readonly #expireTicks: number;

  /** @param cells {@linkcode StickTable.sharedBytes} long. */
  constructor(cells: Int32Array, expireMs: number) {
    const slotCount = (cells.length - SEED_CELLS) / CELLS_PER_SLOT;
    assert(slotCount >= WINDOW && (slotCount & (slotCount - 1)) === 0, "slots are a power of 2");
    this.#cells = cells;
    this.#slotMask = slotCount - 1;
    this.#expireTicks = Math.max(1, Math.ceil(expireMs / TICK_MS));
  }

  /** Bytes of a table with room for so many entries: a third of its slots is spare, so that hardly any gives way before. */
  static sharedBytes(entryCount: number): number {
    let slotCount = WINDOW;
    while (slotCount < entryCount * 1.5) slotCount *= 2;
    return (SEED_CELLS + slotCount * CELLS_PER_SLOT) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Sets what keys are hashed with, once, before anybody uses the table. */
  static seed(cells: Int32Array, low: number, high: number): void {
    cells[0] = low;
    cells[1] = high;
  }

  get seedLow(): number {
    return this.#cells[0]!;
  }

  get seedHigh(): number {
    return this.#cells[1]!;
  }

  get slotCount(): number {
    return this.#slotMask + 1;
  }

  /** Returns the server of a key, 1 to 65,535, which is not forgotten then for another while; NO_SERVER when there is none. */
  find(high: number, low: number, wallMs: number): number {
    const at = this.#findSlot(high, low);
    if (at < 0) return NO_SERVER;
    const cells = this.#cells;
    const ticks = ticksOf(wallMs);
    const expiry = Atomics.load(cells, at + Part.EXPIRY);
    if (((expiry - ticks) | 0) <= 0) return NO_SERVER;
    const server = Atomics.load(cells, at + Part.VALUE) >>> 16;
    const next = (ticks + this.#expireTicks) | 0;
    if (next !== expiry) Atomics.store(cells, at + Part.EXPIRY, next);
    return server;
  }

  /** Remembers the server of a key. */
  store(high: number, low: number, server: number, wallMs: number): void {
    const cells = this.#cells;
    const ticks = ticksOf(wallMs);
    const value = (server << 16) | checkOf(high, low);
    const known = this.#findSlot(high, low);
    const at = known >= 0 ? known : this.#chooseSlot(low, ticks);
    if (known < 0) {
      Atomics.store(cells, at + Part.HIGH, high);
      Atomics.store(cells, at + Part.LOW, low);
    }
    Atomics.store(cells, at + Part.EXPIRY, (ticks + this.#expireTicks) | 0);
    if (Atomics.load(cells, at + Part.VALUE) !== value) Atomics.store(cells, at + Part.VALUE, value);
  }

  /** Returns the place of the slot that has the key, expired or not; -1 when none has. */
  #findSlot(high: number, low: number): number {
    const cells = this.#cells;
    const check = checkOf(high, low);
    for (let i = 0; i < WINDOW; i++) {
      const at = this.#slotAt(low, i);
      const value = Atomics.load(cells, at + Part.VALUE);
      if (value === 0) return -1;
      if (
        (value & 0xffff) === check && Atomics.load(cells, at + Part.LOW) === low &&
        Atomics.load(cells, at + Part.HIGH) === high
      ) {
        return at;
      }
    }
    return -1;
  }

  /** Where a new key is to lie. */
  #chooseSlot(low: number, ticks: number): number {
    const cells = this.#cells;
    let soonest = -1;
    let leastTicks = 0;
    for (let i = 0; i < WINDOW; i++) {
      const at = this.#slotAt(low, i);
      if (Atomics.load(cells, at + Part.VALUE) === 0) return at;
      const leftTicks = (Atomics.load(cells, at + Part.EXPIRY) - ticks) | 0;
      if (leftTicks <= 0) return at;
      if (soonest >= 0 && leftTicks >= leastTicks) continue;
      soonest = at;
      leastTicks = leftTicks;
    }
    this.evictions++;
    return soonest;
  }

  #slotAt(low: number, step: number): number {
    return SEED_CELLS + ((low + step) & this.#slotMask) * CELLS_PER_SLOT;
  }
}

function ticksOf(wallMs: number): number {
  return Math.floor(wallMs / TICK_MS) | 0;
}

function checkOf(high: number, low: number): number {
  const mixed = high ^ Math.imul(low, 0x9e3779b1);
  return (mixed ^ (mixed >>> 16)) & 0xffff;
}
