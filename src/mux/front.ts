/**
 * The client's end of one exchange, whatever carries it: what the proxy's streams speak to.
 *
 *     H1Front     the client's connection itself, one exchange after another (h1_front.ts)
 *     H2Stream    one of many streams of a connection (h2_stream.ts), for one exchange
 *
 * Each presents its request as an HTTP/1 message in its buffer, and takes the response as one.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Direction } from "../event/fd_state.ts";
import type { H1Body } from "./h1_body.ts";
import { H1End, HEAD_CAPACITY } from "./h1_end.ts";
import { FULL_CAPACITY } from "./socket_end.ts";

/** How far the request is; IDLE, DRAIN and TUNNEL are of connections. */
export const FrontPhase = { IDLE: 0, HEAD: 1, BODY: 2, DONE: 3, DRAIN: 4, TUNNEL: 5 } as const;

/** Who owns a client's end: told once per event, may close the end in any of these. */
export interface FrontOwner {
  /** The first byte of a request came. */
  onRequestBegin(): void;
  /** A head is complete: `front.parsedHead`. The owner answers with `beginForwarding` and `setBodyPhase`, or a reply. */
  onRequestHead(): void;
  /** The head cannot be read (ParseError), or is too large (0). */
  onRequestBad(parseError: number): void;
  /** More of the body may be forwarded, or it is complete. */
  onRequestData(): void;
  /** The body's framing is broken (ParseError). */
  onRequestBodyBad(parseError: number): void;
  /** The client ended its side (`receiveError` 0) or failed. */
  onClientEnd(): void;
  /** The client takes bytes again. */
  onClientSendable(): void;
}

/** See the module's text. */
export abstract class Front extends H1End {
  phase: number = FrontPhase.IDLE;
  /** A head that is longer is told as too large while it still comes, if not before its end. */
  headLimitBytes: number = HEAD_CAPACITY;
  /** One of many streams of its connection: its answer ends it, and nothing else. */
  abstract readonly isMultiplexed: boolean;

  /** What the client's bytes wait for is a buffer. */
  get lacksBuffer(): boolean {
    return this.context.engine.fdTable.isParked(this.fd, Direction.RECV);
  }

  /** Bytes of this exchange from the client, those that wait left out. */
  get takenBytes(): number {
    return this.receivedBytes - this.waitingBytes;
  }

  /** Payload in chunks that was seen. */
  get chunkedBytes(): number {
    return this.body.chunkedBytes;
  }

  /** How far its buffer may be filled by editing. */
  get capacityBytes(): number {
    return FULL_CAPACITY;
  }

  /** How the client left, in words. */
  get resetWords(): string {
    return "the client reset the connection";
  }

  /** Whether what has come of the request, and will come, passes through its buffer in order: it can be copied there. */
  get isRepeatable(): boolean {
    return true;
  }

  /** Whether to receive of a response that waits in no buffer yet; if not, the client is waited for. */
  mayTake(): boolean {
    return true;
  }

  /** Counts from here on: a request begins with what waits. */
  beginCounting(): void {
    this.receivedBytes = this.waitingBytes;
    this.sentBytes = 0;
  }

  /** After `beginForwarding`: follows the body, or is DONE. */
  setBodyPhase(): void {
    this.phase = this.body.isDone ? FrontPhase.DONE : FrontPhase.BODY;
  }

  /** The whole response was given, `body` its end; called before the exchange is over. */
  endResponse(_body: H1Body): void {}

  /** The exchange is over while some of a response that waits in `_back` may be half sent. */
  leaveResponse(_back: H1End): void {}
}
