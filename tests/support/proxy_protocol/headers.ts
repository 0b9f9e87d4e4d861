/**
 * PROXY protocol headers written by hand, independent of hadro's own writer.
 *
 * @module
 */

/** Text as bytes of latin1. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Bytes as text of latin1. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

export const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** What stands behind the signature, without length: `21 11` is PROXY, TCP over IPv4. */
export function binary(commandAndFamily: number, payload: string, lengthBytes = payload.length): string {
  const head = [commandAndFamily >> 8, commandAndFamily & 255, lengthBytes >> 8, lengthBytes & 255];
  return `${SIGNATURE}${String.fromCharCode(...head)}${payload}`;
}

/** Two bytes of a port or a length. */
export function uint16(value: number): string {
  return String.fromCharCode(value >> 8, value & 255);
}

export function tlv(type: number, value: string): string {
  return `${String.fromCharCode(type)}${uint16(value.length)}${value}`;
}

/** 192.0.2.1:56324 to 198.51.100.7:443. */
export const IPV4_ADDRESSES = `\xc0\x00\x02\x01\xc6\x33\x64\x07${uint16(56_324)}${uint16(443)}`;
/** [2001:db8::1]:56324 to [2001:db8::2:7]:443. */
export const IPV6_ADDRESSES = `\x20\x01\x0d\xb8${"\0".repeat(11)}\x01\x20\x01\x0d\xb8${
  "\0".repeat(9)
}\x02\x00\x07${uint16(56_324)}${uint16(443)}`;

export const TEXT_IPV4 = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
export const TEXT_IPV6 = "PROXY TCP6 2001:db8::1 2001:db8::2:7 56324 443\r\n";
export const BINARY_IPV4 = binary(0x2111, IPV4_ADDRESSES);
export const BINARY_IPV6 = binary(0x2121, IPV6_ADDRESSES);
/** Clients of a unix socket: two paths of 108 bytes. */
export const BINARY_UNIX = binary(0x2131, "/run/a".padEnd(108, "\0") + "/run/b".padEnd(108, "\0"));
export const BINARY_LOCAL = binary(0x2000, "");
