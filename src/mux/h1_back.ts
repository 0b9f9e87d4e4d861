/**
 * The server's end of HTTP/1: a connection that carries one exchange at a time and rests in the idle pool between them.
 *
 *     IDLE --attach--> HEAD --final head--> BODY --body complete--> DONE --detach--> IDLE
 *                       ^ |
 *                       +-+ interim head (1xx)
 *
 * In IDLE anything that comes (an end, an error, bytes nobody asked for) means that the connection is of no more use.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Criticality } from "../buffer/criticality.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { Slab } from "../base/slab.ts";
import { H1End, HEAD_CAPACITY, HeadStatus, type ParserPool } from "./h1_end.ts";
import { FULL_CAPACITY } from "./socket_end.ts";
import type { EndContext } from "./waiting_bytes.ts";

/** How much of unasked bytes is looked at. */
export const PROBE_BYTES = 1;

export const BackPhase = { IDLE: 0, HEAD: 1, BODY: 2, DONE: 3 } as const;

/** Whose exchange a server's end carries. */
export interface H1BackOwner {
  /** A head is complete: `back.parsedHead`, interim or final. */
  onResponseHead(): void;
  /** The head cannot be read (ParseError), or is too large (0). */
  onResponseBad(parseError: number): void;
  /** More of the body may be forwarded, or it is complete; where the body is looked at also: there is no more of it for now. */
  onResponseData(): void;
  onResponseBodyBad(parseError: number): void;
  /** The server ended its side (`receiveError` 0) or failed. */
  onServerEnd(): void;
  onServerSendable(): void;
}

/** Who keeps idle ends. */
export interface IdleOwner {
  /** Something came on an idle connection: it must go. */
  onIdleEvent(back: H1Back): void;
}

/** See the module's text. */
export class H1Back extends H1End implements FdHandler {
  phase: number = BackPhase.IDLE;
  /** Exchanges begun on this connection. */
  exchangeCount = 0;
  /** Links and time of the idle pool. */
  idleNext: H1Back | null = null;
  idlePrev: H1Back | null = null;
  idleSinceMs = 0;
  /** The address it is connected to, for the log. */
  serverAddress = "";
  /** Of the server's addresses when it was connected: with others it is not kept. */
  addressVersion = 0;
  /** What its PROXY protocol header told of the request's authority; "" nothing. */
  authority = "";
  readonly #probe: Slab;
  #owner: H1BackOwner | null = null;
  #idleOwner: IdleOwner | null = null;

  /** @param probe Memory for looking whether an idle connection has something to say; shared, never read. */
  constructor(context: EndContext, parsers: ParserPool, probe: Slab) {
    super(context, parsers);
    this.#probe = probe;
  }

  /** Begins an exchange. */
  attach(owner: H1BackOwner): void {
    this.#owner = owner;
    this.#idleOwner = null;
    this.exchangeCount++;
    this.forwardableBytes = 0;
    this.receivedBytes = this.sentBytes = 0;
    this.stripsChunks = this.seesBody = this.body.keepsTrailers = false;
    this.mayPipe = true;
    this.expectHead();
    this.setReceiving(true);
  }

  /** The exchange is over and the connection may rest. */
  rest(idleOwner: IdleOwner): void {
    this.#owner = null;
    this.#idleOwner = idleOwner;
    this.releaseParser();
    this.releaseBuffer();
    this.phase = BackPhase.IDLE;
    this.setReceiving(true);
  }

  /** Another head comes: the first one, or the one after an interim one. */
  expectHead(): void {
    this.phase = BackPhase.HEAD;
    this.releaseParser();
  }

  /** After `beginForwarding`. */
  setBodyPhase(): void {
    this.phase = this.body.isDone ? BackPhase.DONE : BackPhase.BODY;
  }

  /** Parses a head that waits in the buffer already (behind an interim one). */
  resumeHead(): void {
    if (this.phase === BackPhase.HEAD && this.waitingBytes > 0) this.#onHead();
  }

  onIo(fd: number, ready: number): void {
    if (this.#owner === null) {
      if (!this.#isStillIdle(fd)) this.#idleOwner!.onIdleEvent(this);
      return;
    }
    if ((ready & Direction.SEND) === 0) {
      this.#onReceivable();
      return;
    }
    this.#owner.onServerSendable();
    // What the owner did may have ended the receiving, the exchange, or the connection.
    const isReceivable = this.fd === fd && this.#owner !== null &&
      (this.context.engine.fdTable.readyDirections(fd) & Direction.RECV) !== 0;
    if (isReceivable) this.#onReceivable();
  }

  /** Whether nothing is there behind the response; costs a system call where that is not known (what passed a pipe tells not). */
  get isQuiet(): boolean {
    return !this.canReceive || this.#isStillIdle(this.fd);
  }

  /** Readiness may be old news: only what a receive finds counts. */
  #isStillIdle(fd: number): boolean {
    const { engine } = this.context;
    if (engine.recv(fd, this.#probe, 0, PROBE_BYTES) !== -Errno.EAGAIN) return false;
    engine.fdTable.cantRecv(fd);
    return true;
  }

  #onReceivable(): void {
    const count = this.phase === BackPhase.BODY
      ? this.receiveBody(Criticality.RESPONSE, FULL_CAPACITY)
      : this.receive(Criticality.RESPONSE, this.phase === BackPhase.HEAD ? HEAD_CAPACITY : FULL_CAPACITY);
    if (count > 0) {
      if (this.phase === BackPhase.HEAD) this.#onHead();
      else if (this.phase === BackPhase.BODY) this.#onBody();
      else this.setReceiving(false);
    } else if (count !== -Errno.EAGAIN && count !== -Errno.ENOBUFS) {
      this.#owner!.onServerEnd();
    } else if (count === -Errno.EAGAIN && this.seesBody) this.#owner!.onResponseData();
  }

  #onHead(): void {
    const status = this.parseHead();
    if (status === HeadStatus.DONE) this.#owner!.onResponseHead();
    else if (status === HeadStatus.BAD) this.#owner!.onResponseBad(this.parsedHead.errorCode);
    else if (status === HeadStatus.TOO_LARGE) this.#owner!.onResponseBad(0);
  }

  #onBody(): void {
    if (this.pipedBytes === 0 && !this.advanceBody()) {
      this.#owner!.onResponseBodyBad(this.body.errorCode);
      return;
    }
    if (this.body.isDone) this.phase = BackPhase.DONE;
    this.#owner!.onResponseData();
  }
}
