/**
 * The head of an HTTP/1 message: strict, incremental, without allocation (RFC 9112).
 *
 *     phase        parser                                then
 *     START_LINE   RequestLineParser, StatusLineParser   FIELDS
 *     FIELDS       FieldParser                           DONE, after the checks that need the whole head
 *     DONE         -                                     `parse` says DONE until `reset`
 *     FAILED       -                                     `parse` says ERROR until `reset`
 *
 * Checks of the whole head: an HTTP/1.1 request has Host; the authority of an absolute target and Host name the same place
 * (two readers may each follow another one); a 1xx or 204 response announces no body (RFC 9112 section 6.1, RFC 9110 section
 * 8.6: `Content-Length: 0` is forgiven, many servers send it with 204).
 *
 * The size of a head is bounded by the caller's buffer: NEED_MORE with a full buffer means too large.
 *
 * May import: base, protocol/http.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { FieldName } from "../http/field_name.ts";
import { FIELD_STRIDE, FieldPart, MessageHead, TargetForm } from "../http/message_head.ts";
import { authoritiesAgree } from "../http/uri.ts";
import { FieldParser } from "./field_parser.ts";
import { ParseError, ParseStatus } from "./parse_error.ts";
import { RequestLineParser } from "./request_line.ts";
import { defaultTargetPort } from "./request_target.ts";
import { StatusLineParser } from "./status_line.ts";

export { ConnectionFlag, FIELD_STRIDE, FieldPart, TargetForm } from "../http/message_head.ts";
export { describeParseError, ParseError, parseErrorStatus, ParseStatus } from "./parse_error.ts";

/** Fields that a head may have when the caller says nothing else; HAProxy's tune.http.maxhdr is 101. */
const DEFAULT_MAX_FIELD_COUNT = 100;
const MAX_FIELD_COUNT_LIMIT = 1000;

const Phase = { START_LINE: 0, FIELDS: 1, DONE: 2, FAILED: 3 } as const;

/** Parses heads one after another; is itself the head that it parsed. */
export class HeadParser extends MessageHead {
  #phase: number = Phase.START_LINE;
  #startLine: RequestLineParser | StatusLineParser;
  #fieldParser: FieldParser;

  /** `maxFieldCount` is 1 to 1,000; a head with more fields fails with `TOO_MANY_FIELDS`. */
  constructor(kind: "request" | "response", maxFieldCount: number = DEFAULT_MAX_FIELD_COUNT) {
    assert(maxFieldCount >= 1 && maxFieldCount <= MAX_FIELD_COUNT_LIMIT, "maxFieldCount is 1 to 1,000");
    super(kind === "request", maxFieldCount);
    this.#startLine = this.isRequest ? new RequestLineParser(this) : new StatusLineParser(this);
    this.#fieldParser = new FieldParser(this);
  }

  /** Forgets the message; call it before each one. */
  reset(): void {
    this.clear();
    this.#phase = Phase.START_LINE;
    this.#startLine.reset();
  }

  /**
   * Reads on where the last call stopped, as far as `end`, the index after the last received byte. `base` is the index of the
   * message's first byte and may differ between calls when the bytes were moved. Returns a {@linkcode ParseStatus}; on ERROR
   * `errorCode` and `errorOffset` say what and where. Cost: each byte is looked at once.
   */
  parse(bytes: Uint8Array, base: number, end: number): number {
    if (this.#phase === Phase.START_LINE) {
      const status = this.#startLine.parse(bytes, base, end);
      if (status !== ParseStatus.DONE) return this.#stop(status);
      this.#phase = Phase.FIELDS;
      this.#fieldParser.begin(this.#startLine.position);
    }
    if (this.#phase === Phase.FIELDS) {
      const status = this.#fieldParser.parse(bytes, base, end);
      if (status !== ParseStatus.DONE) return this.#stop(status);
      this.headLength = this.#fieldParser.position - this.startOffset;
      if (!this.#checkHead(bytes, base)) return this.#stop(ParseStatus.ERROR);
      this.#phase = Phase.DONE;
    }
    return this.#phase === Phase.DONE ? ParseStatus.DONE : ParseStatus.ERROR;
  }

  #stop(status: number): number {
    if (status === ParseStatus.ERROR) this.#phase = Phase.FAILED;
    return status;
  }

  #checkHead(bytes: Uint8Array, base: number): boolean {
    const code = this.isRequest ? this.#requestError(bytes, base) : this.#responseError();
    if (code === ParseError.NONE) return true;
    this.fail(code, this.fieldsEnd);
    return false;
  }

  #requestError(bytes: Uint8Array, base: number): number {
    if (!this.hasHost) return this.versionMinor === 1 ? ParseError.MISSING_HOST : ParseError.NONE;
    const hasAuthority = this.targetForm === TargetForm.ABSOLUTE || this.targetForm === TargetForm.AUTHORITY;
    return hasAuthority && !this.#hostAgrees(bytes, base) ? ParseError.HOST_MISMATCH : ParseError.NONE;
  }

  #hostAgrees(bytes: Uint8Array, base: number): boolean {
    const row = this.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
    return authoritiesAgree(
      bytes,
      base + this.authorityStart,
      base + this.authorityEnd,
      base + this.fields[row + FieldPart.VALUE_START],
      base + this.fields[row + FieldPart.VALUE_END],
      defaultTargetPort(this),
    );
  }

  #responseError(): number {
    const isBodyless = this.status < 200 || this.status === 204;
    return isBodyless && (this.isChunked || this.contentLength > 0)
      ? ParseError.BODY_NOT_ALLOWED
      : ParseError.NONE;
  }
}
