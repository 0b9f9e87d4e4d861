/**
 * Keys: what a request or a client is hashed to, 30 bits, so that V8 never boxes one.
 *
 *     key = keyOf(hashText(…))      FNV-1a over the bytes where they lie, then MurmurHash3's last mixing: every bit counts
 *
 * There is no seed: the same bytes give the same key in every thread and in every hadro. Who knows that can make keys that fall
 * on one server; hash-balance-factor bounds what that does.
 *
 * May import: nothing.
 *
 * @module
 */

/** There is nothing to hash. */
export const NO_KEY = -1;

/** What a hash begins with: FNV-1a's offset basis. */
export const HASH_START = 0x811c9dc5 | 0;

/** Returns the hash with one more byte. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** Returns the hash with `bytes[start, end)` behind it. */
export function hashBytes(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let next = hash;
  for (let i = start; i < end; i++) next = Math.imul(next ^ bytes[i]!, 0x01000193);
  return next;
}

/** Returns the hash of a text, two bytes a character. */
export function hashText(text: string): number {
  let hash = HASH_START;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    hash = hashByte(hashByte(hash, code & 0xff), code >>> 8);
  }
  return hash;
}

/** Returns the key of a hash: 0 to 2^30-1. */
export function keyOf(hash: number): number {
  return mix(hash) >>> 2;
}

/** A change of any bit changes half of the others (MurmurHash3's fmix32). Returns 32 bits with sign. */
export function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}
