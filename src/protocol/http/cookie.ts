/**
 * Cookies inside a field value, one after another, without allocation (RFC 6265, and what is sent in spite of it).
 *
 *     Cookie:     NAME = VALUE ; $Path=/x ; NAME2=VALUE2, NAME3 ; =VALUE4
 *                 |    |       |            |
 *                 |    |       delimiter: ";" or "," outside of quotes, as HAProxy and RFC 2109 have it
 *                 |    white space around names and values is not theirs
 *                 name
 *     Set-Cookie: one cookie: NAME = VALUE, then attributes that are not looked at
 *
 * Within double quotes a delimiter is part of the value, and a backslash takes the next byte's meaning away. Whatever the bytes are,
 * a scan ends, and no byte is looked at twice.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { Octet } from "./octet.ts";

const EQUALS = 0x3d;
const DOLLAR = 0x24;

/** Walks over the cookies of one value; where the last one lies is in its fields, as indexes into the bytes. */
export class CookieScanner {
  /** The delimiter before the cookie; the value's first byte for the first one. */
  pieceStart = 0;
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** It has an equal sign. */
  hasValue = false;
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  #isFirst = true;

  /** Begins with the value of a Cookie field. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#isFirst = true;
  }

  /** Goes to the next cookie; false when there is none. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.pieceStart = this.#at;
    const start = this.#isFirst ? this.#at : this.#at + 1;
    this.#isFirst = false;
    this.#at = this.#scan(start, true);
    return true;
  }

  /** Reads the cookie of a Set-Cookie field's value; false when there is none that could have a meaning. */
  readSetCookie(bytes: Uint8Array, start: number, end: number): boolean {
    this.begin(bytes, start, end);
    this.pieceStart = start;
    this.#scan(start, false);
    return this.hasValue && this.nameStart < this.nameEnd;
  }

  /** Whether the name is this one, case and all. */
  isNamed(name: Uint8Array): boolean {
    if (this.nameEnd - this.nameStart !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#bytes[this.nameStart + i] !== name[i]) return false;
    return true;
  }

  /** RFC 2109's $Version, $Path, $Domain: it belongs to the cookie before it. */
  get isAttribute(): boolean {
    return this.nameStart < this.nameEnd && this.#bytes[this.nameStart] === DOLLAR;
  }

  /** Returns where the delimiter behind the cookie is, or the end. */
  #scan(start: number, endsAtComma: boolean): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = skipBlanks(bytes, start, end);
    this.nameStart = this.nameEnd = at;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === EQUALS || byte === Octet.SEMICOLON || (byte === Octet.COMMA && endsAtComma)) break;
      if (!isBlank(byte)) this.nameEnd = at + 1;
    }
    this.hasValue = at < end && bytes[at] === EQUALS;
    if (!this.hasValue) {
      this.valueStart = this.valueEnd = at;
      return at;
    }
    this.valueStart = skipBlanks(bytes, at + 1, end);
    at = findValueEnd(bytes, this.valueStart, end);
    this.valueEnd = at;
    while (this.valueEnd > this.valueStart && isBlank(bytes[this.valueEnd - 1]!)) this.valueEnd--;
    return at;
  }
}

const NO_BYTES = new Uint8Array(0);

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === Octet.SP || byte === Octet.HTAB;
}

function findValueEnd(bytes: Uint8Array, start: number, end: number): number {
  let isQuoted = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === Octet.QUOTE) isQuoted = !isQuoted;
    else if (isQuoted) {
      if (byte === Octet.BACKSLASH) at++;
    } else if (byte === Octet.SEMICOLON || byte === Octet.COMMA) return at;
  }
  return end;
}
