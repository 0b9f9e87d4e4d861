/**
 * Chunked bodies, verified byte by byte as they pass (RFC 9112 section 7.1). Nothing is kept but a few integers.
 *
 *     state        reads                                            then
 *     SIZE         1 to 13 HEXDIG; ";" SP HTAB CR                   EXTENSION, BLANK, SIZE_LF
 *     BLANK        SP / HTAB, ";"                                   EXTENSION
 *     EXTENSION    SP / HTAB / 0x21-0x7E; DQUOTE; CR                QUOTED, SIZE_LF
 *     QUOTED       SP / HTAB / 0x21-0x7E; "\"; DQUOTE               ESCAPED, EXTENSION
 *     SIZE_LF      LF                                               DATA, or LINE_START after size 0
 *     DATA         chunk-size octets                                DATA_CR, DATA_LF, SIZE
 *     (trailers)   `TrailerScanner`                                 DONE
 *
 * Limits: 13 digits (2^52-1 bytes) a chunk; 256 bytes of extensions a chunk, and 16 kB of them beyond the payload so far, so
 * that one-byte chunks cannot make the framing cost without end (Go's CVE-2023-39326); trailers, see `trailer_scanner.ts`.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { ParseError } from "./parse_error.ts";
import { MAX_TRAILER_BYTES, TrailerScanner } from "./trailer_scanner.ts";

/** Digits of a chunk size. */
const MAX_CHUNK_SIZE_DIGITS = 13;
/** Bytes of one chunk's extensions, from the first byte after the size to the CR. */
export const MAX_CHUNK_EXTENSION_BYTES = 256;
/** Bytes of extensions that a body may have in excess of its payload. */
export const MAX_EXCESS_EXTENSION_BYTES = 16 * 1024;

const State = {
  SIZE: 0,
  BLANK: 1,
  EXTENSION: 2,
  QUOTED: 3,
  ESCAPED: 4,
  SIZE_LF: 5,
  DATA: 6,
  DATA_CR: 7,
  DATA_LF: 8,
  TRAILERS: 9,
  DONE: 10,
  FAILED: 11,
} as const;

/** Walks chunked bodies, one after another. */
export class ChunkScanner {
  /** A value of `ParseError`, 0 while there is none; set, it stays until `reset`. */
  errorCode = 0;
  /** Index after the last byte that the last `scan` or `decode` took: where the error, the next message or more bytes lie. */
  consumedEnd = 0;
  /** Payload bytes seen since `reset`. */
  payloadSizeBytes = 0;
  /** Keeps what `decode` would lose: set it after `reset`. */
  keepsTrailers = false;
  /** Field lines of the trailer section and its last CRLF, `trailerBytes` of them; nothing for a section without fields. */
  trailers: Uint8Array | null = null;
  trailerBytes = 0;

  #state: number = State.SIZE;
  #digitCount = 0;
  /** The size being read, then what is left of the chunk. */
  #remaining = 0;
  #extensionLength = 0;
  #excess = 0;
  #trailers = new TrailerScanner();

  /** The whole body, trailers and last CRLF included, has been seen. */
  get isDone(): boolean {
    return this.#state === State.DONE;
  }

  /** Forgets the body; call it before each one. */
  reset(): void {
    this.errorCode = 0;
    this.consumedEnd = 0;
    this.payloadSizeBytes = 0;
    this.keepsTrailers = false;
    this.trailers = null;
    this.trailerBytes = 0;
    this.#state = State.SIZE;
    this.#digitCount =
      this.#remaining =
      this.#extensionLength =
      this.#excess =
        0;
    this.#trailers.reset();
    this.trailers = null;
    this.keepsTrailers = false;
  }

  /**
   * Verifies `bytes[start, end)`, which follows what earlier calls took. Returns the index after the last byte that belongs to
   * the body and is well-formed: `end` while the body goes on, less once `isDone` or on an error.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    this.#walk(bytes, start, end, false);
    return this.consumedEnd;
  }

  /**
   * Verifies like {@linkcode scan}, and moves the payload to the front of `bytes[start, end)`, without the framing. Returns the
   * index after the payload. Bytes of the next message stay where they are, from `consumedEnd`.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    return this.#walk(bytes, start, end, true);
  }

  #walk(bytes: Uint8Array, start: number, end: number, isCompacting: boolean): number {
    let at = start;
    let payloadEnd = start;
    while (at < end && this.#state < State.DONE) {
      if (this.#state === State.DATA) {
        const length = Math.min(this.#remaining, end - at);
        if (isCompacting && payloadEnd !== at) bytes.copyWithin(payloadEnd, at, at + length);
        payloadEnd += length;
        this.#takePayload(length);
        at += length;
      } else if (this.#state === State.TRAILERS) {
        at = this.#scanTrailers(bytes, at, end);
      } else if (this.#step(bytes[at])) {
        at++;
      }
    }
    this.consumedEnd = at;
    return payloadEnd;
  }

  #takePayload(length: number): void {
    this.payloadSizeBytes += length;
    this.#excess = Math.max(0, this.#excess - length);
    this.#remaining -= length;
    if (this.#remaining === 0) this.#state = State.DATA_CR;
  }

  #scanTrailers(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#trailers.scan(bytes, at, end);
    if (this.#trailers.errorCode !== ParseError.NONE) this.#fail(this.#trailers.errorCode);
    else if (this.#trailers.isDone) this.#state = State.DONE;
    if (this.keepsTrailers) this.#keepTrailers(bytes, at, next);
    return next;
  }

  #keepTrailers(bytes: Uint8Array, start: number, end: number): void {
    const isEmptyLine = this.trailerBytes === 0 && (bytes[start] === Octet.CR || bytes[start] === Octet.LF);
    if (isEmptyLine) return;
    this.trailers ??= new Uint8Array(MAX_TRAILER_BYTES);
    for (let at = start; at < end; at++) this.trailers[this.trailerBytes++] = bytes[at];
  }

  /** Takes one byte of framing. Returns false, with `errorCode` set, when it is wrong. */
  #step(octet: number): boolean {
    switch (this.#state) {
      case State.SIZE:
        return this.#readSize(octet);
      case State.BLANK:
      case State.EXTENSION:
      case State.QUOTED:
      case State.ESCAPED:
        return this.#readExtension(octet);
      case State.SIZE_LF:
        if (octet !== Octet.LF) return this.#fail(ParseError.BARE_CR);
        this.#state = this.#remaining === 0 ? State.TRAILERS : State.DATA;
        return true;
      case State.DATA_CR:
        if (octet !== Octet.CR) return this.#fail(ParseError.MISSING_CHUNK_END);
        this.#state = State.DATA_LF;
        return true;
      default:
        if (octet !== Octet.LF) return this.#fail(ParseError.MISSING_CHUNK_END);
        this.#startSize();
        return true;
    }
  }

  #startSize(): void {
    this.#state = State.SIZE;
    this.#digitCount = this.#extensionLength = 0;
  }

  #readSize(octet: number): boolean {
    if ((OCTET_CLASS[octet] & OctetClass.HEX) !== 0) {
      if (this.#digitCount === MAX_CHUNK_SIZE_DIGITS) return this.#fail(ParseError.CHUNK_SIZE_TOO_LONG);
      this.#digitCount++;
      this.#remaining = this.#remaining * 16 + hexValue(octet);
      return true;
    }
    if (octet === Octet.LF) return this.#fail(ParseError.BARE_LF);
    if (this.#digitCount === 0) return this.#fail(ParseError.BAD_CHUNK_SIZE);
    if (octet === Octet.CR) {
      this.#state = State.SIZE_LF;
      return true;
    }
    if (octet !== Octet.SEMICOLON && (OCTET_CLASS[octet] & OctetClass.BLANK) === 0) {
      return this.#fail(ParseError.BAD_CHUNK_SIZE);
    }
    this.#state = octet === Octet.SEMICOLON ? State.EXTENSION : State.BLANK;
    return this.#countExtension();
  }

  #readExtension(octet: number): boolean {
    if (octet === Octet.LF) return this.#fail(ParseError.BARE_LF);
    if (octet === Octet.CR && this.#state === State.EXTENSION) {
      this.#state = State.SIZE_LF;
      return true;
    }
    if (octet > 0x7e || (OCTET_CLASS[octet] & OctetClass.VALUE) === 0) {
      return this.#fail(ParseError.BAD_CHUNK_EXTENSION);
    }
    if (
      this.#state === State.BLANK && octet !== Octet.SEMICOLON &&
      (OCTET_CLASS[octet] & OctetClass.BLANK) === 0
    ) {
      return this.#fail(ParseError.BAD_CHUNK_SIZE);
    }
    this.#state = extensionStateAfter(this.#state, octet);
    return this.#countExtension();
  }

  #countExtension(): boolean {
    this.#extensionLength++;
    this.#excess++;
    if (this.#extensionLength <= MAX_CHUNK_EXTENSION_BYTES && this.#excess <= MAX_EXCESS_EXTENSION_BYTES) {
      return true;
    }
    return this.#fail(ParseError.CHUNK_EXTENSION_TOO_LONG);
  }

  #fail(code: number): false {
    this.errorCode = code;
    this.#state = State.FAILED;
    return false;
  }
}

/** Returns the state after a well-formed byte of the extensions: a quoted string may hold anything but its closing quote. */
function extensionStateAfter(state: number, octet: number): number {
  switch (state) {
    case State.BLANK:
      return octet === Octet.SEMICOLON ? State.EXTENSION : State.BLANK;
    case State.EXTENSION:
      return octet === Octet.QUOTE ? State.QUOTED : State.EXTENSION;
    case State.QUOTED:
      if (octet === Octet.BACKSLASH) return State.ESCAPED;
      return octet === Octet.QUOTE ? State.EXTENSION : State.QUOTED;
    default:
      return State.QUOTED;
  }
}

function hexValue(octet: number): number {
  return octet <= 0x39 ? octet - 0x30 : (octet | 0x20) - 0x57;
}
