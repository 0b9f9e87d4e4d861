/**
 * The field lines of a head and the empty line that ends it (RFC 9112 section 5), one byte or all bytes at a time.
 *
 *     state         reads                                     then
 *     LINE_START    CR, or the name's first tchar             END_LF, NAME
 *     NAME          1*tchar ":"                               BEFORE_VALUE     no space before the colon
 *     BEFORE_VALUE  *( SP / HTAB )                            VALUE
 *     VALUE         *( SP / HTAB / VCHAR / obs-text ) CR      LF               space at the end is left out
 *     LF            LF                                        LINE_START       the field's meaning is noted here
 *     END_LF        LF                                        DONE
 *
 * Lines end in CRLF and nothing else; folded lines are refused. What a line starts is written straight into `head.fields`, so
 * nothing is read twice when bytes arrive in pieces. A state that ends calls the next one; only where the bytes run out does the
 * state decide where the next call goes on.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { classifyFieldName, FieldName } from "../http/field_name.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "../http/message_head.ts";
import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { noteField } from "./field_facts.ts";
import { ParseError, ParseStatus } from "./parse_error.ts";

const State = { LINE_START: 0, NAME: 1, BEFORE_VALUE: 2, VALUE: 3, LF: 4, END_LF: 5, DONE: 6 } as const;

/** Parses field lines into a head. */
export class FieldParser {
  /** Offset of the next byte to read; after DONE that of the body. */
  position = 0;
  #state: number = State.LINE_START;
  /** Index in `fields` of the field being read. */
  #row = 0;
  #head: MessageHead;

  constructor(head: MessageHead) {
    this.#head = head;
  }

  /** Begins a field section at `position`, the offset after the start line. */
  begin(position: number): void {
    this.position = position;
    this.#state = State.LINE_START;
    this.#row = 0;
  }

  /** Reads on from `position`; see `HeadParser.parse`. Returns a `ParseStatus`. */
  parse(bytes: Uint8Array, base: number, end: number): number {
    let at = base + this.position;
    while (at < end) {
      at = this.#step(bytes, base, at, end);
      if (at < 0) return ParseStatus.ERROR;
      if (this.#state === State.DONE) break;
    }
    this.position = at - base;
    return this.#state === State.DONE ? ParseStatus.DONE : ParseStatus.NEED_MORE;
  }

  /** Runs one state as far as it goes. Returns the index of the next byte, or -1 on an error. */
  #step(bytes: Uint8Array, base: number, at: number, end: number): number {
    switch (this.#state) {
      case State.LINE_START:
        return this.#startLine(bytes, base, at, end);
      case State.NAME:
        return this.#scanName(bytes, base, at, end);
      case State.BEFORE_VALUE:
        return this.#skipBlanks(bytes, base, at, end);
      case State.VALUE:
        return this.#scanValue(bytes, base, at, end);
      case State.LF:
        return this.#endLine(bytes, base, at);
      default:
        if (bytes[at] !== Octet.LF) return this.#head.fail(ParseError.BARE_CR, at - base);
        this.#state = State.DONE;
        return at + 1;
    }
  }

  #startLine(bytes: Uint8Array, base: number, at: number, end: number): number {
    const head = this.#head;
    const octet = bytes[at];
    if ((OCTET_CLASS[octet] & OctetClass.TCHAR) !== 0) {
      if (this.#row === head.fields.length) return head.fail(ParseError.TOO_MANY_FIELDS, at - base);
      head.fields[this.#row + FieldPart.NAME_START] = at - base;
      this.#state = State.NAME;
      return this.#scanName(bytes, base, at + 1, end);
    }
    if (octet === Octet.CR) {
      this.#state = State.END_LF;
      return at + 1;
    }
    return head.fail(lineStartError(octet, this.#row === 0), at - base);
  }

  #scanName(bytes: Uint8Array, base: number, from: number, end: number): number {
    const head = this.#head;
    let at = from;
    while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.TCHAR) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== Octet.COLON) return head.fail(nameEndError(bytes[at]), at - base);
    const nameStart = base + head.fields[this.#row + FieldPart.NAME_START];
    head.fields[this.#row + FieldPart.NAME_END] = at - base;
    head.fields[this.#row + FieldPart.NAME_ID] = classifyFieldName(bytes, nameStart, at);
    this.#state = State.BEFORE_VALUE;
    return this.#skipBlanks(bytes, base, at + 1, end);
  }

  #skipBlanks(bytes: Uint8Array, base: number, from: number, end: number): number {
    let at = from;
    while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.BLANK) !== 0) at++;
    if (at === end) return at;
    this.#head.fields[this.#row + FieldPart.VALUE_START] = at - base;
    this.#state = State.VALUE;
    return this.#scanValue(bytes, base, at, end);
  }

  #scanValue(bytes: Uint8Array, base: number, from: number, end: number): number {
    const head = this.#head;
    let at = from;
    while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.VALUE) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] !== Octet.CR) {
      const code = bytes[at] === Octet.LF ? ParseError.BARE_LF : ParseError.BAD_FIELD_VALUE;
      return head.fail(code, at - base);
    }
    const valueStart = base + head.fields[this.#row + FieldPart.VALUE_START];
    let valueEnd = at;
    while (valueEnd > valueStart && (OCTET_CLASS[bytes[valueEnd - 1]] & OctetClass.BLANK) !== 0) valueEnd--;
    head.fields[this.#row + FieldPart.VALUE_END] = valueEnd - base;
    this.#state = State.LF;
    return at + 1 < end ? this.#endLine(bytes, base, at + 1) : at + 1;
  }

  #endLine(bytes: Uint8Array, base: number, at: number): number {
    const head = this.#head;
    if (bytes[at] !== Octet.LF) return head.fail(ParseError.BARE_CR, at - base);
    const row = this.#row;
    if (head.fields[row + FieldPart.NAME_ID] !== FieldName.OTHER && !noteField(head, bytes, base, row)) {
      return -1;
    }
    this.#row = row + FIELD_STRIDE;
    head.fieldCount++;
    this.#state = State.LINE_START;
    return at + 1;
  }
}

function lineStartError(octet: number, isFirst: boolean): number {
  if (octet === Octet.LF) return ParseError.BARE_LF;
  if (octet === Octet.COLON) return ParseError.EMPTY_FIELD_NAME;
  if ((OCTET_CLASS[octet] & OctetClass.BLANK) === 0) return ParseError.BAD_FIELD_NAME;
  return isFirst ? ParseError.SPACE_BEFORE_FIRST_FIELD : ParseError.OBS_FOLD;
}

function nameEndError(octet: number): number {
  if ((OCTET_CLASS[octet] & OctetClass.BLANK) !== 0) return ParseError.SPACE_BEFORE_COLON;
  return octet === Octet.CR || octet === Octet.LF ? ParseError.MISSING_COLON : ParseError.BAD_FIELD_NAME;
}
