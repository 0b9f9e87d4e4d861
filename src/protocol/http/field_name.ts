/**
 * Small integer ids for the field names that hadro knows, and the look-up from bytes to id.
 *
 * Names sit in buckets by length and first letter; a bucket is a chain of one to three candidates, so a look-up reads the name
 * once and mostly fails on its length or first letter. Names compare without case (RFC 9110 section 5.1).
 *
 * Three facts per id, as bits:
 *
 *     HOP_BY_HOP    dropped when a message is forwarded                        RFC 9110 section 7.6.1
 *     NO_TRAILER    must not stand in a trailer section                        RFC 9110 section 6.5.1
 *     (none)        end-to-end: kept, even when Connection lists the name
 *
 * May import: protocol/http.
 *
 * @module
 */

import { asciiBytes, LOWER_CASE } from "./octet.ts";

/** Ids of field names. `OTHER` is every name not listed; `X_FORWARDED_OTHER` any other name that begins `x-forwarded-`. */
export const FieldName = {
  OTHER: 0,
  HOST: 1,
  CONNECTION: 2,
  KEEP_ALIVE: 3,
  PROXY_CONNECTION: 4,
  TE: 5,
  TRAILER: 6,
  TRANSFER_ENCODING: 7,
  CONTENT_LENGTH: 8,
  UPGRADE: 9,
  EXPECT: 10,
  X_FORWARDED_FOR: 11,
  X_FORWARDED_PROTO: 12,
  X_FORWARDED_HOST: 13,
  X_FORWARDED_OTHER: 14,
  FORWARDED: 15,
  X_REAL_IP: 16,
  VIA: 17,
  REFERER: 18,
  USER_AGENT: 19,
  COOKIE: 20,
  SET_COOKIE: 21,
  DATE: 22,
  SERVER: 23,
  LOCATION: 24,
  AUTHORIZATION: 25,
  PROXY_AUTHORIZATION: 26,
  WWW_AUTHENTICATE: 27,
  CACHE_CONTROL: 28,
  CONTENT_TYPE: 29,
  CONTENT_ENCODING: 30,
  CONTENT_RANGE: 31,
  RANGE: 32,
  MAX_FORWARDS: 33,
  ACCEPT: 34,
  ACCEPT_ENCODING: 35,
  ETAG: 36,
  VARY: 37,
} as const;

/** Bits returned by {@linkcode fieldNameFacts}. */
export const FieldFact = { HOP_BY_HOP: 1, NO_TRAILER: 2 } as const;

/** The longest name with an id, in bytes. */
export const MAX_KNOWN_NAME_LENGTH = 19;

const X_FORWARDED_PREFIX = "x-forwarded-";
const HOP_BY_HOP: readonly number[] = [
  FieldName.CONNECTION,
  FieldName.KEEP_ALIVE,
  FieldName.PROXY_CONNECTION,
  FieldName.TE,
  FieldName.UPGRADE,
];
const TRAILER_ALLOWED: readonly number[] = [
  FieldName.OTHER,
  FieldName.DATE,
  FieldName.SERVER,
  FieldName.VIA,
  FieldName.ETAG,
  FieldName.VARY,
];

const NAMES: readonly string[] = Object.keys(FieldName).map((key) => key.toLowerCase().replaceAll("_", "-"));
const NAME_BYTES: readonly Uint8Array[] = NAMES.map(asciiBytes);
const PREFIX_BYTES = asciiBytes(X_FORWARDED_PREFIX);
const FACTS: Uint8Array = Uint8Array.from(NAMES, (_, id) => buildFacts(id));

/** Id of the first candidate of a bucket (0: none), and of the candidate after an id. */
const BUCKET_COUNT = (MAX_KNOWN_NAME_LENGTH + 1) << 5;
const FIRST = new Uint8Array(BUCKET_COUNT);
const NEXT = new Uint8Array(NAMES.length);
fillBuckets();

/**
 * Returns the id of the name in `bytes[start, end)`, compared without case; {@linkcode FieldName.OTHER} when it has none.
 * Cost: one table look-up for most names, at most three comparisons.
 */
export function classifyFieldName(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > 0 && length <= MAX_KNOWN_NAME_LENGTH) {
    let id = FIRST[(length << 5) | (bytes[start] & 0x1f)];
    for (; id !== 0; id = NEXT[id]) {
      if (startsWith(NAME_BYTES[id], bytes, start)) return id;
    }
  }
  if (length > PREFIX_BYTES.length && startsWith(PREFIX_BYTES, bytes, start)) {
    return FieldName.X_FORWARDED_OTHER;
  }
  return FieldName.OTHER;
}

/** Returns the {@linkcode FieldFact} bits of a field name's id; 0 for {@linkcode FieldName.OTHER}. */
export function fieldNameFacts(id: number): number {
  return FACTS[id];
}

/** Returns the name of an id in lower case (`"content-length"`), for logs and tests. */
export function fieldNameText(id: number): string {
  return NAMES[id];
}

/** Whether the bytes at `start` are `lowerName`, without case; the caller knows that enough bytes are there. */
function startsWith(lowerName: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    if (LOWER_CASE[bytes[start + i]] !== lowerName[i]) return false;
  }
  return true;
}

function buildFacts(id: number): number {
  return (HOP_BY_HOP.includes(id) ? FieldFact.HOP_BY_HOP : 0) |
    (TRAILER_ALLOWED.includes(id) ? 0 : FieldFact.NO_TRAILER);
}

function fillBuckets(): void {
  for (let id = 1; id < NAMES.length; id++) {
    if (id === FieldName.X_FORWARDED_OTHER) continue;
    const bucket = (NAMES[id].length << 5) | (NAME_BYTES[id][0] & 0x1f);
    NEXT[id] = FIRST[bucket];
    FIRST[bucket] = id;
  }
}
