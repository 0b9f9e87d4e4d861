/**
 * The client's connection preface (RFC 9113 section 3.4): 24 bytes that no HTTP/1 server takes for a request.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { asciiBytes } from "../http/octet.ts";

/** The preface. Never written after load. */
export const PREFACE: Uint8Array = asciiBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** What {@linkcode matchPreface} says. */
export const PrefaceMatch = { NO: -1, PARTLY: 0, WHOLE: 1 } as const;

/** Says whether `bytes[start, end)` begins with the preface, with a part of it as far as it goes, or with something else. */
export function matchPreface(bytes: Uint8Array, start: number, end: number): number {
  const length = Math.min(end - start, PREFACE.length);
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== PREFACE[i]) return PrefaceMatch.NO;
  }
  return length === PREFACE.length ? PrefaceMatch.WHOLE : PrefaceMatch.PARTLY;
}
