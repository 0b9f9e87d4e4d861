/**
 * Connections open now, by the hash of their client's address: as many entries as there are addresses that have any.
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. */
export class SourceCounts {
  readonly #counts = new Map<number, number>();

  /** Counts one more, unless there are `countMax` already; returns whether it did. */
  add(high: number, low: number, countMax: number): boolean {
    const key = mapKey(high, low);
    const count = this.#counts.get(key) ?? 0;
    if (count >= countMax) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  remove(high: number, low: number): void {
    const key = mapKey(high, low);
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }

  /** Addresses that have connections. */
  get size(): number {
    return this.#counts.size;
  }
}

/** 53 bits of the 64: what a number holds. */
function mapKey(high: number, low: number): number {
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
