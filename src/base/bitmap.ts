/**
 * A fixed set of small numbers, one bit each.
 *
 * May import: nothing.
 *
 * @module
 */

/** Members are 0 to `capacity` - 1. */
export class Bitmap {
  readonly #words: Uint32Array;

  constructor(capacity: number) {
    this.#words = new Uint32Array((capacity + 31) >>> 5);
  }

  has(member: number): boolean {
    return (this.#words[member >>> 5] & (1 << (member & 31))) !== 0;
  }

  set(member: number): void {
    this.#words[member >>> 5] |= 1 << (member & 31);
  }

  clear(member: number): void {
    this.#words[member >>> 5] &= ~(1 << (member & 31));
  }

  /** Removes every member. */
  reset(): void {
    this.#words.fill(0);
  }
}
