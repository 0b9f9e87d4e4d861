/**
 * HPACK's integers (RFC 7541 section 5.1): a prefix of 1 to 8 bits, then seven bits a byte, the lowest first.
 *
 * An integer is read as one number, value and length packed, so that nothing is allocated:
 *
 *     packed = value * 8 + length          value 0 to 2^27-1, length 1 to 5 bytes
 *     packed < 0                           TRUNCATED, TOO_LARGE
 *
 * Larger values mean nothing here (no string, index or table is that large), and longer encodings are refused, as the RFC asks.
 *
 * May import: nothing.
 *
 * @module
 */

/** Failures of {@linkcode readInteger}. */
export const IntegerFailure = { TRUNCATED: -1, TOO_LARGE: -2 } as const;

/** The largest value that is read or written. */
export const MAX_INTEGER = 0x7ff_ffff;
/** Bytes of the longest integer that is read or written. */
export const MAX_INTEGER_LENGTH = 5;

/** Reads the integer whose prefix is the low `prefixBits` bits of `bytes[at]`. Returns it packed, or an {@linkcode IntegerFailure}. */
export function readInteger(bytes: Uint8Array, at: number, end: number, prefixBits: number): number {
  if (at >= end) return IntegerFailure.TRUNCATED;
  const mask = (1 << prefixBits) - 1;
  const prefix = bytes[at] & mask;
  if (prefix !== mask) return prefix << 3 | 1;
  let value = mask;
  for (let i = 1; i < MAX_INTEGER_LENGTH; i++) {
    if (at + i >= end) return IntegerFailure.TRUNCATED;
    const octet = bytes[at + i];
    value += (octet & 0x7f) << (7 * (i - 1));
    if (octet < 0x80) return value > MAX_INTEGER ? IntegerFailure.TOO_LARGE : value << 3 | (i + 1);
  }
  return IntegerFailure.TOO_LARGE;
}

/** Returns the value of a packed integer. */
export function integerValue(packed: number): number {
  return packed >>> 3;
}

/** Returns the length of a packed integer, in bytes. */
export function integerLength(packed: number): number {
  return packed & 7;
}

/** Writes `value`, 0 to {@linkcode MAX_INTEGER}, at `at`; `pattern` is what stands before the prefix. Returns the next index. */
export function writeInteger(
  into: Uint8Array,
  at: number,
  pattern: number,
  prefixBits: number,
  value: number,
): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    into[at] = pattern | value;
    return at + 1;
  }
  into[at] = pattern | mask;
  let next = at + 1;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) into[next++] = rest & 0x7f | 0x80;
  into[next] = rest;
  return next + 1;
}
