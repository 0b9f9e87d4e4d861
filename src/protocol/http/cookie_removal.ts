/**
 * Takes a cookie out of the Cookie fields of a request, where they lie: a head that is to be edited and forwarded.
 *
 *     WHOLE    a=1; SRV=s1; $Path=/; b=2    ->  a=1; b=2        with what belongs to it; a field without any other cookie goes
 *     PREFIX   a=1; SID=s1~x; b=2           ->  a=1; SID=x; b=2  as far as the first "~"; without one it stays
 *
 * All fields, and every cookie of that name in each. Bytes of other cookies stay as they are. Each field is compacted once and the rest
 * of the message moved once for it, whatever it holds; the parser's offsets follow.
 *
 * May import: protocol/http.
 *
 * @module
 */

import type { CookieScanner } from "./cookie.ts";
import { FieldName } from "./field_name.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "./message_head.ts";
import { Octet } from "./octet.ts";

/** What is taken away of a cookie. */
export const CookieRemoval = { WHOLE: 0, PREFIX: 1 } as const;

/** Between a server's part of a cookie and the application's: HAProxy's COOKIE_DELIM. */
export const PREFIX_DELIMITER = 0x7e;

const NOT_REMOVING = -1;

/** See the module's text. The message begins at `base`; bytes as far as `dataEnd` move along. Returns how many went. */
export function removeCookie(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  dataEnd: number,
  scanner: CookieScanner,
  name: Uint8Array,
  removal: number,
): number {
  let end = dataEnd;
  for (let index = 0; index < head.fieldCount; index++) {
    const row = index * FIELD_STRIDE;
    if (head.fields[row + FieldPart.NAME_ID] !== FieldName.COOKIE) continue;
    const valueStart = base + head.fields[row + FieldPart.VALUE_START]!;
    const valueEnd = base + head.fields[row + FieldPart.VALUE_END]!;
    scanner.begin(bytes, valueStart, valueEnd);
    const keptEnd = removal === CookieRemoval.WHOLE
      ? dropCookies(bytes, valueStart, valueEnd, scanner, name)
      : dropPrefixes(bytes, valueStart, valueEnd, scanner, name);
    if (keptEnd === valueEnd) continue;
    if (keptEnd === valueStart) {
      const lineStart = head.fields[row + FieldPart.NAME_START]!;
      end = cut(head, bytes, base, end, lineStart, head.fieldLineEnd(index));
      head.fields.copyWithin(row, row + FIELD_STRIDE, head.fieldCount * FIELD_STRIDE);
      head.fieldCount--;
      index--;
    } else end = cut(head, bytes, base, end, keptEnd - base, valueEnd - base);
  }
  return dataEnd - end;
}

/** Compacts a value; returns where it ends now, its beginning when no cookie is left. */
function dropCookies(
  bytes: Uint8Array,
  start: number,
  end: number,
  scanner: CookieScanner,
  name: Uint8Array,
): number {
  let write = start;
  let keptFrom = start;
  let removeFrom = NOT_REMOVING;
  let hasRemoved = false;
  let hasKept = false;
  while (scanner.next()) {
    // Written places lie before what the scanner has read.
    if (scanner.isAttribute) continue;
    if (scanner.hasValue && scanner.isNamed(name)) {
      if (removeFrom !== NOT_REMOVING) continue;
      removeFrom = scanner.pieceStart;
      hasRemoved = true;
      write = keep(bytes, keptFrom, removeFrom, write);
    } else {
      hasKept ||= scanner.nameStart < scanner.valueEnd;
      if (removeFrom === NOT_REMOVING) continue;
      keptFrom = write === start ? scanner.nameStart : scanner.pieceStart;
      removeFrom = NOT_REMOVING;
    }
  }
  if (!hasRemoved) return end;
  if (!hasKept) return start;
  return trimEnd(bytes, start, removeFrom === NOT_REMOVING ? keep(bytes, keptFrom, end, write) : write);
}

function dropPrefixes(
  bytes: Uint8Array,
  start: number,
  end: number,
  scanner: CookieScanner,
  name: Uint8Array,
): number {
  let write = start;
  let keptFrom = start;
  while (scanner.next()) {
    if (!scanner.hasValue || !scanner.isNamed(name)) continue;
    const { valueStart, valueEnd } = scanner;
    let at = valueStart;
    while (at < valueEnd && bytes[at] !== PREFIX_DELIMITER) at++;
    if (at === valueEnd) continue;
    write = keep(bytes, keptFrom, valueStart, write);
    keptFrom = at + 1;
  }
  return keep(bytes, keptFrom, end, write);
}

/** White space at the end of a value is not its own. */
function trimEnd(bytes: Uint8Array, start: number, valueEnd: number): number {
  let end = valueEnd;
  while (end > start && (bytes[end - 1] === Octet.SP || bytes[end - 1] === Octet.HTAB)) end--;
  return end;
}

/** Moves a run of kept bytes to `write`; returns where it ends there. */
function keep(bytes: Uint8Array, from: number, to: number, write: number): number {
  if (from !== write) bytes.copyWithin(write, from, to);
  return write + to - from;
}

/** Closes the gap `[start, end)`, offsets of the message that lie in its fields; returns the new end of all bytes. */
function cut(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  dataEnd: number,
  start: number,
  end: number,
): number {
  const gap = end - start;
  bytes.copyWithin(base + start, base + end, dataEnd);
  const { fields } = head;
  for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
    for (let part: number = FieldPart.NAME_START; part <= FieldPart.VALUE_END; part++) {
      if (fields[row + part]! >= end) fields[row + part]! -= gap;
    }
  }
  head.headLength -= gap;
  return dataEnd - gap;
}
