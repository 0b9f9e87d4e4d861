/**
 * Walking a comma-separated list inside a field value without allocation (RFC 9110 section 5.6.1).
 *
 *     let at = skipListSeparators(bytes, start, end);
 *     while (at < end) {
 *       const elementEnd = nextListElementEnd(bytes, at, end);
 *       // the element is bytes[at, trimElementEnd(bytes, at, elementEnd))
 *       at = skipListSeparators(bytes, elementEnd, end);
 *     }
 *
 * Empty elements are skipped, as the RFC asks of recipients. Quoted strings are not known here: for lists of tokens only.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { Octet, OCTET_CLASS, OctetClass } from "./octet.ts";

/** Returns the index of the first byte that is neither a comma nor white space, `end` when there is none. */
export function skipListSeparators(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === Octet.COMMA || isBlank(bytes[at]))) at++;
  return at;
}

/** Returns the index of the comma after the element at `start`, `end` when it is the last. */
export function nextListElementEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== Octet.COMMA) at++;
  return at;
}

/** Returns the end of an element without the white space before its comma. */
export function trimElementEnd(bytes: Uint8Array, start: number, elementEnd: number): number {
  let end = elementEnd;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return end;
}

function isBlank(octet: number): boolean {
  return (OCTET_CLASS[octet] & OctetClass.BLANK) !== 0;
}
