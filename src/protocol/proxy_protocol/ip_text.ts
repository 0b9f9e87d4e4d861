/**
 * IP addresses of a version 1 header: text to bytes, strict, without allocation (RFC 4291 section 2.2; no leading zeros in IPv4).
 *
 * May import: nothing.
 *
 * @module
 */

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
const IPV6_BYTES = 16;

/** Writes the 4 bytes of the dotted address in `bytes` from `start` to `end` at `out[at]`; false when it is none. */
export function readIpv4(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  let from = start;
  for (let part = 0; part < 4; part++) {
    let to = from;
    while (to < end && bytes[to] !== DOT) to++;
    const value = readDecimal(bytes, from, to, 255);
    if (value < 0 || (to < end) !== (part < 3)) return false;
    out[at + part] = value;
    from = to + 1;
  }
  return true;
}

/** The 16 bytes of an IPv6 address, as {@linkcode readIpv4}; its last 4 bytes may be dotted. */
export function readIpv6(bytes: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
  let count = 0;
  let gapAt = -1;
  let from = start;
  if (end - start >= 2 && bytes[start] === COLON && bytes[start + 1] === COLON) {
    gapAt = 0;
    from = start + 2;
  }
  while (from < end) {
    let to = from;
    while (to < end && bytes[to] !== COLON) to++;
    if (to === end && hasDot(bytes, from, end)) {
      if (count + 4 > IPV6_BYTES || !readIpv4(bytes, from, end, out, count)) return false;
      count += 4;
      break;
    }
    const value = readHex(bytes, from, to);
    if (value < 0 || count + 2 > IPV6_BYTES) return false;
    out[count++] = value >> 8;
    out[count++] = value & 0xff;
    if (to === end) break;
    from = to + 1;
    if (from === end) return false;
    if (bytes[from] !== COLON) continue;
    if (gapAt >= 0) return false;
    gapAt = count;
    from++;
  }
  return gapAt < 0 ? count === IPV6_BYTES : fillGap(out, gapAt, count);
}

/** A whole number up to `max`, in decimal without leading zeros; -1 when there is none. */
export function readDecimal(bytes: Uint8Array, start: number, end: number, max: number): number {
  if (start === end || (end - start > 1 && bytes[start] === ZERO)) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > max) return -1;
  }
  return value;
}

/** One to four hexadecimal digits; -1 when there is something else. */
function readHex(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > 4) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = hexDigit(bytes[i]!);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function hasDot(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === DOT) return true;
  return false;
}

/** Moves what was written behind `::` to the end; false when `::` stands for nothing. */
function fillGap(out: Uint8Array, gapAt: number, count: number): boolean {
  if (count > IPV6_BYTES - 2) return false;
  out.copyWithin(gapAt + IPV6_BYTES - count, gapAt, count);
  out.fill(0, gapAt, gapAt + IPV6_BYTES - count);
  return true;
}
