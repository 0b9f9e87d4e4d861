/**
 * A relay of bytes between two ends, both ways, unread: TCP proxying and tunnels after an upgrade (HAProxy: mux_pt).
 *
 *     for each way, from → to:
 *       receive while there is room          (want receive: nothing waits, or there is room)
 *       send what waits                      (want send: the socket did not take all)
 *       end of stream, and nothing waits     → end our sending side towards `to`; the other way goes on
 *       error on either end                  → what `from` had said first still goes out, then the relay ends
 *       both ways ended                      → the relay ends
 *
 * Each call moves at most RECEIVES_PER_CALL buffers a way, then leaves the rest to the I/O queue.
 *
 * May import: base, event, buffer, mux/socket_end.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Criticality } from "../buffer/criticality.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { FULL_CAPACITY, NO_FD, type SocketEnd } from "./socket_end.ts";

/** HAProxy's MAX_READ_POLL_LOOPS. */
const RECEIVES_PER_CALL = 4;

/** Who owns a relay. */
export interface RelayOwner {
  /** Bytes moved, or a way ended: inactivity timeouts begin anew. */
  onRelayActivity(relay: Relay): void;
  /** Both ways ended, or an end failed (`receiveError` or `sendError` is set). Called once; the owner closes the ends. */
  onRelayEnd(relay: Relay): void;
}

/** See the module's text. */
export class Relay implements FdHandler {
  readonly client: SocketEnd;
  readonly server: SocketEnd;
  readonly #owner: RelayOwner;
  #isEnded = false;

  constructor(client: SocketEnd, server: SocketEnd, owner: RelayOwner) {
    this.client = client;
    this.server = server;
    this.#owner = owner;
  }

  /** Takes both sockets over and moves what waits already. */
  start(): void {
    const { engine } = this.client.context;
    this.client.pairWith(this.server);
    engine.fdTable.setHandler(this.client.fd, this);
    engine.fdTable.setHandler(this.server.fd, this);
    this.#run();
  }

  /** Ends the relay without a word to its owner. */
  abandon(): void {
    this.#isEnded = true;
  }

  onIo(_fd: number, _ready: number): void {
    this.#run();
  }

  #run(): void {
    if (this.#isEnded) return;
    const movedUp = this.#move(this.client, this.server, Criticality.REQUEST_BODY);
    const movedDown = this.#move(this.server, this.client, Criticality.RESPONSE);
    if (movedUp || movedDown) this.#owner.onRelayActivity(this);
    if (this.#isOver()) {
      this.#isEnded = true;
      this.#owner.onRelayEnd(this);
    }
  }

  /** Moves one way; returns whether anything happened. */
  #move(from: SocketEnd, to: SocketEnd, criticality: number): boolean {
    const sentBefore = to.sentBytes;
    let hasChanged = false;
    for (let i = 0; i < RECEIVES_PER_CALL; i++) {
      // An end that is known to be behind the bytes is received first, so that it can go out with them.
      const awaitsEnd = from.isHungUp && from.hasRoom(FULL_CAPACITY);
      if (from.waitingBytes > 0 && to.canSend && !awaitsEnd) to.sendFrom(from, from.waitingBytes);
      if (to.sendError !== 0 || !from.hasRoom(FULL_CAPACITY) || !from.canReceive) break;
      if (receiveInto(from, criticality) < 0) break;
      hasChanged = true;
    }
    const isLast = from.isReceiveEnded && !to.isSendEnded;
    if (from.waitingBytes > 0 && to.canSend) to.sendFrom(from, from.waitingBytes, isLast);
    if (to.sendError !== 0) from.releaseBuffer();
    if (from.isReceiveEnded && from.waitingBytes === 0 && !to.isSendEnded) {
      // The last of the two ways: the close that follows at once ends it, with one system call less.
      if (isWayOver(from)) to.isSendEnded = true;
      else to.endSend();
      hasChanged = true;
    }
    from.setReceiving(to.sendError === 0 && from.hasRoom(FULL_CAPACITY));
    return hasChanged || to.sentBytes > sentBefore;
  }

  #isOver(): boolean {
    const { client, server } = this;
    if (client.fd === NO_FD || server.fd === NO_FD) return true;
    if (isReset(client) || isReset(server)) return true;
    return isWayOver(server) && isWayOver(client);
  }
}

/** Receives once, through a pipe where there is one; returns as SocketEnd.receive. */
function receiveInto(from: SocketEnd, criticality: number): number {
  const count = from.isPipeable ? from.receivePiped(Infinity) : -Errno.ENOBUFS;
  return count === -Errno.ENOBUFS ? from.receive(criticality, FULL_CAPACITY) : count;
}

/** The way towards `to` ended in order, or `to` is gone. */
function isWayOver(to: SocketEnd): boolean {
  return to.isSendEnded || to.sendError !== 0;
}

/** The end failed, and what it had said before is on its way. */
function isReset(end: SocketEnd): boolean {
  return end.receiveError !== 0 && end.waitingBytes === 0;
}
