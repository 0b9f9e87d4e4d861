/**
 * A second copy of a message that is being sent, so that it can be sent again: one buffer, taken while the pool has plenty.
 *
 * May import: base, event, buffer, mux/waiting_bytes.
 *
 * @module
 */
import { BUFFER_SIZE } from "../buffer/pool.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

/** See the module's text. Empty, without a buffer, until {@linkcode MessageCopy.take}. */
export class MessageCopy extends WaitingBytes {
  /** Takes a buffer; false when the pool has none to spare. */
  take(): boolean {
    return this.takeSpareBuffer();
  }

  /** Adds `count` bytes of the buffer of `from`, from `start` on (counted as its `head` is); false when they do not fit. */
  append(from: WaitingBytes, start: number, count: number): boolean {
    if (this.tail + count > BUFFER_SIZE) return false;
    const at = this.base + this.tail;
    const fromStart = from.base + start;
    if (from.bytes === this.bytes) this.bytes.copyWithin(at, fromStart, fromStart + count);
    // Two slabs, which a pool has that is used a lot. A view costs less than a loop over a request's bytes.
    else this.bytes.set(from.bytes.subarray(fromStart, fromStart + count), at);
    this.tail += count;
    return true;
  }
}
