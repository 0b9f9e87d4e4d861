/**
 * The status line, one byte or all bytes at a time (RFC 9112 section 4).
 *
 *     state     reads                                  then
 *     VERSION   "HTTP/" DIGIT "." DIGIT                SPACE
 *     SPACE     SP                                     STATUS
 *     STATUS    three digits, 100 to 599               AFTER_STATUS
 *     AFTER     SP or CR                               REASON, LF    the SP before an absent reason is often left out
 *     REASON    *( HTAB / SP / VCHAR / obs-text ), CR  LF
 *     LF        LF                                     DONE
 *
 * May import: protocol/http.
 *
 * @module
 */

import type { MessageHead } from "../http/message_head.ts";
import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { ParseError, ParseStatus } from "./parse_error.ts";
import { checkVersion, VERSION_LENGTH, versionError } from "./version.ts";

const State = { VERSION: 0, SPACE: 1, STATUS: 2, AFTER_STATUS: 3, REASON: 4, LF: 5, DONE: 6 } as const;

const STATUS_START = VERSION_LENGTH + 1;
const STATUS_END = STATUS_START + 3;

/** Parses status lines into a head. */
export class StatusLineParser {
  /** Offset of the next byte to read; after DONE that of the first field line. */
  position = 0;
  #state: number = State.VERSION;
  #head: MessageHead;

  constructor(head: MessageHead) {
    this.#head = head;
  }

  reset(): void {
    this.position = 0;
    this.#state = State.VERSION;
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
      case State.VERSION:
        return this.#scanVersion(bytes, base, at, end);
      case State.SPACE:
        if (bytes[at] !== Octet.SP) return this.#head.fail(ParseError.BAD_VERSION, at - base);
        this.#state = State.STATUS;
        return at + 1;
      case State.STATUS:
        return this.#scanStatus(bytes, base, at, end);
      case State.AFTER_STATUS:
        return this.#afterStatus(bytes, base, at);
      case State.REASON:
        return this.#scanReason(bytes, base, at, end);
      default:
        if (bytes[at] !== Octet.LF) return this.#head.fail(ParseError.BARE_CR, at - base);
        this.#state = State.DONE;
        return at + 1;
    }
  }

  #scanVersion(bytes: Uint8Array, base: number, from: number, end: number): number {
    const limit = Math.min(end, base + VERSION_LENGTH);
    const at = checkVersion(bytes, base, from, limit);
    if (at < limit) return this.#head.fail(ParseError.BAD_VERSION, at - base);
    if (at < base + VERSION_LENGTH) return at;
    const code = versionError(bytes, base);
    if (code !== ParseError.NONE) return this.#head.fail(code, 0);
    this.#head.versionMinor = bytes[at - 1] - 0x30;
    this.#state = State.SPACE;
    return at;
  }

  #scanStatus(bytes: Uint8Array, base: number, from: number, end: number): number {
    const head = this.#head;
    const limit = Math.min(end, base + STATUS_END);
    let at = from;
    while (at < limit && (OCTET_CLASS[bytes[at]] & OctetClass.DIGIT) !== 0) {
      head.status = head.status * 10 + bytes[at] - 0x30;
      at++;
    }
    if (at < limit) return head.fail(ParseError.BAD_STATUS, at - base);
    if (at < base + STATUS_END) return at;
    if (head.status < 100 || head.status > 599) return head.fail(ParseError.BAD_STATUS, STATUS_START);
    this.#state = State.AFTER_STATUS;
    return at;
  }

  #afterStatus(bytes: Uint8Array, base: number, at: number): number {
    const head = this.#head;
    head.reasonStart = head.reasonEnd = STATUS_END;
    if (bytes[at] === Octet.CR) return this.#endReason(base, at);
    if (bytes[at] === Octet.LF) return head.fail(ParseError.BARE_LF, at - base);
    if (bytes[at] !== Octet.SP) return head.fail(ParseError.BAD_STATUS, at - base);
    head.reasonStart = STATUS_END + 1;
    this.#state = State.REASON;
    return at + 1;
  }

  #scanReason(bytes: Uint8Array, base: number, from: number, end: number): number {
    let at = from;
    while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.VALUE) !== 0) at++;
    if (at === end) return at;
    if (bytes[at] === Octet.CR) return this.#endReason(base, at);
    const code = bytes[at] === Octet.LF ? ParseError.BARE_LF : ParseError.BAD_REASON;
    return this.#head.fail(code, at - base);
  }

  #endReason(base: number, at: number): number {
    this.#head.reasonEnd = this.#head.startLineEnd = at - base;
    this.#state = State.LF;
    return at + 1;
  }
}
