/**
 * The request line, one byte or all bytes at a time (RFC 9112 section 3). Refuses what section 2.2 lets servers forgive.
 *
 *     state        reads                              then
 *     EMPTY_LINE   CR, or the method's first byte     EMPTY_LF, METHOD      at most 2 empty lines
 *     EMPTY_LF     LF                                 EMPTY_LINE
 *     METHOD       1 to 32 tchar, SP                  TARGET
 *     TARGET       1*( 0x21-0x7E except "#" ), SP     VERSION               the target is checked here
 *     VERSION      "HTTP/" DIGIT "." DIGIT            CR
 *     CR, LF       CRLF                               DONE
 *
 * A state that ends calls the next one; only where the bytes run out does the state decide where the next call goes on.
 *
 * May import: protocol/http.
 *
 * @module
 */

import type { MessageHead } from "../http/message_head.ts";
import { classifyMethod } from "../http/method.ts";
import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { ParseError, ParseStatus } from "./parse_error.ts";
import { checkTarget } from "./request_target.ts";
import { checkVersion, VERSION_LENGTH, versionError } from "./version.ts";

/** The longest method, in bytes; the longest registered one has 17. */
const MAX_METHOD_LENGTH = 32;
/** Empty lines skipped before a request line (RFC 9112 section 2.2). */
const MAX_EMPTY_LINES = 2;

const State = {
  EMPTY_LINE: 0,
  EMPTY_LF: 1,
  METHOD: 2,
  TARGET: 3,
  VERSION: 4,
  CR: 5,
  LF: 6,
  DONE: 7,
} as const;

/** Parses request lines into a head. */
export class RequestLineParser {
  /** Offset of the next byte to read; after DONE that of the first field line. */
  position = 0;
  #state: number = State.EMPTY_LINE;
  #versionStart = 0;
  #head: MessageHead;

  constructor(head: MessageHead) {
    this.#head = head;
  }

  reset(): void {
    this.position = 0;
    this.#state = State.EMPTY_LINE;
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
      case State.EMPTY_LINE:
        return this.#startLine(bytes, base, at, end);
      case State.METHOD:
        return this.#scanMethod(bytes, base, at, end);
      case State.TARGET:
        return this.#scanTarget(bytes, base, at, end);
      case State.VERSION:
        return this.#scanVersion(bytes, base, at, end);
      case State.CR:
        return this.#endVersion(bytes, base, at);
      default:
        return this.#endLine(bytes, base, at);
    }
  }

  #startLine(bytes: Uint8Array, base: number, at: number, end: number): number {
    const head = this.#head;
    const octet = bytes[at];
    if (octet === Octet.CR) {
      if (at - base >= 2 * MAX_EMPTY_LINES) return head.fail(ParseError.TOO_MANY_EMPTY_LINES, at - base);
      this.#state = State.EMPTY_LF;
      return at + 1;
    }
    if (octet === Octet.LF) return head.fail(ParseError.BARE_LF, at - base);
    head.startOffset = at - base;
    this.#state = State.METHOD;
    return this.#scanMethod(bytes, base, at, end);
  }

  #scanMethod(bytes: Uint8Array, base: number, from: number, end: number): number {
    const head = this.#head;
    const start = base + head.startOffset;
    const limit = Math.min(end, start + MAX_METHOD_LENGTH + 1);
    let at = from;
    while (at < limit && (OCTET_CLASS[bytes[at]] & OctetClass.TCHAR) !== 0) at++;
    if (at - start > MAX_METHOD_LENGTH) return head.fail(ParseError.METHOD_TOO_LONG, at - 1 - base);
    if (at === end) return at;
    if (bytes[at] !== Octet.SP || at === start) return head.fail(ParseError.BAD_METHOD, at - base);
    head.methodId = classifyMethod(bytes, start, at);
    head.methodEnd = at - base;
    head.targetStart = at + 1 - base;
    this.#state = State.TARGET;
    return this.#scanTarget(bytes, base, at + 1, end);
  }

  #scanTarget(bytes: Uint8Array, base: number, from: number, end: number): number {
    const head = this.#head;
    let at = from;
    while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.TARGET) !== 0) at++;
    if (at === end) return at;
    const octet = bytes[at];
    if (octet === Octet.CR || octet === Octet.LF) return head.fail(ParseError.MISSING_VERSION, at - base);
    if (octet !== Octet.SP) return head.fail(ParseError.BAD_TARGET_CHARACTER, at - base);
    head.targetEnd = at - base;
    if (head.targetEnd === head.targetStart) return head.fail(ParseError.EXTRA_SPACE, at - base);
    if (!checkTarget(head, bytes, base)) return -1;
    this.#versionStart = at + 1 - base;
    this.#state = State.VERSION;
    return this.#scanVersion(bytes, base, at + 1, end);
  }

  #scanVersion(bytes: Uint8Array, base: number, from: number, end: number): number {
    const start = base + this.#versionStart;
    const limit = Math.min(end, start + VERSION_LENGTH);
    const at = checkVersion(bytes, start, from, limit);
    if (at < limit) {
      const code = at === start && bytes[at] === Octet.SP ? ParseError.EXTRA_SPACE : ParseError.BAD_VERSION;
      return this.#head.fail(code, at - base);
    }
    if (at < start + VERSION_LENGTH) return at;
    const code = versionError(bytes, start);
    if (code !== ParseError.NONE) return this.#head.fail(code, start - base);
    this.#head.versionMinor = bytes[at - 1] - 0x30;
    this.#state = State.CR;
    return at;
  }

  #endVersion(bytes: Uint8Array, base: number, at: number): number {
    const octet = bytes[at];
    if (octet === Octet.SP) return this.#head.fail(ParseError.EXTRA_SPACE, at - base);
    if (octet === Octet.LF) return this.#head.fail(ParseError.BARE_LF, at - base);
    if (octet !== Octet.CR) return this.#head.fail(ParseError.BAD_VERSION, at - base);
    this.#head.startLineEnd = at - base;
    this.#state = State.LF;
    return at + 1;
  }

  #endLine(bytes: Uint8Array, base: number, at: number): number {
    if (bytes[at] !== Octet.LF) return this.#head.fail(ParseError.BARE_CR, at - base);
    this.#state = this.#state === State.EMPTY_LF ? State.EMPTY_LINE : State.DONE;
    return at + 1;
  }
}
