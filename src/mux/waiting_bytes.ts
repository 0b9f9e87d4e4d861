/**
 * What was received and waits to be sent: bytes in a pipe of the kernel, and behind them bytes in a buffer.
 *
 *     pipe     |  pipedBytes  |                                       not seen by anybody
 *     buffer   |  sent   |  received, waiting  |  room   |
 *              0       head                  tail     capacity
 *
 * - A buffer is taken when bytes are about to be received and given back as soon as it is empty.
 * - Where the poller has pipes, what comes in bulk goes through one of them instead: filled only while nothing waits, and given
 *   back when it is empty.
 *
 * May import: base, event, buffer.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import type { BufferWait } from "../buffer/buffer_wait.ts";
import { NO_BUFFER } from "../buffer/pool.ts";
import type { Engine } from "../event/engine.ts";
import { Direction } from "../event/fd_state.ts";

const NO_PIPE = -1;

/** What ends need from the process: the engine and its buffers. */
export interface EndContext {
  readonly engine: Engine;
  readonly buffers: BufferWait;
}

/** See the module's text. */
export class WaitingBytes {
  readonly context: EndContext;
  head = 0;
  tail = 0;
  /** Bytes that wait in a pipe, before those of the buffer. */
  pipedBytes = 0;
  /** Where `head` and `tail` count from in {@linkcode WaitingBytes.bytes}. */
  base = 0;
  protected slab: Slab | null = null;
  #pipe = NO_PIPE;
  #buffer = NO_BUFFER;

  constructor(context: EndContext) {
    this.context = context;
  }

  get hasBuffer(): boolean {
    return this.#buffer !== NO_BUFFER;
  }

  /** The memory of the buffer; valid while {@linkcode WaitingBytes.hasBuffer}. */
  get bytes(): Uint8Array {
    return this.slab!.bytes;
  }

  get waitingBytes(): number {
    return this.tail - this.head + this.pipedBytes;
  }

  /** Whether more may be received behind what waits: below `capacity`, or into a pipe once it is empty. */
  hasRoom(capacity: number): boolean {
    return this.tail < capacity && this.pipedBytes === 0;
  }

  /** Moves what waits to the front of the buffer, so that the room is in one piece. */
  compact(): void {
    if (this.head === 0) return;
    this.bytes.copyWithin(this.base, this.base + this.head, this.base + this.tail);
    this.tail -= this.head;
    this.head = 0;
  }

  /** Drops `count` bytes that wait, at least those in a pipe. */
  discard(count: number): void {
    this.head += count - this.pipedBytes;
    this.#dropPipe();
    if (this.head >= this.tail) this.dropBuffer();
  }

  /** Gives buffer and pipe back and forgets what waits in them. */
  releaseBuffer(): void {
    this.#dropPipe();
    this.dropBuffer();
  }

  /** Takes over the buffer of another end, with what waits in it. */
  protected takeBufferFrom(other: WaitingBytes): void {
    this.#buffer = other.#buffer;
    this.slab = other.slab;
    this.base = other.base;
    this.head = other.head;
    this.tail = other.tail;
    other.#buffer = NO_BUFFER;
    other.slab = null;
    other.head = other.tail = 0;
  }

  /** Takes a buffer for a receive on `fd`; false when there is none, and the direction is parked. */
  protected takeBuffer(fd: number, criticality: number): boolean {
    const { buffers } = this.context;
    this.#buffer = buffers.acquire(fd, Direction.RECV, criticality);
    if (this.#buffer === NO_BUFFER) return false;
    this.slab = buffers.pool.slab(this.#buffer);
    this.base = buffers.pool.offset(this.#buffer);
    this.head = this.tail = 0;
    return true;
  }

  /** Takes a buffer if the pool has plenty, else false: for what can do without. */
  protected takeSpareBuffer(): boolean {
    const { buffers } = this.context;
    this.#buffer = buffers.pool.takeSpare(buffers.granted);
    if (this.#buffer === NO_BUFFER) return false;
    this.slab = buffers.pool.slab(this.#buffer);
    this.base = buffers.pool.offset(this.#buffer);
    this.head = this.tail = 0;
    return true;
  }

  protected dropBuffer(): void {
    if (this.#buffer === NO_BUFFER) return;
    const buffer = this.#buffer;
    this.#buffer = NO_BUFFER;
    this.slab = null;
    this.head = this.tail = 0;
    this.context.buffers.release(buffer);
  }

  /** Moves at most `limitBytes` out of a socket into a pipe, as Pipes.fill; -ENOBUFS when none is free. */
  protected fillPipe(fd: number, limitBytes: number): number {
    const pipes = this.context.engine.poller.pipes!;
    const pipe = pipes.take();
    if (pipe === NO_PIPE) return -Errno.ENOBUFS;
    const count = pipes.fill(pipe, fd, limitBytes);
    if (count > 0) {
      this.#pipe = pipe;
      this.pipedBytes = count;
    } else pipes.give(pipe, true);
    return count;
  }

  /** Moves what is in the pipe into a socket; returns as a send of it. A short count proves nothing: the socket is asked until it refuses. */
  protected drainPipe(fd: number, hasMore: boolean): number {
    const pipes = this.context.engine.poller.pipes!;
    const wanted = this.pipedBytes;
    let count = 0;
    while (this.pipedBytes > 0) {
      count = pipes.drain(this.#pipe, fd, this.pipedBytes, hasMore);
      if (count <= 0) break;
      this.pipedBytes -= count;
    }
    if (this.pipedBytes === 0) this.#dropPipe();
    const drained = wanted - this.pipedBytes;
    return drained > 0 ? drained : count;
  }

  #dropPipe(): void {
    if (this.#pipe === NO_PIPE) return;
    this.context.engine.poller.pipes!.give(this.#pipe, this.pipedBytes === 0);
    this.#pipe = NO_PIPE;
    this.pipedBytes = 0;
  }
}
