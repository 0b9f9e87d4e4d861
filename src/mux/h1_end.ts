/**
 * One end of an HTTP/1 exchange: a socket whose buffer holds a message being received (HAProxy: mux_h1).
 *
 *     buffer   |  sent  |  may be forwarded  |  not looked at yet, or the next message  |  room  |
 *              0      head          head + forwardableBytes                           tail
 *
 * The head is parsed where it lies and edited there; the body is followed there; the other end sends out of it. A head must
 * fit HEAD_CAPACITY, so that what editing adds has room behind it (HAProxy's tune.maxrewrite).
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { HeadParser } from "../protocol/h1/head_parser.ts";
import { ParseStatus } from "../protocol/h1/parse_error.ts";
import { BodyKind } from "../protocol/http/framing.ts";
import { BAD_BODY, H1Body } from "./h1_body.ts";
import type { MessageCopy } from "./message_copy.ts";
import { FULL_CAPACITY, SocketEnd } from "./socket_end.ts";
import type { EndContext } from "./waiting_bytes.ts";

/** Room for what a proxy adds to a head. */
const REWRITE_BYTES = 1_024;
/** The largest head. */
export const HEAD_CAPACITY = FULL_CAPACITY - REWRITE_BYTES;

/** Lends parsers: a connection has one only while a head is being received or used. */
export interface ParserPool {
  take(): HeadParser;
  give(parser: HeadParser): void;
}

/** What {@linkcode H1End.parseHead} found. */
export const HeadStatus = { NEED_MORE: 0, DONE: 1, BAD: 2, TOO_LARGE: 3 } as const;

/** See the module's text. */
export class H1End extends SocketEnd {
  readonly body = new H1Body();
  /** Bytes from `head` on that may go to the other end. */
  forwardableBytes = 0;
  /** Removes chunked framing from the body: its receiver speaks HTTP/1.0. */
  stripsChunks = false;
  readonly #parsers: ParserPool;
  #parser: HeadParser | null = null;

  constructor(context: EndContext, parsers: ParserPool) {
    super(context);
    this.#parsers = parsers;
  }

  /** The parsed head; valid from HeadStatus.DONE until {@linkcode H1End.releaseParser}. */
  get parsedHead(): HeadParser {
    return this.#parser!;
  }

  get hasParser(): boolean {
    return this.#parser !== null;
  }

  /** Where the message's first byte is in `bytes`. */
  get messageStart(): number {
    return this.base + this.head;
  }

  /** Parses what waits as a head. */
  parseHead(): number {
    if (this.#parser === null) {
      this.#parser = this.#parsers.take();
      this.#parser.reset();
    }
    const status = this.#parser.parse(this.bytes, this.base + this.head, this.base + this.tail);
    if (status === ParseStatus.DONE) return HeadStatus.DONE;
    if (status === ParseStatus.ERROR) return HeadStatus.BAD;
    if (this.tail >= HEAD_CAPACITY) {
      if (this.head === 0) return HeadStatus.TOO_LARGE;
      this.compact();
    }
    return HeadStatus.NEED_MORE;
  }

  /** Before a head is edited: everything waiting goes to the front, so that what editing adds has its room behind it. */
  makeRewriteRoom(): void {
    if (this.tail > HEAD_CAPACITY) this.compact();
  }

  /** How far the buffer may be filled now: to its end only with bytes that are surely of this body, never of a next head. */
  get bodyCapacity(): number {
    return this.body.kind === BodyKind.LENGTH && this.body.remainingBytes >= FULL_CAPACITY
      ? FULL_CAPACITY
      : HEAD_CAPACITY;
  }

  releaseParser(): void {
    if (this.#parser === null) return;
    this.#parsers.give(this.#parser);
    this.#parser = null;
  }

  /** Takes the edited head and begins the body; false when chunked framing is broken already. */
  beginForwarding(headBytes: number, kind: number, contentLength: number): boolean {
    this.forwardableBytes = headBytes;
    this.body.begin(kind, contentLength);
    return this.advanceBody();
  }

  /** Looks at bytes received since; false when chunked framing is broken. */
  advanceBody(): boolean {
    if (this.body.isDone || !this.hasBuffer) return true;
    const start = this.base + this.head + this.forwardableBytes;
    const end = this.base + this.tail;
    const stop = this.stripsChunks
      ? this.body.strip(this.bytes, start, end)
      : this.body.advance(this.bytes, start, end);
    if (stop === BAD_BODY) return false;
    this.forwardableBytes += stop - start;
    if (this.stripsChunks) {
      this.tail = stop - this.base;
      // Framing alone: nothing is left to hold a buffer for.
      if (this.tail === this.head) this.releaseBuffer();
    }
    return true;
  }

  /**
   * Puts a message back that was sent, and is parsed again then: `copy` has it from its first byte on, as far as it has come, and is empty
   * after it. What waits behind the message stays behind it; the caller sees to it that both fit.
   */
  putBack(copy: MessageCopy): void {
    const behindBytes = this.waitingBytes - this.forwardableBytes;
    if (behindBytes > 0) copy.append(this, this.head + this.forwardableBytes, behindBytes);
    this.releaseBuffer();
    this.takeBufferFrom(copy);
    this.forwardableBytes = 0;
  }

  /**
   * Receives more of the body: through a pipe where nothing of it needs to be seen (as much as is surely of this body), else into
   * the buffer. Returns as SocketEnd.receive; false-like results are the same. Bytes that came may be forwarded then.
   */
  receiveBody(criticality: number, capacity: number): number {
    if (!this.body.isOpaque || !this.isPipeable) return this.receive(criticality, capacity);
    const count = this.receivePiped(this.body.opaqueBytes);
    if (count === -Errno.ENOBUFS) return this.receive(criticality, capacity);
    if (count > 0) {
      this.body.pass(count);
      this.forwardableBytes += count;
    }
    return count;
  }

  /**
   * Sends what may be forwarded through `to`, whose sending side ends behind it if `isLast`; returns the count, or the negated
   * error.
   */
  forward(to: SocketEnd, isLast = false): number {
    // Only what must come, and has come to the kernel already as it seems: nothing is held up for it.
    const isMoreHere = this.isReceiveFull && this.pipedBytes === 0 && this.body.kind === BodyKind.LENGTH &&
      !this.body.isDone;
    const hasMore = isMoreHere || isLast;
    const count = to.sendFrom(this, this.forwardableBytes, hasMore);
    if (count > 0) this.forwardableBytes -= count;
    return count;
  }

  override closeSocket(isReset: boolean): void {
    this.releaseParser();
    super.closeSocket(isReset);
  }
}
