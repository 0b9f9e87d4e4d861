/**
 * One end of a stream: a socket, and the one buffer in which received bytes wait until the other end took them.
 *
 *     buffer   |  sent   |  received, waiting  |  room   |
 *              0       head                  tail     capacity
 *
 * - A buffer is taken when bytes are about to be received and given back as soon as it is empty.
 * - Sending needs no buffer: an end sends out of the other end's. What the socket does not take stays where it is.
 * - The end follows what its socket said (EAGAIN, short counts, end of stream, errors); what to want next is its owner's.
 *
 * May import: base, event, buffer.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import type { BufferWait } from "../buffer/buffer_wait.ts";
import { BUFFER_SIZE, NO_BUFFER } from "../buffer/pool.ts";
import type { Engine } from "../event/engine.ts";
import { Direction, FdFlag, FdState } from "../event/fd_state.ts";
import { IoClass } from "../event/io_queue.ts";

/** Bytes moved without a pause after which a connection is bulk traffic. */
const BULK_BYTES = 256 * 1_024;

/** No socket. */
export const NO_FD = -1;

/** What ends need from the process: the engine and its buffers. */
export interface EndContext {
  readonly engine: Engine;
  readonly buffers: BufferWait;
}

/** See the module's text. */
export class SocketEnd {
  readonly context: EndContext;
  fd = NO_FD;
  /** The peer ended its sending side: nothing more will be received. */
  isReceiveEnded = false;
  /** Negated error number of a receive that failed; 0 for none. Nothing more will be received. */
  receiveError = 0;
  /** The same of a send. What the peer said before may still be received. */
  sendError = 0;
  /** Our sending side was ended. */
  isSendEnded = false;
  /** The last send found the socket full: a possible send will be reported. */
  isSendBlocked = false;
  head = 0;
  tail = 0;
  /** The last receive filled the room: more is waiting in the kernel, most likely. */
  isReceiveFull = false;
  /** Bytes received and sent since the owner last set them to 0. */
  receivedBytes = 0;
  sentBytes = 0;
  #buffer = NO_BUFFER;
  #slab: Slab | null = null;
  #base = 0;
  #burstBytes = 0;
  #normalClass = 2;

  constructor(context: EndContext) {
    this.context = context;
  }

  /** Begins with an open socket; `ioClass` is where it returns to after a burst. */
  open(fd: number, ioClass: number): void {
    assert(this.fd === NO_FD && this.#buffer === NO_BUFFER, "an end is closed when opened");
    this.fd = fd;
    this.isReceiveEnded =
      this.isSendEnded =
      this.isSendBlocked =
      this.isReceiveFull =
        false;
    this.receiveError =
      this.sendError =
      this.head =
      this.tail =
        0;
    this.receivedBytes = this.sentBytes = this.#burstBytes = 0;
    this.#normalClass = ioClass;
  }

  /** Changes where the socket returns to after a burst: it serves somebody else now. */
  setNormalClass(ioClass: number): void {
    if (this.#normalClass === ioClass) return;
    this.#normalClass = ioClass;
    this.context.engine.fdTable.setClass(this.fd, ioClass);
  }

  get hasBuffer(): boolean {
    return this.#buffer !== NO_BUFFER;
  }

  /** The memory of the buffer; valid while {@linkcode SocketEnd.hasBuffer}. */
  get bytes(): Uint8Array {
    return this.#slab!.bytes;
  }

  /** Where `head` and `tail` count from in {@linkcode SocketEnd.bytes}. */
  get base(): number {
    return this.#base;
  }

  /** Whether the socket is known or supposed to have something to receive. */
  get canReceive(): boolean {
    return !this.isReceiveEnded && this.receiveError === 0 &&
      (this.context.engine.fdTable.state(this.fd) & FdState.READY_R) !== 0;
  }

  /** Whether the socket is known or supposed to take bytes. */
  get canSend(): boolean {
    return this.sendError === 0 && !this.isSendEnded &&
      (!this.isSendBlocked || (this.context.engine.fdTable.state(this.fd) & FdState.READY_W) !== 0);
  }

  /** The peer is known to have ended or failed: behind what can still be received. */
  get isHungUp(): boolean {
    return (this.context.engine.fdTable.flags(this.fd) & (FdFlag.HANGUP | FdFlag.ERROR)) !== 0;
  }

  /** Wants to receive, or stops wanting. Of no effect once the receiving side ended. */
  setReceiving(isWanted: boolean): void {
    const table = this.context.engine.fdTable;
    if (isWanted && !this.isReceiveEnded && this.receiveError === 0) table.wantRecv(this.fd);
    else table.stopRecv(this.fd);
  }

  get waitingBytes(): number {
    return this.tail - this.head;
  }

  /**
   * Receives once into the room below `capacity` (at most BUFFER_SIZE). Returns the count, 0 at the end of the stream,
   * -EAGAIN, -ENOBUFS when there is no room (receiving is stopped) or no buffer (the direction is parked), or the negated error.
   */
  receive(criticality: number, capacity: number): number {
    const { engine, buffers } = this.context;
    if (this.#buffer === NO_BUFFER) {
      this.#buffer = buffers.acquire(this.fd, Direction.RECV, criticality);
      if (this.#buffer === NO_BUFFER) return -Errno.ENOBUFS;
      this.#slab = buffers.pool.slab(this.#buffer);
      this.#base = buffers.pool.offset(this.#buffer);
      this.head = this.tail = 0;
    }
    const room = capacity - this.tail;
    if (room <= 0) {
      engine.fdTable.stopRecv(this.fd);
      return -Errno.ENOBUFS;
    }
    const count = engine.recv(this.fd, this.#slab!, this.#base + this.tail, room);
    if (count > 0) {
      this.tail += count;
      this.receivedBytes += count;
      this.isReceiveFull = count === room;
      if (count < room) {
        this.#burstBytes = 0;
        // An end or an error behind these bytes was reported with them and will not be again: it is still to be received.
        if (engine.poller.isShortReadEmpty && !this.isHungUp) engine.fdTable.cantRecv(this.fd);
      }
      this.#follow(count);
      return count;
    }
    if (this.head === this.tail) this.releaseBuffer();
    if (count === -Errno.EAGAIN) {
      engine.fdTable.cantRecv(this.fd);
      return count;
    }
    engine.fdTable.stopRecv(this.fd);
    if (count === 0) this.isReceiveEnded = true;
    else this.receiveError = count;
    return count;
  }

  /**
   * Sends `sizeBytes` of what waits in `source` through this socket; `hasMore` says that more follows at once. Returns the count taken, or the negated error; when not
   * all was taken a possible send is awaited ({@linkcode SocketEnd.isSendBlocked}).
   */
  sendFrom(source: SocketEnd, sizeBytes: number, hasMore = false): number {
    const count = this.sendBytes(source.#slab!, source.#base + source.head, sizeBytes, hasMore);
    if (count > 0) {
      source.head += count;
      if (source.head === source.tail) source.releaseBuffer();
    }
    return count;
  }

  /** As {@linkcode SocketEnd.sendFrom}, from memory of any kind. */
  sendBytes(slab: Slab, offset: number, sizeBytes: number, hasMore = false): number {
    const { engine } = this.context;
    const count = engine.send(this.fd, slab, offset, sizeBytes, hasMore);
    if (count === sizeBytes) {
      this.sentBytes += count;
      this.isSendBlocked = false;
      engine.fdTable.stopSend(this.fd);
      return count;
    }
    if (count < 0 && count !== -Errno.EAGAIN) {
      this.sendError = count;
      this.isSendBlocked = false;
      engine.fdTable.stopSend(this.fd);
      return count;
    }
    const taken = Math.max(0, count);
    this.sentBytes += taken;
    this.isSendBlocked = true;
    engine.fdTable.cantSend(this.fd);
    engine.fdTable.wantSend(this.fd);
    return taken;
  }

  /** Ends our sending side after what was sent; once. */
  endSend(): void {
    if (this.isSendEnded || this.fd === NO_FD) return;
    this.isSendEnded = true;
    this.context.engine.poller.shutdownSend(this.fd);
  }

  /** Moves what waits to the front of the buffer, so that the room is in one piece. */
  compact(): void {
    if (this.head === 0) return;
    this.bytes.copyWithin(this.#base, this.#base + this.head, this.#base + this.tail);
    this.tail -= this.head;
    this.head = 0;
  }

  /** Drops `count` bytes that wait. */
  discard(count: number): void {
    this.head += count;
    if (this.head >= this.tail) this.releaseBuffer();
  }

  /** Gives the buffer back and forgets what waits in it. */
  releaseBuffer(): void {
    if (this.#buffer === NO_BUFFER) return;
    const buffer = this.#buffer;
    this.#buffer = NO_BUFFER;
    this.#slab = null;
    this.head = this.tail = 0;
    this.context.buffers.release(buffer);
  }

  /** Closes the socket and gives back what it holds; harmless when closed. */
  closeSocket(isReset: boolean): void {
    if (this.fd === NO_FD) return;
    const fd = this.fd;
    this.fd = NO_FD;
    this.context.engine.close(fd, isReset);
    this.releaseBuffer();
  }

  /** A connection that moves much without a pause becomes bulk, and normal again after one. */
  #follow(count: number): void {
    const table = this.context.engine.fdTable;
    this.#burstBytes += count;
    const isBulk = this.#burstBytes > BULK_BYTES && this.#normalClass === IoClass.NORMAL;
    const wanted = isBulk ? IoClass.BULK : this.#normalClass;
    if (table.ioClass(this.fd) !== wanted) table.setClass(this.fd, wanted);
  }
}

/** The whole buffer: what bodies and tunnels may fill. */
export const FULL_CAPACITY = BUFFER_SIZE;
