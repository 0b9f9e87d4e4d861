/**
 * What a parsed message head says: where its parts lie, and the facts that framing and forwarding need.
 *
 * All offsets are relative to the message's first byte, so the bytes may be moved in memory. The parts of a request head:
 *
 *     CR LF GET SP /path?query SP HTTP/1.1 CR LF Host: a CR LF ... CR LF | body
 *     |     |  |   |          |           |      |             |         |
 *     0     |  |   targetStart targetEnd  |      fields[0]     |         headEnd = startOffset + headLength
 *           |  methodEnd                  startLineEnd         fieldsEnd = headEnd - 2
 *           startOffset
 *
 * `fields` holds {@linkcode FIELD_STRIDE} integers per field: name start, name end, value start, value end (white space
 * around the value left out) and the name's id. A field's line runs from its name start to the next field's name start or
 * `fieldsEnd`.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { Method } from "./method.ts";

/** Integers per field in {@linkcode MessageHead.fields}. */
export const FIELD_STRIDE = 5;

/** Places inside a field's integers. */
export const FieldPart = { NAME_START: 0, NAME_END: 1, VALUE_START: 2, VALUE_END: 3, NAME_ID: 4 } as const;

/** Forms of a request target (RFC 9112 section 3.2). */
export const TargetForm = { ORIGIN: 0, ABSOLUTE: 1, AUTHORITY: 2, ASTERISK: 3 } as const;

/** Bits of {@linkcode MessageHead.connectionFlags}: the options that Connection lists (RFC 9110 section 7.6.1). */
export const ConnectionFlag = { CLOSE: 1, KEEP_ALIVE: 2, UPGRADE: 4, TE: 8, HAS_OTHER: 16 } as const;

/** One head; owned and reused by its parser. Everything but the error is valid only after the parser says DONE. */
export class MessageHead {
  readonly isRequest: boolean;

  /** Bytes of the empty lines skipped before a request line. */
  startOffset = 0;
  /** Start line, fields and the empty line at the end; without `startOffset`. */
  headLength = 0;
  /** End of the start line's text, before its CRLF. */
  startLineEnd = 0;
  /** Minor version of HTTP/1: 0 or 1. */
  versionMinor = 0;

  /** A value of {@linkcode Method}. */
  methodId: number = Method.OTHER;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** A value of {@linkcode TargetForm}. */
  targetForm: number = TargetForm.ORIGIN;
  /** Authority of an absolute or authority form; both 0 in the other forms. */
  authorityStart = 0;
  authorityEnd = 0;
  /** Where path and query begin: `targetStart` in origin form, `targetEnd` when there is no path. */
  pathStart = 0;

  /** 100 to 599; 0 for a request. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  fieldCount = 0;
  readonly fields: Int32Array;

  /** The value of Content-Length, 0 to 2^53-1; -1 when absent. */
  contentLength = -1;
  /** Transfer-Encoding is exactly `chunked`. */
  isChunked = false;
  /** Bits of {@linkcode ConnectionFlag}. */
  connectionFlags = 0;
  /** Options listed by Connection, empty elements left out. */
  connectionOptionCount = 0;
  hasHost = false;
  /** `Expect: 100-continue` in an HTTP/1.1 request. */
  expectContinue = false;
  hasUpgrade = false;
  /** Upgrade lists `h2c`: forwarding it would let a client leave HTTP/1 behind hadro's back. */
  upgradesToH2c = false;
  hasTe = false;

  /** A value of `ParseError` (h1), 0 while there is none, and the offset of the byte that is wrong. */
  errorCode = 0;
  errorOffset = 0;

  constructor(isRequest: boolean, maxFieldCount: number) {
    this.isRequest = isRequest;
    this.fields = new Int32Array(maxFieldCount * FIELD_STRIDE);
  }

  /** Where the body begins. */
  get headEnd(): number {
    return this.startOffset + this.headLength;
  }

  /** Where the field lines end and the last CRLF begins. */
  get fieldsEnd(): number {
    return this.startOffset + this.headLength - 2;
  }

  /** Returns the index of the first field with an id, -1 when there is none. */
  fieldIndexOf(nameId: number): number {
    const count = this.fieldCount;
    for (let index = 0, at: number = FieldPart.NAME_ID; index < count; index++, at += FIELD_STRIDE) {
      if (this.fields[at] === nameId) return index;
    }
    return -1;
  }

  /** Returns the offset after the CRLF of a field's line. */
  fieldLineEnd(index: number): number {
    return index + 1 < this.fieldCount ? this.fields[(index + 1) * FIELD_STRIDE] : this.fieldsEnd;
  }

  /** Notes what is wrong and where. Returns -1, which every scanning step gives back for "stop". */
  fail(code: number, offset: number): -1 {
    this.errorCode = code;
    this.errorOffset = offset;
    return -1;
  }

  /** Puts every field back to its neutral value. */
  clear(): void {
    this.startOffset =
      this.headLength =
      this.startLineEnd =
      this.versionMinor =
        0;
    this.methodId = Method.OTHER;
    this.methodEnd = this.targetStart = this.targetEnd = 0;
    this.targetForm = TargetForm.ORIGIN;
    this.authorityStart = this.authorityEnd = this.pathStart = 0;
    this.status = this.reasonStart = this.reasonEnd = 0;
    this.fieldCount = 0;
    this.contentLength = -1;
    this.isChunked = this.hasHost = this.expectContinue = false;
    this.hasUpgrade = this.upgradesToH2c = this.hasTe = false;
    this.connectionFlags = this.connectionOptionCount = 0;
    this.errorCode = this.errorOffset = 0;
  }
}
