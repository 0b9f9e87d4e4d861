/**
 * What a limit knows a client or a header's value by: 64 bits, keyed, so that nobody outside can choose values that collide.
 *
 * HalfSipHash-2-4 with 64 bits of output (Aumasson, Bernstein), on 32-bit integers. Two values with the same bits, one pair in 2^64,
 * would share their limit.
 *
 * May import: base.
 *
 * @module
 */
import { Prng } from "../../base/prng.ts";

/** See the module's text. */
export class KeyHash {
  /** The last result, two 32-bit integers. */
  high = 0;
  low = 0;
  readonly #keyLow: number;
  readonly #keyHigh: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor(keyLow: number, keyHigh: number) {
    this.#keyLow = keyLow | 0;
    this.#keyHigh = keyHigh | 0;
  }

  static ofSeed(seed: number): KeyHash {
    const prng = new Prng(seed);
    return new KeyHash(prng.nextUint32(), prng.nextUint32());
  }

  /** Hashes `bytes[start, end)` into `high` and `low`; allocates nothing. */
  hash(bytes: ArrayLike<number>, start: number, end: number): void {
    this.#v0 = this.#keyLow;
    this.#v1 = this.#keyHigh ^ 0xee;
    this.#v2 = this.#keyLow ^ 0x6c796765;
    this.#v3 = this.#keyHigh ^ 0x74656462;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      this.#take(bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24);
    }
    let rest = (end - start) << 24;
    for (let shift = 0; at < end; at++, shift += 8) rest |= bytes[at]! << shift;
    this.#take(rest);
    this.#v2 ^= 0xee;
    this.#mix(4);
    this.low = this.#v1 ^ this.#v3;
    this.#v1 ^= 0xdd;
    this.#mix(4);
    this.high = this.#v1 ^ this.#v3;
  }

  #take(word: number): void {
    this.#v3 ^= word;
    this.#mix(2);
    this.#v0 ^= word;
  }

  #mix(rounds: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    for (let i = 0; i < rounds; i++) {
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5 | v1 >>> 27) ^ v0;
      v0 = v0 << 16 | v0 >>> 16;
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8 | v3 >>> 24) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7 | v3 >>> 25) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13 | v1 >>> 19) ^ v2;
      v2 = v2 << 16 | v2 >>> 16;
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}
