/**
 * The static table (RFC 7541 appendix A): 61 fields that every connection knows, and the look-up from bytes to index.
 *
 * Entries with one name stand side by side, so a name is looked up once and its values follow. Names sit in buckets by length and last
 * letter; a bucket is a chain of one to three names.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { asciiBytes } from "../http/octet.ts";

/** Entries of the table; their indexes are 1 to this. */
export const STATIC_COUNT = 61;

const ENTRIES: readonly string[] =
  (":authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|" +
    ":status 204|:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|" +
    "accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|" +
    "authorization|cache-control|content-disposition|content-encoding|content-language|content-length|" +
    "content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|" +
    "if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|" +
    "proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|" +
    "strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate").split("|");

/** Names and values of the entries, by index; entry 0 is empty. Never written after load. */
export const STATIC_NAMES: readonly Uint8Array[] = ["", ...ENTRIES].map((entry) =>
  asciiBytes(entry.split(" ", 1)[0]!)
);
export const STATIC_VALUES: readonly Uint8Array[] = ["", ...ENTRIES].map((entry) =>
  asciiBytes(entry.includes(" ") ? entry.slice(entry.indexOf(" ") + 1) : "")
);

const MAX_NAME_LENGTH = 27;
/** Index of the first entry of a bucket's first name (0: none), and of the first entry of the name after an entry's. */
const FIRST = new Uint8Array((MAX_NAME_LENGTH + 1) << 5);
const NEXT = new Uint8Array(STATIC_COUNT + 1);
fillBuckets();

/** Returns the index of the first entry with the name in `bytes[start, start + length)`, compared with case; 0 when none has it. */
export function findStaticName(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0 || length > MAX_NAME_LENGTH) return 0;
  let index = FIRST[bucketOf(length, bytes[start + length - 1])];
  while (index !== 0 && !isText(STATIC_NAMES[index], bytes, start, length)) index = NEXT[index];
  return index;
}

/** Returns the index of the entry with this value and the name of entry `nameIndex`, the first with that name; 0 when none has both. */
export function findStaticValue(nameIndex: number, bytes: Uint8Array, start: number, length: number): number {
  const name = STATIC_NAMES[nameIndex];
  let index = nameIndex;
  do {
    if (isText(STATIC_VALUES[index], bytes, start, length)) return index;
    index++;
  } while (index <= STATIC_COUNT && isText(STATIC_NAMES[index], name, 0, name.length));
  return 0;
}

function bucketOf(length: number, lastOctet: number): number {
  return length << 5 | lastOctet & 0x1f;
}

function isText(text: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (text[i] !== bytes[start + i]) return false;
  }
  return true;
}

function fillBuckets(): void {
  for (let index = STATIC_COUNT; index > 0; index--) {
    const name = STATIC_NAMES[index];
    if (isText(STATIC_NAMES[index - 1], name, 0, name.length)) continue;
    const bucket = bucketOf(name.length, name[name.length - 1]);
    NEXT[index] = FIRST[bucket];
    FIRST[bucket] = index;
  }
}
