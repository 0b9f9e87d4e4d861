/**
 * A stream of an HTTP/2 connection, as the client's end of one exchange: the request as h2_request.ts keeps it, the response on its way.
 *
 *     response     h1 head (interim)* -> h1 head (final) -> body -> end           as it comes from the server's end, or from hadro
 *     frames       HEADERS*              HEADERS            DATA*   END_STREAM on the last of them, on trailers, or on an empty DATA
 *
 *     what keeps it from sending                                then it waits, and `isSendBlocked`
 *     its window is empty                                       for WINDOW_UPDATE; nobody else waits for it
 *     the connection's window is empty, the socket is full,     in the connection's queue (h2_ready_queue.ts)
 *     another stream's payload is half sent, others were first
 *
 * It looks like a socket's end to who forwards into it; what it sends lies where it was received until the socket has taken it.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import { MIN_MAX_FRAME_BYTES } from "../protocol/h2/frame.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { INITIAL_WINDOW_BYTES } from "../protocol/h2/settings.ts";
import { stateOf, stepStream, StreamEvent, StreamState, verdictOf } from "../protocol/h2/stream_state.ts";
import { growWindow, WINDOW_OVERFLOWN, windowCredit } from "../protocol/h2/window.ts";
import { FrontPhase } from "./front.ts";
import type { H1Body } from "./h1_body.ts";
import type { H1End, ParserPool } from "./h1_end.ts";
import type { H2Carrier, H2StreamOwner } from "./h2_carrier.ts";
import type { EndContext } from "./waiting_bytes.ts";
import { H2Request } from "./h2_request.ts";
import { DEFAULT_URGENCY, type Turning } from "./h2_ready_queue.ts";
import { type H2Sender, headLength, type SendingStream } from "./h2_sender.ts";

const NO_CODE = -1;
/** Where the first digit of the status stands in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;
const DIGIT_ONE = 0x31;

/** DATA of less than this, with more to send, is a sign of a window that was made for harm. */
const TINY_BYTES = 64;
/** Responses of one connection that may wait in buffers for windows, and while buffers are short; more stay with their servers. */
const STALLED_MAX = 16;
const STALLED_MAX_SHORT = 4;

/** See the module's text. */
export class H2Stream extends H2Request implements SendingStream {
  readonly id: number;
  /** Who has the exchange; null once it is over. */
  owner: H2StreamOwner | null = null;
  state: number = StreamState.IDLE;
  sendWindow: number;
  /** What the client may still send. */
  receiveWindow: number = INITIAL_WINDOW_BYTES;
  /** What content-length promised; -1 nothing. */
  contentLength = -1;
  urgency = DEFAULT_URGENCY;
  /** Some of its response waits in a buffer, or may, for a window to open. */
  isStalled = false;
  isReady = false;
  readyNext: Turning | null = null;
  readyPrev: Turning | null = null;
  readonly #carrier: H2Carrier;
  readonly #sender: H2Sender;
  #isHeadSent = false;
  #trailers: Uint8Array | null = null;
  /** What is to be said before the stream is closed: its end, or a reset. */
  #isFinished = false;
  #resetCode = NO_CODE;

  constructor(context: EndContext, parsers: ParserPool, carrier: H2Carrier, id: number, sendWindow: number) {
    super(context, parsers);
    this.#carrier = carrier;
    this.#sender = carrier.sender;
    this.id = id;
    this.fd = carrier.fd;
    this.sendWindow = sendWindow;
  }

  /** Takes a step of protocol/h2/stream_state.ts; returns its verdict. */
  step(event: number): number {
    const step = stepStream(this.state, event);
    this.state = stateOf(step);
    return verdictOf(step);
  }

  override get canSend(): boolean {
    return this.sendError === 0 && !this.isSendBlocked;
  }

  override get resetWords(): string {
    const { failure } = this.#carrier;
    return failure === "" ? "the client reset the stream" : failure;
  }

  override sendFrom(source: H1End, sizeBytes: number, _hasMore = false, isLast = false): number {
    const count = this.#send(source.memory, source.base + source.head, sizeBytes, isLast, source.body);
    if (count > 0) source.discard(count);
    return count;
  }

  override sendBytes(slab: Slab, offset: number, sizeBytes: number, isLast = false): number {
    this.isSendBlocked = false;
    return this.#send(slab, offset, sizeBytes, isLast, null);
  }

  override mayTake(): boolean {
    const isOpen = this.sendWindow > 0 && this.#sender.sendWindow > 0;
    if (isOpen || this.isStalled) return true;
    const limit = this.context.buffers.pool.hasPlenty() ? STALLED_MAX : STALLED_MAX_SHORT;
    this.isStalled = this.#carrier.stalledCount < limit;
    if (this.isStalled) return true;
    this.isSendBlocked = true;
    if (this.sendWindow > 0) this.#sender.awaitWindow(this);
    return false;
  }

  override endResponse(body: H1Body): void {
    this.#trailers = body.trailers?.slice(0, body.trailerBytes) ?? null;
  }

  override leaveResponse(back: H1End): void {
    if (this.#sender.isSending(this)) this.#sender.keepPayload(back.bytes, back.base + back.head);
  }

  /** The exchange is over and its response whole. */
  finish(): void {
    this.owner = null;
    this.#isFinished = true;
    this.dropRequest();
    this.#close();
  }

  /** The exchange is over without a whole response, for the reason of an `H2Error`. */
  reset(code: number): void {
    this.owner = null;
    this.#isFinished = true;
    if (this.#resetCode === NO_CODE) this.#resetCode = code;
    this.dropRequest();
    this.#close();
  }

  /** The client reset the stream, or the connection is lost: whoever has the exchange gives it up. */
  onLost(): void {
    this.receiveError = -Errno.ECONNRESET;
    this.sendError = -Errno.EPIPE;
    this.isSendBlocked = false;
    if (this.owner !== null) this.owner.onClientEnd();
    else this.#close();
  }

  /** The client broke the protocol on this stream. */
  refuse(code: number, words: string): void {
    this.#resetCode = code;
    this.receiveError = -Errno.EPROTO;
    if (this.owner !== null) this.owner.onRefused(words);
    else this.#close();
  }

  /** WINDOW_UPDATE, or another initial size; false when the window becomes larger than a window may be. */
  growSendWindow(increment: number): boolean {
    const before = this.sendWindow;
    const grown = growWindow(before, increment);
    if (grown === WINDOW_OVERFLOWN) return false;
    this.sendWindow = grown;
    if (before <= 0 && grown > 0 && this.isSendBlocked) this.#sender.await(this);
    return true;
  }

  /** 0 to 7, the first first. */
  setUrgency(urgency: number): void {
    if (this.urgency === urgency) return;
    const wasReady = this.isReady;
    if (wasReady) this.#sender.leave(this);
    this.urgency = urgency;
    if (wasReady) this.#sender.await(this);
  }

  onTurn(): void {
    if (this.#isFinished) {
      this.#close();
      return;
    }
    this.isSendBlocked = this.isStalled = false;
    this.#openWindow();
    this.owner?.onClientSendable();
  }

  protected override onHeld(count: number): void {
    this.#carrier.onHeld(count);
  }

  protected override onOwnMemory(sizeBytes: number): void {
    this.#carrier.onOwnMemory(sizeBytes);
  }

  protected override onReleased(count: number): void {
    this.#openWindow();
    this.#carrier.onReleased(count);
  }

  /** Lets the client send again what found its way out. */
  #openWindow(): void {
    if (this.isComplete || this.#isFinished || this.receiveError !== 0) return;
    const credit = windowCredit(INITIAL_WINDOW_BYTES, this.receiveWindow, this.heldBytes);
    if (credit === 0) return;
    if (this.#sender.writeWindowUpdate(this.id, credit)) this.receiveWindow += credit;
    else this.#sender.await(this);
  }

  /** Sends what there is of a message that begins with its head; returns the count taken, or the negated error. */
  #send(slab: Slab, offset: number, sizeBytes: number, isLast: boolean, body: H1Body | null): number {
    if (this.sendError !== 0) return this.sendError;
    let done = 0;
    if (!this.#isHeadSent) {
      const { bytes } = slab;
      const hasTrailers = body !== null && body.trailers !== null;
      const headBytes = headLength(bytes, offset, sizeBytes);
      const isEnd = isLast && headBytes === sizeBytes && !hasTrailers;
      const isInterim = bytes[offset + STATUS_AT] === DIGIT_ONE;
      if (!this.#writeHead(bytes, offset, offset + headBytes, isEnd && !isInterim)) return 0;
      this.#isHeadSent = !isInterim;
      done = headBytes;
    }
    if (done < sizeBytes) done += this.#sendBody(slab, offset + done, sizeBytes - done, isLast, body);
    this.sentBytes += done;
    return done;
  }

  #writeHead(bytes: Uint8Array, start: number, end: number, isEnd: boolean): boolean {
    if (!this.#sender.mayBegin(this)) {
      this.#await();
      return false;
    }
    this.#sender.writeHead(this, bytes, start, end, isEnd);
    if (isEnd) this.step(StreamEvent.SEND_END);
    return true;
  }

  #sendBody(slab: Slab, offset: number, sizeBytes: number, isLast: boolean, body: H1Body | null): number {
    const sender = this.#sender;
    const hasTrailers = body !== null && body.trailers !== null;
    let done = 0;
    this.isStalled = false;
    if (sender.isSending(this)) {
      done = Math.max(0, sender.continueData(slab, offset));
      if (sender.isSending(this)) {
        this.isSendBlocked = true;
        return done;
      }
    }
    while (done < sizeBytes) {
      const windowBytes = Math.min(this.sendWindow, sender.sendWindow);
      if (windowBytes <= 0) {
        this.isSendBlocked = this.isStalled = true;
        if (this.sendWindow > 0) sender.awaitWindow(this);
        break;
      }
      if (!sender.mayBegin(this)) {
        this.#await();
        break;
      }
      const size = Math.min(sizeBytes - done, windowBytes, MIN_MAX_FRAME_BYTES);
      if (size < TINY_BYTES && size < sizeBytes - done) this.#carrier.onTinyFrame();
      const isEnd = isLast && done + size === sizeBytes && !hasTrailers;
      this.sendWindow -= size;
      sender.sendWindow -= size;
      const count = sender.sendData(this, slab, offset + done, size, isEnd);
      if (isEnd) this.step(StreamEvent.SEND_END);
      done += count;
      if (count < size) {
        this.isSendBlocked = true;
        break;
      }
    }
    return done;
  }

  #await(): void {
    this.isSendBlocked = true;
    this.#sender.await(this);
  }

  /** Says what is left to say, and closes; waits for its turn when that cannot be said now. */
  #close(): void {
    if (!this.#isFinished) return;
    if (this.sendError === 0) {
      const isSaid = this.#resetCode !== NO_CODE ? this.#sayReset(this.#resetCode) : this.#sayEnd();
      if (!isSaid) {
        this.#sender.await(this);
        return;
      }
    }
    this.#carrier.onClosed(this);
  }

  #sayEnd(): boolean {
    const sender = this.#sender;
    // Neither our end nor a reset went out.
    if (this.state === StreamState.OPEN || this.state === StreamState.HALF_REMOTE) {
      if (!sender.mayBegin(this)) return false;
      if (this.#trailers === null) sender.writeEnd(this);
      else sender.writeTrailers(this, this.#trailers);
      this.step(StreamEvent.SEND_END);
    }
    // The rest of the request is of no use to anybody (RFC 9113 section 8.1).
    return this.phase === FrontPhase.DONE || this.isComplete || this.#sayReset(H2Error.NO_ERROR);
  }

  #sayReset(code: number): boolean {
    if (this.state >= StreamState.ENDED) return true;
    const isWritten = this.#sender.writeReset(this.id, code);
    if (isWritten) this.step(StreamEvent.SEND_RST);
    return isWritten;
  }
}
