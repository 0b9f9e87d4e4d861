/**
 * The client's end of HTTP/1: requests one after another on one connection.
 *
 *     IDLE --first byte--> HEAD --head complete--> BODY --body complete--> DONE --response sent--> IDLE (or HEAD: pipelined)
 *       \______________________\______________________\___________________/ |
 *                         closing with a last word                          +--upgrade--> TUNNEL (a relay owns the socket)
 *                                    v
 *                                  DRAIN: what still comes in is thrown away until the client closes or time is up,
 *                                         so that a reset does not overtake the last answer (RFC 9112 section 9.6)
 *
 * In DONE the end keeps receiving: a pipelined request waits in the buffer, an end or a reset is seen at once.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Criticality } from "../buffer/criticality.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { Front, type FrontOwner, FrontPhase } from "./front.ts";
import { HEAD_CAPACITY, HeadStatus, type ParserPool } from "./h1_end.ts";
import { matchPreface, PrefaceMatch } from "../protocol/h2/preface.ts";
import { FULL_CAPACITY, NO_FD } from "./socket_end.ts";
import type { EndContext } from "./waiting_bytes.ts";

/** Bytes thrown away in DRAIN at most. */
const DRAIN_BYTES_MAX = 1_024 * 1_024;

/** Who owns a client's end of HTTP/1. */
export interface H1FrontOwner extends FrontOwner {
  /** The client speaks HTTP/2, whose preface waits. */
  onPreface(): void;
}

/** See the module's text. */
export class H1Front extends Front implements FdHandler {
  readonly isMultiplexed = false;
  /** The first bytes may be the preface of HTTP/2: its owner is asked before they are a request. */
  looksForPreface = false;
  readonly #owner: H1FrontOwner;

  constructor(context: EndContext, parsers: ParserPool, owner: H1FrontOwner) {
    super(context, parsers);
    this.#owner = owner;
  }

  onIo(fd: number, ready: number): void {
    if ((ready & Direction.SEND) === 0) {
      this.#onReceivable();
      return;
    }
    this.#owner.onClientSendable();
    // What the owner did may have ended the receiving, or the connection.
    const isReceivable = this.fd === fd &&
      (this.context.engine.fdTable.readyDirections(fd) & Direction.RECV) !== 0;
    if (isReceivable) this.#onReceivable();
  }

  /** The response went out: the connection is free for the next request. Bytes of one may wait already. */
  becomeIdle(): void {
    this.phase = FrontPhase.IDLE;
    this.setReceiving(true);
  }

  /** Parses a pipelined request that waits in the buffer. */
  resumePipelined(): void {
    if (this.phase !== FrontPhase.IDLE || this.waitingBytes === 0) return;
    this.#beginHead();
  }

  /** Ends our side and throws away what still comes. */
  drain(): void {
    this.releaseParser();
    this.releaseBuffer();
    this.phase = FrontPhase.DRAIN;
    this.receivedBytes = 0;
    this.endSend();
    this.setReceiving(true);
  }

  #onReceivable(): void {
    switch (this.phase) {
      case FrontPhase.IDLE:
      case FrontPhase.HEAD:
        if (this.#receive(Criticality.REQUEST_HEAD, HEAD_CAPACITY)) this.#beginHead();
        return;
      case FrontPhase.BODY:
        if (this.#tell(this.receiveBody(Criticality.REQUEST_BODY, this.bodyCapacity))) this.#onBody();
        return;
      case FrontPhase.DONE:
        if (this.tail >= HEAD_CAPACITY) this.setReceiving(false);
        else this.#receive(Criticality.REQUEST_HEAD, HEAD_CAPACITY);
        return;
      case FrontPhase.DRAIN:
        if (!this.#receive(Criticality.REQUEST_BODY, FULL_CAPACITY)) return;
        this.releaseBuffer();
        if (this.receivedBytes > DRAIN_BYTES_MAX) this.#owner.onClientEnd();
        return;
      default:
        return;
    }
  }

  /** Receives once; returns whether bytes came. An end is told to the owner. */
  #receive(criticality: number, capacity: number): boolean {
    return this.#tell(this.receive(criticality, capacity));
  }

  #tell(count: number): boolean {
    if (count > 0) return true;
    if (count !== -Errno.EAGAIN && count !== -Errno.ENOBUFS) this.#owner.onClientEnd();
    return false;
  }

  #beginHead(): void {
    if (this.phase === FrontPhase.IDLE) {
      if (this.looksForPreface && this.#isPreface()) return;
      this.phase = FrontPhase.HEAD;
      this.#owner.onRequestBegin();
    }
    const status = this.parseHead();
    if (status === HeadStatus.DONE) this.#owner.onRequestHead();
    else if (status === HeadStatus.BAD) this.#owner.onRequestBad(this.parsedHead.errorCode);
    else if (status === HeadStatus.TOO_LARGE || this.waitingBytes > this.headLimitBytes) {
      this.#owner.onRequestBad(0);
    } else if (this.isReceiveEnded) this.#owner.onClientEnd();
    // The buffer was full of pipelined bytes, perhaps; parsing made room.
    else this.setReceiving(true);
  }

  #onBody(): void {
    if (this.pipedBytes === 0 && !this.advanceBody()) {
      this.#owner.onRequestBodyBad(this.body.errorCode);
      return;
    }
    if (this.body.isDone) this.phase = FrontPhase.DONE;
    this.#owner.onRequestData();
  }

  /** Whether the bytes are no request: the preface of HTTP/2, or as much of it as came. */
  #isPreface(): boolean {
    const match = matchPreface(this.bytes, this.base + this.head, this.base + this.tail);
    this.looksForPreface = match === PrefaceMatch.PARTLY;
    if (match === PrefaceMatch.NO) return false;
    if (match === PrefaceMatch.WHOLE) this.#owner.onPreface();
    else if (this.isReceiveEnded) this.#owner.onClientEnd();
    return true;
  }

  get isOpen(): boolean {
    return this.fd !== NO_FD;
  }
}
