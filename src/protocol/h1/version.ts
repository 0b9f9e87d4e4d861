/**
 * The version of an HTTP/1 start line: `HTTP/` DIGIT `.` DIGIT, case-sensitive (RFC 9112 section 2.3).
 *
 * Well-formed but other than 1.0 and 1.1 is a different error from malformed: the first is answered with 505.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { asciiBytes, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { ParseError } from "./parse_error.ts";

/** Bytes of a version: `HTTP/1.1`. */
export const VERSION_LENGTH = 8;

/** The version's text; a digit stands for any digit. */
const PATTERN = asciiBytes("HTTP/1.1");

/** Returns the index of the first byte in `bytes[from, limit)` that no version beginning at `start` has; `limit` when none. */
export function checkVersion(bytes: Uint8Array, start: number, from: number, limit: number): number {
  let at = from;
  while (at < limit) {
    const isDigitPlace = at - start === 5 || at - start === 7;
    if (isDigitPlace) {
      if ((OCTET_CLASS[bytes[at]] & OctetClass.DIGIT) === 0) break;
    } else if (bytes[at] !== PATTERN[at - start]) break;
    at++;
  }
  return at;
}

/** Returns the error of a well-formed version at `start`: `NONE` for 1.0 and 1.1. */
export function versionError(bytes: Uint8Array, start: number): number {
  const isOne = bytes[start + 5] === 0x31 && (bytes[start + 7] === 0x30 || bytes[start + 7] === 0x31);
  return isOne ? ParseError.NONE : ParseError.VERSION;
}
