/**
 * What the fields of a response say of its representation, as far as somebody who would change its coding must know (RFC 9110
 * section 7.7): media type, entity tag, lists that name something.
 *
 *     pattern           matches
 *     text/             every type that begins so (text/* as well)
 *     +json             every type that ends so: a structured syntax suffix (RFC 6839)
 *     application/json  that type
 *
 * May import: protocol/http.
 *
 * @module
 */

import { nextListElementEnd, skipListSeparators, trimElementEnd } from "./list.ts";
import { asciiBytes, equalIgnoringCase, Octet, OCTET_CLASS, OctetClass } from "./octet.ts";

const PLUS = 0x2b;
const EQUALS = 0x3d;

/** Patterns of media types, looked up in the bytes of a Content-Type. */
export class MediaTypes {
  readonly #patterns: readonly Uint8Array[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => asciiBytes(pattern.replace(/\/\*$/, "/")));
  }

  /** Whether the type in `bytes[start, end)`, parameters left out, matches a pattern. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    const typeEnd = mediaTypeEnd(bytes, start, end);
    for (let i = 0; i < this.#patterns.length; i++) {
      if (isMatch(bytes, start, typeEnd, this.#patterns[i]!)) return true;
    }
    return false;
  }
}

/** What an ETag is. */
export const EntityTag = { INVALID: 0, STRONG: 1, WEAK: 2 } as const;

/** Returns the {@linkcode EntityTag} of `bytes[start, end)` (RFC 9110 section 8.8.3). */
export function entityTagKind(bytes: Uint8Array, start: number, end: number): number {
  const isWeak = end - start >= 2 && bytes[start] === 0x57 && bytes[start + 1] === Octet.SLASH;
  const from = isWeak ? start + 2 : start;
  if (end - from < 2 || bytes[from] !== Octet.QUOTE || bytes[end - 1] !== Octet.QUOTE) {
    return EntityTag.INVALID;
  }
  for (let at = from + 1; at < end - 1; at++) {
    if (bytes[at] === Octet.QUOTE || bytes[at]! <= Octet.SP || bytes[at] === 0x7f) return EntityTag.INVALID;
  }
  return isWeak ? EntityTag.WEAK : EntityTag.STRONG;
}

/** Whether the list in `bytes[start, end)` has `name` (lower case) without case; an element's `=value` is left out. */
export function listHas(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  let at = skipListSeparators(bytes, start, end);
  while (at < end) {
    const elementEnd = nextListElementEnd(bytes, at, end);
    let nameEnd = at;
    while (nameEnd < elementEnd && bytes[nameEnd] !== EQUALS) nameEnd++;
    if (equalIgnoringCase(bytes, at, trimElementEnd(bytes, at, nameEnd), name, 0, name.length)) return true;
    at = skipListSeparators(bytes, elementEnd, end);
  }
  return false;
}

function isMatch(bytes: Uint8Array, start: number, end: number, pattern: Uint8Array): boolean {
  const { length } = pattern;
  if (end - start < length) return false;
  if (pattern[0] === PLUS) return equalIgnoringCase(bytes, end - length, end, pattern, 0, length);
  const stop = pattern[length - 1] === Octet.SLASH ? start + length : end;
  return equalIgnoringCase(bytes, start, stop, pattern, 0, length);
}

function mediaTypeEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (
    at < end && bytes[at] !== Octet.SEMICOLON && (OCTET_CLASS[bytes[at]!]! & OctetClass.BLANK) === 0
  ) at++;
  return at;
}
