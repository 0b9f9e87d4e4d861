/**
 * IP addresses as text and as bytes (RFC 4291, RFC 5952).
 *
 * A v4-mapped IPv6 address (`::ffff:10.0.0.1`), as dual-stack listeners see IPv4 clients, is shown and matched as IPv4.
 *
 * May import: nothing.
 *
 * @module
 */

const MAPPED_PREFIX = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Returns an IP literal as people know it: lower case, v4-mapped as IPv4. It has no brackets. */
export function canonicalHost(host: string): string {
  const mapped = MAPPED_PREFIX.exec(host);
  return mapped === null ? host.toLowerCase() : mapped[1];
}

/** Returns 4 or 16 bytes; null when `text` is no IP literal. A v4-mapped address gives 4. */
export function addressBytes(text: string): number[] | null {
  return text.includes(":") ? ipv6Bytes(text) : ipv4Bytes(text);
}

/** Whether `text` is an IP literal, without brackets. */
export function isIpLiteral(text: string): boolean {
  return addressBytes(text) !== null;
}

/**
 * Returns the text of the 4 or 16 bytes at `offset`: dotted, or as RFC 5952 writes IPv6 (lower case, the longest run of two
 * or more zero groups as `::`). A v4-mapped address is written as IPv4.
 */
export function formatAddressBytes(bytes: Uint8Array, offset: number, sizeBytes: 4 | 16): string {
  if (sizeBytes === 4) return bytes.subarray(offset, offset + 4).join(".");
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(bytes[offset + i * 2]! << 8 | bytes[offset + i * 2 + 1]!);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return bytes.subarray(offset + 12, offset + 16).join(".");
  let runAt = 0;
  let runLength = 0;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > runLength) [runAt, runLength] = [at, end - at];
  }
  const text = (from: number, to: number) =>
    groups.slice(from, to).map((group) => group.toString(16)).join(":");
  return runLength < 2 ? text(0, 8) : `${text(0, runAt)}::${text(runAt + runLength, 8)}`;
}

function ipv4Bytes(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => /^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function ipv6Bytes(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupBytes(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? groupBytes(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  const bytes = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

/** Bytes of `a:b:c`, the last group possibly an IPv4 address; null when malformed. */
function groupBytes(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
      continue;
    }
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? ipv4Bytes(group) : null;
    if (ipv4 === null) return null;
    bytes.push(...ipv4);
  }
  return bytes;
}
