/**
 * A piece of memory that I/O is done from and into.
 *
 * A poller takes a slab and an offset instead of a subarray, so that a send or a receive allocates nothing. `address` is
 * where the memory lies in the process, for pollers that hand it to the kernel themselves (epoll); 0 until one asks.
 *
 * May import: nothing.
 *
 * @module
 */

/** Memory with a fixed place; lives as long as the pool or slot that made it. */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The memory's address in this process; 0 when no poller needed it yet. */
  address = 0;

  constructor(sizeBytes: number) {
    // Over a buffer of its own: a small typed array could lie on V8's heap and move.
    this.bytes = new Uint8Array(new ArrayBuffer(sizeBytes));
  }
}
