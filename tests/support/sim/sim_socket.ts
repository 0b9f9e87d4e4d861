/**
 * A simulated TCP socket and the pipes between two of them, with the corners of Linux's: what arrived before a reset can
 * still be received, a close with unread bytes resets, bytes for a closed socket are answered with a reset.
 *
 *     send --room?--> in flight --arrive (the network's step)--> available --receive-->
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import { FdState } from "../../../src/event/fd_state.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";

/** One direction: a ring of bytes, of which the first `availableBytes` have arrived. */
export class SimPipe {
  readonly #ring: Uint8Array;
  #start = 0;
  /** Sent and not yet received. */
  heldBytes = 0;
  availableBytes = 0;
  isEndSent = false;
  isEndArrived = false;

  constructor(capacityBytes: number) {
    this.#ring = new Uint8Array(capacityBytes);
  }

  get roomBytes(): number {
    return this.#ring.length - this.heldBytes;
  }

  get hasFlying(): boolean {
    return this.heldBytes > this.availableBytes || (this.isEndSent && !this.isEndArrived);
  }

  write(bytes: Uint8Array, offset: number, sizeBytes: number): number {
    const count = Math.min(sizeBytes, this.roomBytes);
    for (let i = 0; i < count; i++) {
      this.#ring[(this.#start + this.heldBytes + i) % this.#ring.length] = bytes[offset + i];
    }
    this.heldBytes += count;
    return count;
  }

  read(bytes: Uint8Array, offset: number, sizeBytes: number): number {
    const count = Math.min(sizeBytes, this.availableBytes);
    for (let i = 0; i < count; i++) bytes[offset + i] = this.#ring[(this.#start + i) % this.#ring.length];
    this.#start = (this.#start + count) % this.#ring.length;
    this.heldBytes -= count;
    this.availableBytes -= count;
    return count;
  }

  /** Lets up to `maxBytes` arrive, and the end behind the last byte; returns whether anything did. */
  arrive(maxBytes: number): boolean {
    const count = Math.min(maxBytes, this.heldBytes - this.availableBytes);
    this.availableBytes += count;
    const isEnd = this.isEndSent && !this.isEndArrived && this.availableBytes === this.heldBytes;
    if (isEnd) this.isEndArrived = true;
    return count > 0 || isEnd;
  }

  /** What is still under way is lost. */
  dropFlying(): void {
    this.heldBytes = this.availableBytes;
  }
}

/** One end of a connection. */
export class SimSocket {
  readonly incoming: SimPipe;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  peer: SimSocket | null = null;
  isConnecting = false;
  isClosed = false;
  /** Pending error number, told once by the next call. */
  error = 0;
  /** Reset: after the error was told, receives end and sends fail. */
  isBroken = false;
  isSendShut = false;
  /** A send met no room: room will be an event. */
  isSendFull = false;
  /** Bytes came for a socket that was closed: a reset is on its way back. */
  isResetDue = false;
  /** Told of every edge (bits of FdState.READY_*). */
  onEdge: (bits: number) => void = () => {};

  constructor(local: SocketAddress, remote: SocketAddress, capacityBytes: number) {
    this.local = local;
    this.remote = remote;
    this.incoming = new SimPipe(capacityBytes);
  }

  get canReceive(): boolean {
    return this.incoming.availableBytes > 0 || this.incoming.isEndArrived || this.error !== 0 ||
      this.isBroken;
  }

  get canSend(): boolean {
    if (this.isConnecting) return false;
    return this.error !== 0 || this.isBroken || this.peer === null || this.peer.isClosed ||
      this.peer.incoming.roomBytes > 0;
  }

  /** Readiness as a kernel would tell it now: bits of FdState.READY_*. */
  get readiness(): number {
    return (this.canReceive ? FdState.READY_R : 0) | (this.canSend ? FdState.READY_W : 0);
  }

  receive(bytes: Uint8Array, offset: number, sizeBytes: number): number {
    if (this.incoming.availableBytes > 0) {
      const count = this.incoming.read(bytes, offset, sizeBytes);
      this.#tellRoom();
      return count;
    }
    if (this.error !== 0) return this.#takeError();
    if (this.incoming.isEndArrived || this.isBroken) return 0;
    return -Errno.EAGAIN;
  }

  send(bytes: Uint8Array, offset: number, sizeBytes: number): number {
    if (this.error !== 0) return this.#takeError();
    if (this.isBroken || this.isSendShut) return -Errno.EPIPE;
    if (this.peer === null || this.isConnecting) return -Errno.EAGAIN;
    if (this.peer.isClosed) {
      this.isResetDue = true;
      return sizeBytes;
    }
    const count = this.peer.incoming.write(bytes, offset, sizeBytes);
    if (count < sizeBytes) this.isSendFull = true;
    return count === 0 ? -Errno.EAGAIN : count;
  }

  shutdownSend(): void {
    if (this.isSendShut) return;
    this.isSendShut = true;
    if (this.peer !== null) this.peer.incoming.isEndSent = true;
  }

  close(isReset: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onEdge = () => {};
    const { peer } = this;
    if (peer === null || peer.isClosed) return;
    if (isReset || this.incoming.heldBytes > 0) peer.breakConnection();
    else peer.incoming.isEndSent = true;
    if (peer.isSendFull) {
      peer.isSendFull = false;
      peer.onEdge(FdState.READY_W);
    }
  }

  /** A reset arrives. */
  breakConnection(): void {
    if (this.isBroken || this.isClosed) return;
    this.incoming.dropFlying();
    this.error = Errno.ECONNRESET;
    this.isBroken = true;
    this.onEdge(FdState.READY_R | FdState.READY_W);
  }

  #takeError(): number {
    const { error } = this;
    this.error = 0;
    return -error;
  }

  #tellRoom(): void {
    const { peer } = this;
    if (peer === null || !peer.isSendFull) return;
    peer.isSendFull = false;
    peer.onEdge(FdState.READY_W);
  }
}
