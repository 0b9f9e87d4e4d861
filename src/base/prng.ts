/**
 * A small seeded generator: the same seed gives the same numbers, for balancing and for simulations. Not for secrets.
 *
 * splitmix32 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"), 32 bits of state.
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. */
export class Prng {
  #state: number;

  /** `seed` is any 32-bit integer. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns 0 to 2^32-1. */
  nextUint32(): number {
    // `| 0` keeps it a small integer of V8; `>>> 0` would box it.
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** Returns 0 to `limit` - 1; `limit` is 1 to 2^32. */
  nextBelow(limit: number): number {
    return Math.floor(this.nextFloat() * limit);
  }

  /** Returns at least 0 and less than 1. */
  nextFloat(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }

  /** Returns true with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.nextFloat() < probability;
  }
}
