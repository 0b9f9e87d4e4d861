/**
 * Texts of the traffic in log lines: whatever a peer sends, it cannot end a line, a quote or a field.
 *
 *     json       RFC 8259: quote, backslash and controls escaped; valid UTF-8 passes, any other byte becomes U+FFFD
 *     haproxy    #XX for bytes outside 32 to 126, and for # and " (HAProxy manual 8.6)
 *     combined   \xXX for bytes outside 32 to 126, and for \ and " (nginx)
 *     tty        as haproxy; controls never reach the terminal
 *
 * May import: base.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";

const HEX = new TextEncoder().encode("0123456789ABCDEF");
const REPLACEMENT = new TextEncoder().encode("\ufffd");
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HASH = 0x23;

/** Writes bytes as the inside of a JSON string. */
export function writeJson(out: ByteWriter, bytes: Uint8Array, start: number, count: number): void {
  const end = start + count;
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte >= 0x80) {
      const length = utf8Length(bytes, at, end);
      if (length === 0) {
        out.literal(REPLACEMENT);
        at++;
      } else {
        out.raw(bytes, at, length);
        at += length;
      }
      continue;
    }
    if (byte === QUOTE || byte === BACKSLASH) {
      out.byte(BACKSLASH);
      out.byte(byte);
    } else if (byte < 0x20 || byte === 0x7f) writeUnicodeEscape(out, byte);
    else out.byte(byte);
    at++;
  }
}

/** Writes bytes as HAProxy does between quotes. */
export function writeHashed(out: ByteWriter, bytes: Uint8Array, start: number, count: number): void {
  for (let i = start; i < start + count; i++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte > 0x7e || byte === HASH || byte === QUOTE) writeHex(out, HASH, byte);
    else out.byte(byte);
  }
}

/** Writes bytes as nginx does between quotes. */
export function writeBackslashed(out: ByteWriter, bytes: Uint8Array, start: number, count: number): void {
  for (let i = start; i < start + count; i++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH || byte === QUOTE) {
      out.byte(BACKSLASH);
      writeHex(out, 0x78, byte);
    } else out.byte(byte);
  }
}

function writeHex(out: ByteWriter, mark: number, byte: number): void {
  out.byte(mark);
  out.byte(HEX[byte >> 4]);
  out.byte(HEX[byte & 15]);
}

function writeUnicodeEscape(out: ByteWriter, byte: number): void {
  out.byte(BACKSLASH);
  out.byte(0x75);
  out.byte(0x30);
  out.byte(0x30);
  out.byte(HEX[byte >> 4]);
  out.byte(HEX[byte & 15]);
}

/** Length of the well-formed UTF-8 sequence at `at` (Unicode table 3-7); 0 when there is none. */
function utf8Length(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  const length = lead >= 0xc2 && lead <= 0xdf
    ? 2
    : lead >= 0xe0 && lead <= 0xef
    ? 3
    : lead >= 0xf0 && lead <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1];
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  return length;
}
