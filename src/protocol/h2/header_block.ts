/**
 * Puts together a header block that comes in HEADERS and CONTINUATION frames (RFC 9113 section 4.3), in bounded memory.
 *
 * A block in one HEADERS frame is decoded where it lies, and never comes here. Two floods end here: blocks without end, and CONTINUATION
 * frames with nothing in them.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { Fault } from "./fault.ts";

/** CONTINUATION frames that one block may have. A peer that fills its frames needs four for 64 kB. */
export const MAX_CONTINUATIONS = 32;

/** The block of one stream at a time; one serves a connection, or an engine whose connections give it back in time. */
export class HeaderBlock {
  readonly bytes: Uint8Array;
  /** Bytes of the block so far; it begins at index 0. */
  length = 0;
  #fragmentCount = 0;

  /** `bytes` bounds the block's length. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Forgets the block; call it before the fragment of HEADERS. */
  reset(): void {
    this.length = this.#fragmentCount = 0;
  }

  /** Adds a fragment. Returns a `Fault`, 0 for none. */
  append(source: Uint8Array, start: number, end: number): number {
    if (this.#fragmentCount > MAX_CONTINUATIONS) return Fault.TOO_MANY_CONTINUATIONS;
    if (this.length + end - start > this.bytes.length) return Fault.BLOCK_TOO_LARGE;
    this.#fragmentCount++;
    for (let i = start; i < end; i++) this.bytes[this.length + i - start] = source[i];
    this.length += end - start;
    return Fault.NONE;
  }
}
