/**
 * A piece of memory that I/O is done from and into.
 *
 * A poller takes a slab and an offset instead of a subarray, so that a send or a receive allocates nothing. Where the memory
 * lies is noted by pollers that hand it to the kernel themselves (epoll).
 *
 * May import: nothing.
 *
 * @module
 */

/** Memory with a fixed place, in pieces of one size; lives as long as the pool or slot that made it. */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pieceBytes: number;
  /** The memory's address in this process; 0 until a poller asked. */
  address = 0;
  /** What a poller made to point to each piece. */
  readonly pointers: unknown[] = [];

  /** @param pieceBytes Most I/O begins at a multiple of it. @default {sizeBytes} */
  constructor(sizeBytes: number, pieceBytes = sizeBytes) {
    // Over a buffer of its own: a small typed array could lie on V8's heap and move.
    this.bytes = new Uint8Array(new ArrayBuffer(sizeBytes));
    this.pieceBytes = pieceBytes;
  }
}
