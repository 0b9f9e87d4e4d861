/**
 * An id for each request (HAProxy: unique-id): 32 hexadecimal digits.
 *
 *     8 bytes at random, once per engine   |   8 bytes that count its requests
 *
 * Unlike over threads, restarts and machines; no secret: who knows one can guess the next. Written as bytes, no string is made.
 *
 * May import: proxy.
 *
 * @module
 */
import type { LogRecord } from "./log_record.ts";

/** Length of an id, in bytes of text. */
export const UNIQUE_ID_BYTES = 32;

const RANDOM_BYTES = 8;
const DIGITS = new TextEncoder().encode("0123456789abcdef");

/** Gives out ids. */
export class UniqueIds {
  readonly #value = new Uint8Array(UNIQUE_ID_BYTES / 2);

  /** @param random Eight bytes that no other engine has. */
  constructor(random: Uint8Array) {
    this.#value.set(random.subarray(0, RANDOM_BYTES));
  }

  /** Gives a request the next id: at the end of its record's capture. */
  assign(record: LogRecord): void {
    const value = this.#value;
    for (let place = value.length - 1; place >= RANDOM_BYTES; place--) {
      value[place]++;
      if (value[place] !== 0) break;
    }
    const { capture, uniqueId } = record;
    uniqueId.offset = capture.length - UNIQUE_ID_BYTES;
    uniqueId.length = UNIQUE_ID_BYTES;
    for (let i = 0; i < value.length; i++) {
      capture[uniqueId.offset + 2 * i] = DIGITS[value[i] >> 4];
      capture[uniqueId.offset + 2 * i + 1] = DIGITS[value[i] & 15];
    }
  }
}
