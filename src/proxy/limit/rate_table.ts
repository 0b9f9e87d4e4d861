/**
 * One rate, kept for many keys at once: the generic cell rate algorithm (ITU-T I.371), a sliding window in one number a key.
 *
 *     interval = period / count                 what one event costs
 *     tat        when the key's account will be empty again ("theoretical arrival time"); in the past: it is empty
 *     admitted   while tat - now <= (burst - 1) * interval; then tat = max(tat, now) + interval
 *
 * So in any stretch of time w a key has at most w / interval + burst events, and one that keeps to the rate is never refused. A
 * refused event costs nothing: who hammers still gets the rate.
 *
 * The table has a fixed size: RATE_TABLE_WAYS places for each value of the key's low bits. An account that is empty is as good as none, and its
 * place is free. When all places of a key are taken, the emptiest account gives way: its key begins anew, with a whole burst, which
 * is counted. It takes more keys at once than the table has places, and errs on the side of letting in.
 *
 * A clock that steps back does not lock out: an account that is fuller than `burst` events can be is taken for empty.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";

/** The smallest table. */
export const RATE_TABLE_WAYS = 8;
/** Places of a table, 16 bytes each. */
const RATE_TABLE_ENTRIES = 65_536;
/** Rounding of many additions must not refuse what comes exactly at its time. */
const ROUNDING_MS = 1e-6;

export interface Rate {
  readonly count: number;
  readonly periodMs: number;
  /** Events at once; at least 1. */
  readonly burst: number;
}

/** See the module's text. */
export class RateTable {
  /** After a refusal: when the same event would be admitted. */
  waitMs = 0;
  /** Accounts that gave way. */
  evictions = 0;
  readonly #intervalMs: number;
  readonly #fullMs: number;
  readonly #bucketMask: number;
  readonly #tats: Float64Array;
  /** High and low of each key. */
  readonly #keys: Int32Array;

  /** @param entryCount A power of 2. */
  constructor(rate: Rate, entryCount = RATE_TABLE_ENTRIES) {
    assert(rate.count > 0 && rate.burst >= 1, "a rate lets something in");
    assert(
      entryCount >= RATE_TABLE_WAYS && (entryCount & (entryCount - 1)) === 0,
      "entryCount is a power of 2",
    );
    this.#intervalMs = rate.periodMs / rate.count;
    this.#fullMs = this.#intervalMs * rate.burst;
    this.#bucketMask = entryCount / RATE_TABLE_WAYS - 1;
    this.#tats = new Float64Array(entryCount);
    this.#keys = new Int32Array(entryCount * 2);
  }

  /** An event of a key: whether it is admitted. `nowMs` is above 0. */
  take(high: number, low: number, nowMs: number): boolean {
    const place = this.#find(high | 0, low | 0, nowMs);
    const keptMs = this.#tats[place]!;
    const tatMs = keptMs > nowMs + this.#fullMs + ROUNDING_MS ? nowMs : Math.max(nowMs, keptMs);
    const waitMs = tatMs + this.#intervalMs - this.#fullMs - nowMs;
    if (waitMs > ROUNDING_MS) {
      this.#tats[place] = tatMs;
      this.waitMs = waitMs;
      return false;
    }
    this.#tats[place] = tatMs + this.#intervalMs;
    return true;
  }

  /** Keys whose accounts are not empty. */
  count(nowMs: number): number {
    return this.#tats.reduce((count, tatMs) => tatMs > nowMs ? count + 1 : count, 0);
  }

  /** The key's place, or the emptiest one of its bucket, which it takes over. */
  #find(high: number, low: number, nowMs: number): number {
    const first = (low & this.#bucketMask) * RATE_TABLE_WAYS;
    let emptiest = first;
    for (let at = first; at < first + RATE_TABLE_WAYS; at++) {
      if (this.#keys[at * 2] === high && this.#keys[at * 2 + 1] === low) return at;
      if (this.#tats[at]! < this.#tats[emptiest]!) emptiest = at;
    }
    if (this.#tats[emptiest]! > nowMs) this.evictions++;
    this.#keys[emptiest * 2] = high;
    this.#keys[emptiest * 2 + 1] = low;
    this.#tats[emptiest] = 0;
    return emptiest;
  }
}
