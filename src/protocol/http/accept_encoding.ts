/**
 * Accept-Encoding (RFC 9110 section 12.5.3): which codings a client takes, and how gladly.
 *
 *     field                        gzip    br      identity
 *     (none)                       no      no      yes
 *     gzip, br;q=0.5               1000    500     yes
 *     *                            1000    1000    1000
 *     identity, *;q=0              0       0       1000
 *     gzip;q=2                     no      no      yes        what is malformed is not there
 *
 * `x-gzip` is gzip (section 8.4.1.3). Qualities are thousandths.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { nextListElementEnd, skipListSeparators, trimElementEnd } from "./list.ts";
import { asciiBytes, equalIgnoringCase, Octet, OCTET_CLASS, OctetClass } from "./octet.ts";

/** Content codings that hadro knows. */
export const ContentCoding = { IDENTITY: 0, GZIP: 1, BR: 2, ZSTD: 3 } as const;
const CODING_COUNT = 4;

/** Their names as Content-Encoding says them; "" for identity. */
export const CODING_NAMES: readonly string[] = ["", "gzip", "br", "zstd"];

const TOKENS: readonly Uint8Array[] = ["identity", "gzip", "br", "zstd"].map(asciiBytes);
const X_GZIP = asciiBytes("x-gzip");
const NOT_SAID = -1;
const QUALITY_MAX = 1_000;

/** What the fields of one request say; reused for the next. */
export class AcceptEncoding {
  readonly #qualities = new Int16Array(CODING_COUNT);
  #anyQuality = NOT_SAID;

  /** Forgets: as if there were no field. */
  reset(): void {
    this.#qualities.fill(NOT_SAID);
    this.#anyQuality = NOT_SAID;
  }

  /** Takes the value of one field, `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let at = skipListSeparators(bytes, start, end);
    while (at < end) {
      const elementEnd = nextListElementEnd(bytes, at, end);
      this.#addElement(bytes, at, trimElementEnd(bytes, at, elementEnd));
      at = skipListSeparators(bytes, elementEnd, end);
    }
  }

  /** The quality of a coding, 0 to 1000; 0: not acceptable. */
  quality(coding: number): number {
    const said = this.#qualities[coding]!;
    if (said !== NOT_SAID) return said;
    return Math.max(0, this.#anyQuality);
  }

  /**
   * Returns the coding of `order` that the client likes best, the first of several that it likes as much; IDENTITY when it takes none of
   * them, or would rather have none.
   */
  choose(order: readonly number[]): number {
    let best: number = ContentCoding.IDENTITY;
    let bestQuality = 0;
    for (let i = 0; i < order.length; i++) {
      const quality = this.quality(order[i]!);
      if (quality > bestQuality) {
        best = order[i]!;
        bestQuality = quality;
      }
    }
    return this.#qualities[ContentCoding.IDENTITY]! > bestQuality ? ContentCoding.IDENTITY : best;
  }

  #addElement(bytes: Uint8Array, start: number, end: number): void {
    let nameEnd = start;
    while (nameEnd < end && (OCTET_CLASS[bytes[nameEnd]!]! & OctetClass.TCHAR) !== 0) nameEnd++;
    const quality = readQuality(bytes, nameEnd, end);
    if (quality < 0) return;
    if (nameEnd === start + 1 && bytes[start] === Octet.ASTERISK) {
      this.#anyQuality = quality;
      return;
    }
    const coding = equalIgnoringCase(bytes, start, nameEnd, X_GZIP, 0, X_GZIP.length)
      ? ContentCoding.GZIP
      : TOKENS.findIndex((token) => equalIgnoringCase(bytes, start, nameEnd, token, 0, token.length));
    if (coding >= 0) this.#qualities[coding] = quality;
  }
}

/** Reads what is behind the name: nothing, or `;q=` and a weight (section 12.4.2); -1 when it is something else. */
function readQuality(bytes: Uint8Array, start: number, end: number): number {
  let at = skipBlanks(bytes, start, end);
  if (at === end) return QUALITY_MAX;
  if (bytes[at] !== Octet.SEMICOLON) return -1;
  at = skipBlanks(bytes, at + 1, end);
  if (at + 3 > end || (bytes[at]! | 0x20) !== 0x71 || bytes[at + 1] !== 0x3d) return -1;
  return readWeight(bytes, at + 2, end);
}

/** `0.123`, `1.000` and shorter ones; -1 when it is none. */
function readWeight(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]! - 0x30;
  if (first !== 0 && first !== 1) return -1;
  if (start + 1 === end) return first * QUALITY_MAX;
  if (bytes[start + 1] !== Octet.DOT || end > start + 5) return -1;
  let weight = first * QUALITY_MAX;
  for (let at = start + 2, unit = 100; at < end; at++, unit /= 10) {
    if ((OCTET_CLASS[bytes[at]!]! & OctetClass.DIGIT) === 0) return -1;
    weight += (bytes[at]! - 0x30) * unit;
  }
  return weight <= QUALITY_MAX ? weight : -1;
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (OCTET_CLASS[bytes[at]!]! & OctetClass.BLANK) !== 0) at++;
  return at;
}
