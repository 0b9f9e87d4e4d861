/**
 * CRC-32C (Castagnoli), as RFC 4960 appendix B computes it: the checksum of PROXY protocol headers.
 *
 * May import: nothing.
 *
 * @module
 */

/** Reversed 0x1edc6f41. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ POLYNOMIAL;
  return value;
});

/** Returns the checksum of `bytes` from `start` to `end`; `before` is that of what came before them, 0 when nothing did. */
export function crc32c(bytes: Uint8Array, start: number, end: number, before = 0): number {
  let value = ~before;
  for (let i = start; i < end; i++) value = TABLE[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
