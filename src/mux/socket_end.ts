/**
 * One end of a stream: a socket, and what was received from it and waits until the other end took it (waiting_bytes.ts).
 *
 * - Sending needs no memory: an end sends out of what waits at the other end. What the socket does not take stays where it is.
 * - The end follows what its socket said (EAGAIN, short counts, end of stream, errors); what to want next is its owner's.
 *
 * May import: base, event, buffer, mux/waiting_bytes.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import { BUFFER_SIZE } from "../buffer/pool.ts";
import { FdFlag, FdState } from "../event/fd_state.ts";
import { IoClass } from "../event/io_queue.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

/** Bytes moved without a pause after which a connection is bulk traffic. */
const BULK_BYTES = 256 * 1_024;

/** Bytes through a pipe in one go at most: what a handler's call may cost. */
const PIPED_BYTES_MAX = 256 * 1_024;

/** No socket. */
export const NO_FD = -1;

/** See the module's text. */
export class SocketEnd extends WaitingBytes {
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
  /** The last receive filled the room: more is waiting in the kernel, most likely. */
  isReceiveFull = false;
  /** Bytes received and sent since the owner last set them to 0. */
  receivedBytes = 0;
  sentBytes = 0;
  /** Neither it nor its partner is encrypted: what is not seen may pass through a pipe. */
  #isPlain = true;
  #burstBytes = 0;
  #normalClass = 2;

  /** Begins with an open socket; `ioClass` is where it returns to after a burst. */
  open(fd: number, ioClass: number): void {
    assert(this.fd === NO_FD && !this.hasBuffer, "an end is closed when opened");
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

  /** Begins with the socket of another end and what waits there, as if this one had received it; the other one is closed then. */
  openFrom(other: SocketEnd, ioClass: number): void {
    this.open(other.fd, ioClass);
    other.fd = NO_FD;
    this.isReceiveEnded = other.isReceiveEnded;
    this.receiveError = other.receiveError;
    this.isReceiveFull = other.isReceiveFull;
    this.takeBufferFrom(other);
    this.receivedBytes = this.waitingBytes;
  }

  /** From now on what one of the two receives is sent by the other. */
  pairWith(other: SocketEnd): void {
    const { tls } = this.context.engine.poller;
    const isPlain = tls === null || !(tls.isOn(this.fd) || tls.isOn(other.fd));
    this.#isPlain = other.#isPlain = isPlain;
  }

  /** Changes where the socket returns to after a burst: it serves somebody else now. */
  setNormalClass(ioClass: number): void {
    if (this.#normalClass === ioClass) return;
    this.#normalClass = ioClass;
    this.context.engine.fdTable.setClass(this.fd, ioClass);
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

  /** Whether the next bytes may pass through a pipe: they come fast, and nothing waits. */
  get isPipeable(): boolean {
    return this.isReceiveFull && this.waitingBytes === 0 && this.#isPlain &&
      this.context.engine.poller.pipes !== null;
  }

  /**
   * Receives at most `limitBytes` into a pipe; only while {@linkcode SocketEnd.isPipeable}. Returns as
   * {@linkcode SocketEnd.receive} does; -ENOBUFS: no pipe is free, and a buffer must do.
   */
  receivePiped(limitBytes: number): number {
    const count = this.fillPipe(this.fd, Math.min(limitBytes, PIPED_BYTES_MAX));
    if (count === -Errno.ENOBUFS) return count;
    if (count > 0) {
      this.receivedBytes += count;
      this.#follow(count);
      return count;
    }
    this.isReceiveFull = false;
    this.noteReceiveEnd(count);
    return count;
  }

  /**
   * Receives once into the room below `capacity` (at most BUFFER_SIZE). Returns the count, 0 at the end of the stream,
   * -EAGAIN, -ENOBUFS when there is no room (receiving is stopped) or no buffer (the direction is parked), or the negated error.
   */
  receive(criticality: number, capacity: number): number {
    const { engine } = this.context;
    if (!this.hasBuffer && !this.takeBuffer(this.fd, criticality)) return -Errno.ENOBUFS;
    const room = capacity - this.tail;
    if (room <= 0) {
      engine.fdTable.stopRecv(this.fd);
      return -Errno.ENOBUFS;
    }
    const count = engine.recv(this.fd, this.slab!, this.base + this.tail, room);
    if (count > 0) {
      this.tail += count;
      this.noteReceived(count, room);
      return count;
    }
    if (this.head === this.tail) this.dropBuffer();
    this.noteReceiveEnd(count);
    return count;
  }

  /** What a receive of `count` bytes into `room` says of the socket. */
  protected noteReceived(count: number, room: number): void {
    const { engine } = this.context;
    this.receivedBytes += count;
    this.isReceiveFull = count === room;
    if (count < room) {
      this.#burstBytes = 0;
      // An end or an error behind these bytes was reported with them and will not be again: it is still to be received.
      if (engine.poller.isShortReadEmpty && !this.isHungUp) engine.fdTable.cantRecv(this.fd);
    }
    this.#follow(count);
  }

  /**
   * Sends `sizeBytes` of what waits in `source` (if some of it is in a pipe, all that is there) through this socket; `hasMore` says that more follows at once, `_isLast` that the message ends with it (for ends that frame messages). Returns the count taken, or the negated error; when not
   * all was taken a possible send is awaited ({@linkcode SocketEnd.isSendBlocked}).
   */
  sendFrom(source: SocketEnd, sizeBytes: number, hasMore = false, _isLast = false): number {
    if (source.pipedBytes > 0) {
      const wanted = source.pipedBytes;
      return this.#noteSent(source.drainPipe(this.fd, hasMore), wanted);
    }
    const count = this.sendBytes(source.slab!, source.base + source.head, sizeBytes, hasMore);
    if (count > 0) {
      source.head += count;
      if (source.head === source.tail) source.dropBuffer();
    }
    return count;
  }

  /** As {@linkcode SocketEnd.sendFrom}, from memory of any kind. */
  sendBytes(slab: Slab, offset: number, sizeBytes: number, hasMore = false): number {
    const count = this.context.engine.send(this.fd, slab, offset, sizeBytes, hasMore);
    return this.#noteSent(count, sizeBytes);
  }

  /** What a send said of the socket; returns the count taken, or the negated error. */
  #noteSent(count: number, sizeBytes: number): number {
    const { engine } = this.context;
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

  /** Closes the socket and gives back what it holds; harmless when closed. */
  closeSocket(isReset: boolean): void {
    if (this.fd === NO_FD) return;
    const fd = this.fd;
    this.fd = NO_FD;
    this.context.engine.close(fd, isReset);
    this.releaseBuffer();
  }

  /** What a receive that brought nothing said of the socket. */
  protected noteReceiveEnd(result: number): void {
    const { fdTable } = this.context.engine;
    if (result === -Errno.EAGAIN) {
      fdTable.cantRecv(this.fd);
      return;
    }
    fdTable.stopRecv(this.fd);
    if (result === 0) this.isReceiveEnded = true;
    else this.receiveError = result;
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
