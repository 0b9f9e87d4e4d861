/**
 * One exchange of an HTTP/2 connection: what its stream of frames (mux/h2_stream.ts) and its HTTP stream (http_stream.ts) ask of a session.
 *
 *     opened --request--> the HTTP stream runs --its answer is whole--> END_STREAM; NO_ERROR if the request was not
 *                                              \--it failed----------> RST_STREAM
 *
 * It has its own deadlines, as an HTTP/1 session has; what is of the whole connection is asked of the H2Session.
 *
 * May import: config, event, mux, protocol, proxy.
 *
 * @module
 */
import { type TaskHandler } from "../event/run_queue.ts";
import { NEVER_MS } from "../event/task.ts";
import type { TlsFacts } from "../event/poller.ts";
import type { H1Back } from "../mux/h1_back.ts";
import type { H2StreamOwner } from "../mux/h2_carrier.ts";
import type { H2Stream } from "../mux/h2_stream.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { Method } from "../protocol/http/method.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { HttpStream } from "./http_stream.ts";
import type { Listener } from "./listener.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import type { ProxyContext } from "./proxy_context.ts";
import type { Server } from "./server.ts";
import type { StreamSession } from "./stream_session.ts";
import { StreamStep } from "./stream_step.ts";

/** The connection's session. */
export interface ExchangeOwner {
  readonly context: ProxyContext;
  readonly listener: Listener;
  readonly client: ClientIdentity;
  readonly acceptedWallMs: number;
  readonly handshakeMs: number;
  readonly tls: TlsFacts | null;
  takeIdle(server: Server, authority: string, isFirst: boolean): H1Back | null;
  putIdle(back: H1Back, server: Server): boolean;
  /** It is over; its stream may still have its end to say. */
  onExchangeOver(exchange: H2Exchange): void;
}

/** See the module's text. */
export class H2Exchange implements StreamSession, H2StreamOwner, TaskHandler {
  readonly front: H2Stream;
  readonly idleSinceMs: number;
  readonly requestCount: number;
  readonly #owner: ExchangeOwner;
  readonly #task: number;
  #stream: HttpStream | null = null;
  #clientDeadlineMs = NEVER_MS;
  #serverDeadlineMs = NEVER_MS;

  /** @param requestCount Requests of the connection before this one. */
  constructor(owner: ExchangeOwner, front: H2Stream, idleSinceMs: number, requestCount: number) {
    this.#owner = owner;
    this.front = front;
    this.idleSinceMs = idleSinceMs;
    this.requestCount = requestCount;
    this.#task = owner.context.engine.scheduler.create(this);
  }

  get listener(): Listener {
    return this.#owner.listener;
  }

  get client(): ClientIdentity {
    return this.#owner.client;
  }

  get acceptedWallMs(): number {
    return this.#owner.acceptedWallMs;
  }

  get handshakeMs(): number {
    return this.#owner.handshakeMs;
  }

  get tls(): TlsFacts | null {
    return this.#owner.tls;
  }

  setClientDeadline(deadlineMs: number): void {
    this.#clientDeadlineMs = deadlineMs;
    this.#schedule();
  }

  setServerDeadline(deadlineMs: number): void {
    this.#serverDeadlineMs = deadlineMs;
    this.#schedule();
  }

  takeIdle(server: Server, authority: string): H1Back | null {
    return this.#owner.takeIdle(server, authority, this.requestCount === 0);
  }

  putIdle(back: H1Back, server: Server): boolean {
    return this.#owner.putIdle(back, server);
  }

  onTask(): void {
    const nowMs = this.#owner.context.engine.nowMs;
    if (nowMs >= this.#serverDeadlineMs) {
      this.#serverDeadlineMs = NEVER_MS;
      this.#stream?.onServerTimeout();
    } else if (nowMs >= this.#clientDeadlineMs) {
      this.#clientDeadlineMs = NEVER_MS;
      this.#stream?.onClientTimeout();
    }
    if (this.#stream !== null) this.#schedule();
  }

  onRequestBegin(): void {
    this.#stream = this.#owner.context.takeHttpStream(this);
    this.#stream.begin();
    this.listener.counters.requests++;
  }

  onRequestHead(): void {
    this.#stream!.onRequestHead();
  }

  onRequestBad(parseError: number): void {
    this.listener.counters.requestErrors++;
    this.#stream!.onRequestBad(parseError);
  }

  /** What comes behind an answer of hadro's own, which nobody can hold back here, is of no use. */
  onRequestData(): void {
    const stream = this.#stream!;
    if (stream.step !== StreamStep.REPLY) stream.onRequestData();
  }

  onRequestBodyBad(parseError: number): void {
    this.listener.counters.requestErrors++;
    this.#stream!.onRequestBodyBad(parseError);
  }

  onRefused(words: string): void {
    this.listener.counters.requestErrors++;
    const stream = this.#stream!;
    stream.abort(EndCause.PROXY, stream.phase, `bad request: ${words}`, true);
  }

  onClientSendable(): void {
    this.#stream?.onClientSendable();
  }

  onClientEnd(): void {
    this.#stream?.onClientEnd();
  }

  onStreamEnd(_keepsAlive: boolean): void {
    this.#leave();
    this.front.finish();
  }

  /** A request that the server did not answer may be sent again where that does no harm; else nobody knows. */
  onStreamAbort(isReset: boolean): void {
    const { methodId, hasAnswered } = this.#stream!;
    const isSafe = methodId === Method.GET || methodId === Method.HEAD || methodId === Method.OPTIONS;
    this.#leave();
    this.front.reset(
      !isReset && isSafe && !hasAnswered ? H2Error.REFUSED_STREAM : H2Error.INTERNAL_ERROR,
    );
  }

  /** A server went down, and takes its exchanges along: on-marked-down. */
  onMarkedDown(server: Server, why: string): void {
    const stream = this.#stream;
    if (stream === null || stream.back === null || stream.dispatch.server !== server) return;
    stream.failExchange(503, EndCause.DOWN, EndPhase.HEADERS, why);
  }

  /** hadro stops at once. */
  kill(): void {
    this.#stream?.kill();
  }

  #leave(): void {
    const { context } = this.#owner;
    context.giveHttpStream(this.#stream!);
    this.#stream = null;
    context.engine.scheduler.release(this.#task);
    this.#owner.onExchangeOver(this);
  }

  #schedule(): void {
    const deadlineMs = Math.min(this.#clientDeadlineMs, this.#serverDeadlineMs);
    this.#owner.context.engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }
}
