/**
 * From the value of a cookie to the servers that it stands for: a hash table over the servers' values, made once. Several servers may
 * have one value: they are given in the order of the configuration.
 *
 * May import: proxy.
 *
 * @module
 */
import { HASH_START, hashBytes, mix } from "../balance/hash_key.ts";

const NONE = -1;

/** See the module's text. Servers are known by their index. */
export class ServerCookies {
  /** Of each server; null: nothing stands for it. */
  readonly values: readonly (Uint8Array | null)[];
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;

  /** @param texts ASCII. */
  constructor(texts: readonly (string | null)[]) {
    const encoder = new TextEncoder();
    this.values = texts.map((text) => text === null ? null : encoder.encode(text));
    let bucketCount = 1;
    while (bucketCount < texts.length * 2) bucketCount *= 2;
    this.#mask = bucketCount - 1;
    this.#first = new Int32Array(bucketCount).fill(NONE);
    this.#next = new Int32Array(texts.length).fill(NONE);
    for (let index = texts.length - 1; index >= 0; index--) {
      const value = this.values[index]!;
      if (value === null) continue;
      const bucket = this.#bucketOf(value, 0, value.length);
      this.#next[index] = this.#first[bucket]!;
      this.#first[bucket] = index;
    }
  }

  /** Returns the first server after the one with index `after` (-1: of all) that `bytes[start, end)` stands for; -1 when none. */
  find(bytes: Uint8Array, start: number, end: number, after: number): number {
    let index = after === NONE ? this.#first[this.#bucketOf(bytes, start, end)]! : this.#next[after]!;
    while (index !== NONE && !isAt(this.values[index]!, bytes, start, end)) index = this.#next[index]!;
    return index;
  }

  #bucketOf(bytes: Uint8Array, start: number, end: number): number {
    return mix(hashBytes(HASH_START, bytes, start, end)) & this.#mask;
  }
}

function isAt(value: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== value.length) return false;
  for (let i = 0; i < value.length; i++) if (bytes[start + i] !== value[i]) return false;
  return true;
}
