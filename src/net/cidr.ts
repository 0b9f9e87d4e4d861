/**
 * Address ranges: does an address lie in `10.0.0.0/8`? (RFC 4632)
 *
 * May import: config.
 *
 * @module
 */
import type { Cidr } from "../config/model_limits.ts";

/** Whether an address of 4 or 16 bytes lies in one of the ranges; null (no IP address) lies in none. */
export function isInAny(address: readonly number[] | null, ranges: readonly Cidr[]): boolean {
  return address !== null && ranges.some((range) => isIn(address, range));
}

/** Whether an address of 4 or 16 bytes lies in the range. */
export function isIn(address: readonly number[], range: Cidr): boolean {
  if (address.length !== range.bytes.length) return false;
  for (let bit = 0; bit < range.prefixBits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (range.prefixBits - bit))) & 0xff;
    const index = bit >> 3;
    if ((address[index] & mask) !== (range.bytes[index] & mask)) return false;
  }
  return true;
}
