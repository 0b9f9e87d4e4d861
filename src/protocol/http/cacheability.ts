/**
 * Whether a cache may keep an answer, as far as it must be known to keep cookies out of caches (RFC 9111 section 3, in HAProxy's reading).
 *
 *     method other than GET, HEAD, OPTIONS, TRACE            no, unless Cache-Control says public
 *     status other than 200 203 204 206 300 301 404 405      no, unless Cache-Control says public
 *            410 414 501
 *     Pragma: no-cache                                       no
 *     Cache-Control: private, no-cache, no-store,            no
 *            s-maxage=0, or max-age=0 without s-maxage
 *     neither max-age nor Expires nor ETag nor Last-Modified no: nothing to keep it by
 *
 * Allocates nothing.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { FieldName } from "./field_name.ts";
import { nextListElementEnd, skipListSeparators, trimElementEnd } from "./list.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "./message_head.ts";
import { Method } from "./method.ts";
import { asciiBytes, equalIgnoringCase } from "./octet.ts";

const METHODS: readonly number[] = [Method.GET, Method.HEAD, Method.OPTIONS, Method.TRACE];
const STATUSES: readonly number[] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];
const PRAGMA = asciiBytes("pragma");
const EXPIRES = asciiBytes("expires");
const LAST_MODIFIED = asciiBytes("last-modified");
const NO_CACHE = asciiBytes("no-cache");
const PUBLIC = asciiBytes("public");
const FORBIDDING: readonly Uint8Array[] = ["private", "no-cache", "no-store", "s-maxage=0"].map(asciiBytes);
const NO_AGE = asciiBytes("max-age=0");
const SHARED_AGE = asciiBytes("s-maxage");
const AGE = asciiBytes("max-age");

/** Of Cache-Control and others, while they are read. */
const Seen = { CACHEABLE: 1, NO_AGE: 2, FRESHNESS: 4, VALIDATOR: 8 } as const;

/** Whether the answer with this head to a request with this method could be kept. */
export function isCacheable(head: MessageHead, bytes: Uint8Array, base: number, methodId: number): boolean {
  let seen = METHODS.includes(methodId) && STATUSES.includes(head.status) ? Seen.CACHEABLE : 0;
  for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
    const id = head.fields[row + FieldPart.NAME_ID]!;
    if (id === FieldName.CACHE_CONTROL) seen = readControl(seen, head, bytes, base, row);
    else if (id === FieldName.ETAG) seen |= Seen.VALIDATOR;
    else if (id !== FieldName.OTHER) continue;
    else if (isNamed(head, bytes, base, row, PRAGMA)) {
      if (valueIs(head, bytes, base, row, NO_CACHE)) return false;
    } else if (isNamed(head, bytes, base, row, EXPIRES)) seen |= Seen.FRESHNESS;
    else if (isNamed(head, bytes, base, row, LAST_MODIFIED)) seen |= Seen.VALIDATOR;
  }
  return (seen & Seen.CACHEABLE) !== 0 && (seen & Seen.NO_AGE) === 0 &&
    (seen & (Seen.FRESHNESS | Seen.VALIDATOR)) !== 0;
}

function readControl(
  before: number,
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  row: number,
): number {
  let seen = before;
  const end = base + head.fields[row + FieldPart.VALUE_END]!;
  let at = skipListSeparators(bytes, base + head.fields[row + FieldPart.VALUE_START]!, end);
  while (at < end) {
    const elementEnd = nextListElementEnd(bytes, at, end);
    seen = readDirective(seen, bytes, at, trimElementEnd(bytes, at, elementEnd));
    at = skipListSeparators(bytes, elementEnd, end);
  }
  return seen;
}

function readDirective(seen: number, bytes: Uint8Array, start: number, end: number): number {
  if (isText(bytes, start, end, PUBLIC)) return seen | Seen.CACHEABLE;
  if (isText(bytes, start, end, NO_AGE)) return seen | Seen.NO_AGE;
  for (let i = 0; i < FORBIDDING.length; i++) {
    if (isText(bytes, start, end, FORBIDDING[i]!)) return seen & ~Seen.CACHEABLE;
  }
  if (begins(bytes, start, end, SHARED_AGE)) return (seen | Seen.FRESHNESS) & ~Seen.NO_AGE;
  return begins(bytes, start, end, AGE) ? seen | Seen.FRESHNESS : seen;
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return equalIgnoringCase(bytes, start, end, text, 0, text.length);
}

function begins(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start >= text.length && isText(bytes, start, start + text.length, text);
}

function isNamed(head: MessageHead, bytes: Uint8Array, base: number, row: number, name: Uint8Array): boolean {
  const start = base + head.fields[row + FieldPart.NAME_START]!;
  return isText(bytes, start, base + head.fields[row + FieldPart.NAME_END]!, name);
}

function valueIs(head: MessageHead, bytes: Uint8Array, base: number, row: number, text: Uint8Array): boolean {
  const start = base + head.fields[row + FieldPart.VALUE_START]!;
  return isText(bytes, start, base + head.fields[row + FieldPart.VALUE_END]!, text);
}
