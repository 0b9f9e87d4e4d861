/**
 * Follows the records that a connection begins with until the client hello in them is whole: bounded, incremental, without allocation.
 *
 *     RECORD HEADER --5 bytes, handshake--> FRAGMENT --its end--> RECORD HEADER
 *                                               |
 *                                               +--the message's 4 bytes of header, then its body, whole--> DONE
 *
 * Every byte is looked at once: one of these belongs to a connection, and keeps offsets from the first byte, so that the bytes may
 * move. What it finds does not depend on how they arrived: each check belongs to the byte that decides it.
 *
 * What follows the hello is not looked at.
 *
 * May import: protocol/tls.
 *
 * @module
 */
import { HelloError } from "./hello_error.ts";
import {
  ContentType,
  FRAGMENT_BYTES_MAX,
  HELLO_BYTES_MAX,
  MESSAGE_HEADER_BYTES,
  MessageType,
  RECORD_HEADER_BYTES,
  VERSION_MAJOR,
} from "./layout.ts";

/** What {@linkcode HelloRecords.follow} returns. */
export const HelloStatus = { NEED_MORE: 0, DONE: 1, ERROR: -1 } as const;

/** An SSLv2 record's length has this bit; its third byte is the type of the message, 1 for a client hello. */
const SSL2_BIT = 0x80;
const SSL2_TYPE_AT = 2;

/** No error: the byte that decides has not come. */
const NEED_MORE = -1;

/** See the module's text. */
export class HelloRecords {
  /** A value of HelloError, after ERROR. */
  errorCode: number = HelloError.NONE;
  /** The next byte to be looked at. */
  #at = 0;
  /** Where the current record's header begins, and its fragment ends; the same while the header is not whole. */
  #recordStart = 0;
  #fragmentEnd = 0;
  /** Of the message's header. */
  #headerCount = 0;
  /** Bytes of the message's body that have not come yet. */
  #missing = 0;

  /** Looks at `bytes[start, end)`, of which the first is the connection's first. Of no effect after DONE or ERROR but to say so again. */
  follow(bytes: Uint8Array, start: number, end: number): number {
    if (this.errorCode !== HelloError.NONE) return HelloStatus.ERROR;
    const size = end - start;
    while (this.#at < size && !this.#isWhole) {
      const isHeader = this.#at >= this.#fragmentEnd;
      const code = isHeader
        ? this.#followHeader(bytes, start, size)
        : this.#followFragment(bytes, start, size);
      if (code === HelloError.NONE) continue;
      if (code === NEED_MORE) break;
      this.errorCode = code;
      return HelloStatus.ERROR;
    }
    return this.#isWhole ? HelloStatus.DONE : HelloStatus.NEED_MORE;
  }

  get #isWhole(): boolean {
    return this.#headerCount === MESSAGE_HEADER_BYTES && this.#missing === 0;
  }

  /** One more byte of a record's header; the length is read with its last one. */
  #followHeader(bytes: Uint8Array, start: number, size: number): number {
    const isFirst = this.#recordStart === 0;
    const byte = bytes[start + this.#at]!;
    switch (this.#at - this.#recordStart) {
      case 0:
        if (byte === ContentType.HANDSHAKE) break;
        if (!isFirst) return HelloError.BAD_RECORD;
        if ((byte & SSL2_BIT) === 0) return HelloError.NOT_TLS;
        if (size <= SSL2_TYPE_AT) return NEED_MORE;
        return bytes[start + SSL2_TYPE_AT] === MessageType.CLIENT_HELLO
          ? HelloError.SSL2
          : HelloError.NOT_TLS;
      case 1:
        if (byte === VERSION_MAJOR) break;
        return isFirst ? HelloError.NOT_TLS : HelloError.BAD_RECORD;
      case RECORD_HEADER_BYTES - 1: {
        const length = bytes[start + this.#at - 1]! << 8 | byte;
        if (length === 0 || length > FRAGMENT_BYTES_MAX) return HelloError.BAD_RECORD;
        this.#at++;
        this.#fragmentEnd = this.#at + length;
        return this.#checkSize();
      }
    }
    this.#at++;
    return HelloError.NONE;
  }

  #followFragment(bytes: Uint8Array, start: number, size: number): number {
    if (this.#headerCount < MESSAGE_HEADER_BYTES) {
      const byte = bytes[start + this.#at++]!;
      if (this.#headerCount++ === 0) {
        if (byte !== MessageType.CLIENT_HELLO) return HelloError.NOT_A_HELLO;
      } else this.#missing = this.#missing << 8 | byte;
      if (this.#headerCount === MESSAGE_HEADER_BYTES) {
        if (this.#missing === 0) return HelloError.TOO_SHORT;
        const code = this.#checkSize();
        if (code !== HelloError.NONE) return code;
      }
    } else {
      const count = Math.min(this.#missing, Math.min(size, this.#fragmentEnd) - this.#at);
      this.#at += count;
      this.#missing -= count;
    }
    if (this.#at === this.#fragmentEnd) this.#recordStart = this.#at;
    return HelloError.NONE;
  }

  /** How long it will be at least is known from the message's header on. */
  #checkSize(): number {
    const isKnown = this.#headerCount === MESSAGE_HEADER_BYTES;
    return isKnown && this.#at + this.#missing > HELLO_BYTES_MAX ? HelloError.TOO_LONG : HelloError.NONE;
  }
}
