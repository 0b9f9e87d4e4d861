/**
 * The trailer section after the last chunk, verified byte by byte as it passes (RFC 9112 section 7.1.2).
 *
 *     state        reads                                        then
 *     LINE_START   CR, or the name's first tchar                END_LF, NAME
 *     NAME         1*tchar ":"                                  VALUE          the name is checked here
 *     VALUE        *( SP / HTAB / VCHAR / obs-text ) CR         LF
 *     LF           LF                                           LINE_START
 *     END_LF       LF                                           DONE
 *
 * Fields that frame, route or authorise a message are refused (RFC 9110 section 6.5.1): a recipient that merges trailers into
 * the head would read another message than the one that was checked. Limits: 8 kB and 50 fields.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { classifyFieldName, FieldFact, fieldNameFacts, MAX_KNOWN_NAME_LENGTH } from "../http/field_name.ts";
import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { ParseError } from "./parse_error.ts";

/** Bytes of a trailer section, its last CRLF included. */
export const MAX_TRAILER_BYTES = 8 * 1024;
/** Fields of a trailer section. */
const MAX_TRAILER_FIELD_COUNT = 50;

/** Bytes of a name that are kept: one more than any known name has, so that a longer one is never taken for it. */
const KEPT_NAME_LENGTH = MAX_KNOWN_NAME_LENGTH + 1;

const State = { LINE_START: 0, NAME: 1, VALUE: 2, LF: 3, END_LF: 4, DONE: 5, FAILED: 6 } as const;

/** Walks trailer sections, one after another. */
export class TrailerScanner {
  /** A value of `ParseError`, 0 while there is none; set, it stays until `reset`. */
  errorCode = 0;
  #state: number = State.LINE_START;
  #sizeBytes = 0;
  #fieldCount = 0;
  /** The beginning of the name being read: it may arrive in pieces, and its first bytes may be gone. */
  #name = new Uint8Array(KEPT_NAME_LENGTH);
  #nameLength = 0;

  /** The section, its last CRLF included, has been seen. */
  get isDone(): boolean {
    return this.#state === State.DONE;
  }

  /** Forgets the section; call it before each one. */
  reset(): void {
    this.errorCode = 0;
    this.#state = State.LINE_START;
    this.#sizeBytes = this.#fieldCount = this.#nameLength = 0;
  }

  /** Verifies `bytes[start, end)`. Returns the index after the last well-formed byte: `end` unless done or failed. */
  scan(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#state < State.DONE) {
      if (this.#sizeBytes === MAX_TRAILER_BYTES) this.#fail(ParseError.TRAILERS_TOO_LARGE);
      else if (this.#step(bytes[at])) {
        this.#sizeBytes++;
        at++;
      }
    }
    return at;
  }

  /** Takes one byte. Returns false, with `errorCode` set, when it is wrong. */
  #step(octet: number): boolean {
    switch (this.#state) {
      case State.LINE_START:
        return this.#startLine(octet);
      case State.NAME:
        return this.#readName(octet);
      case State.VALUE:
        if ((OCTET_CLASS[octet] & OctetClass.VALUE) !== 0) return true;
        if (octet === Octet.LF) return this.#fail(ParseError.BARE_LF);
        if (octet !== Octet.CR) return this.#fail(ParseError.BAD_FIELD_VALUE);
        this.#state = State.LF;
        return true;
      default:
        if (octet !== Octet.LF) return this.#fail(ParseError.BARE_CR);
        this.#state = this.#state === State.LF ? State.LINE_START : State.DONE;
        return true;
    }
  }

  #startLine(octet: number): boolean {
    if (octet === Octet.CR) {
      this.#state = State.END_LF;
      return true;
    }
    if (octet === Octet.LF) return this.#fail(ParseError.BARE_LF);
    if (octet === Octet.COLON) return this.#fail(ParseError.EMPTY_FIELD_NAME);
    if ((OCTET_CLASS[octet] & OctetClass.BLANK) !== 0) {
      return this.#fail(this.#fieldCount === 0 ? ParseError.SPACE_BEFORE_FIRST_FIELD : ParseError.OBS_FOLD);
    }
    if ((OCTET_CLASS[octet] & OctetClass.TCHAR) === 0) return this.#fail(ParseError.BAD_FIELD_NAME);
    if (this.#fieldCount === MAX_TRAILER_FIELD_COUNT) return this.#fail(ParseError.TOO_MANY_FIELDS);
    this.#fieldCount++;
    this.#name[0] = octet;
    this.#nameLength = 1;
    this.#state = State.NAME;
    return true;
  }

  #readName(octet: number): boolean {
    if ((OCTET_CLASS[octet] & OctetClass.TCHAR) !== 0) {
      if (this.#nameLength < KEPT_NAME_LENGTH) this.#name[this.#nameLength] = octet;
      this.#nameLength++;
      return true;
    }
    if ((OCTET_CLASS[octet] & OctetClass.BLANK) !== 0) return this.#fail(ParseError.SPACE_BEFORE_COLON);
    if (octet === Octet.CR || octet === Octet.LF) return this.#fail(ParseError.MISSING_COLON);
    if (octet !== Octet.COLON) return this.#fail(ParseError.BAD_FIELD_NAME);
    const nameEnd = Math.min(this.#nameLength, KEPT_NAME_LENGTH);
    const facts = fieldNameFacts(classifyFieldName(this.#name, 0, nameEnd));
    if ((facts & FieldFact.NO_TRAILER) !== 0) return this.#fail(ParseError.FORBIDDEN_TRAILER);
    this.#state = State.VALUE;
    return true;
  }

  #fail(code: number): false {
    this.errorCode = code;
    this.#state = State.FAILED;
    return false;
  }
}
