/**
 * An HTTP/2 session: a client connection's life, with many exchanges at a time (HAProxy: session, HTTP/2 mux).
 *
 *     deadline         runs                                                               then
 *     http-request     from accept to the first request; while a frame is not whole       GOAWAY
 *     keep-alive       while there is no stream                                           GOAWAY
 *     client           while only what was said before is to be read                      reset
 *     DRAIN_PING_MS    hadro stops: until the client has seen that                        no further exchange
 *     client-fin       closing: what is to be sent, then what still comes                 closed
 *
 * Each exchange has its own deadlines (h2_exchange.ts). A connection makes no line in the access log, its exchanges do.
 *
 * May import: config, event, mux, protocol, proxy.
 *
 * @module
 */
import type { TlsFacts } from "../event/poller.ts";
import { type TaskHandler, WakeReason } from "../event/run_queue.ts";
import { NEVER_MS } from "../event/task.ts";
import type { H1Back } from "../mux/h1_back.ts";
import type { H1Front } from "../mux/h1_front.ts";
import { H2Connection, type H2ConnectionOwner, H2Phase } from "../mux/h2_connection.ts";
import type { H2StreamOwner } from "../mux/h2_carrier.ts";
import type { H2Stream } from "../mux/h2_stream.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { type ExchangeOwner, H2Exchange } from "./h2_exchange.ts";
import type { Listener } from "./listener.ts";
import { OwnConnection } from "./own_connection.ts";
import type { ProxyContext } from "./proxy_context.ts";
import type { Server } from "./server.ts";

/** How long a client has to see that hadro stops. */
const DRAIN_PING_MS = 1_000;
/** How long bytes are thrown away behind the last answer. */
const DRAIN_MS_MAX = 2_000;

/** What the session was until the preface came. */
export interface SessionBefore {
  readonly context: ProxyContext;
  readonly listener: Listener;
  readonly client: ClientIdentity;
  readonly acceptedWallMs: number;
  readonly handshakeMs: number;
  readonly tls: TlsFacts | null;
  readonly idleSinceMs: number;
  readonly front: H1Front;
}

/** See the module's text. */
export class H2Session implements H2ConnectionOwner, ExchangeOwner, TaskHandler {
  readonly context: ProxyContext;
  readonly listener: Listener;
  readonly client: ClientIdentity;
  readonly acceptedWallMs: number;
  readonly handshakeMs: number;
  readonly tls: TlsFacts | null;
  readonly connection: H2Connection;
  readonly #exchanges = new Set<H2Exchange>();
  readonly #task: number;
  /** Made when it is first needed. */
  #own: OwnConnection | null = null;
  #idleSinceMs: number;
  #requestCount = 0;
  #deadlineMs = NEVER_MS;
  #frameSinceMs = NEVER_MS;
  #pingUntilMs = NEVER_MS;
  #isClosed = false;

  constructor(before: SessionBefore) {
    const { context, listener } = before;
    this.context = context;
    this.listener = listener;
    this.client = before.client;
    this.acceptedWallMs = before.acceptedWallMs;
    this.handshakeMs = before.handshakeMs;
    this.tls = before.tls;
    this.#idleSinceMs = before.idleSinceMs;
    const { h2StreamMax, h2GlitchMax, maxHeaderBytes } = listener.config.limits;
    this.connection = new H2Connection(context, context.requestParsers, context.h2, {
      streamMax: h2StreamMax,
      glitchMax: h2GlitchMax,
      headBytesMax: maxHeaderBytes,
    }, this);
    this.#task = context.engine.scheduler.create(this);
    context.sessions.add(this);
  }

  /** Takes the socket over, with the preface that waits there. */
  begin(front: H1Front): void {
    this.onStreamsChanged();
    this.connection.begin(front, this.listener.ioClass);
  }

  takeIdle(server: Server, authority: string, isFirst: boolean): H1Back | null {
    return this.#own?.take(server, authority) ?? server.idle.take(isFirst);
  }

  putIdle(back: H1Back, server: Server): boolean {
    if (back.addressVersion !== server.addressVersion) return false;
    if (server.idle.options.reuse !== "never") return server.idle.put(back);
    if (this.#isClosed) return false;
    this.#own ??= new OwnConnection(this.context);
    const isKept = this.#own.put(back, server);
    this.#schedule();
    return isKept;
  }

  onStreamOpen(stream: H2Stream): H2StreamOwner {
    const { nowMs } = this.context.engine;
    const idleSinceMs = this.#exchanges.size === 0 ? this.#idleSinceMs : nowMs;
    const exchange = new H2Exchange(this, stream, idleSinceMs, this.#requestCount++);
    this.#exchanges.add(exchange);
    return exchange;
  }

  onExchangeOver(exchange: H2Exchange): void {
    this.#exchanges.delete(exchange);
    this.#idleSinceMs = this.context.engine.nowMs;
    this.onStreamsChanged();
  }

  onStreamsChanged(): void {
    if (this.#isClosed) return;
    const { nowMs } = this.context.engine;
    const { timeouts } = this.listener.config;
    const { connection } = this;
    if (connection.phase === H2Phase.CLOSING) this.#deadlineMs = nowMs + timeouts.clientFinMs;
    else if (connection.phase === H2Phase.OPEN) {
      if (!connection.isInFrame) this.#frameSinceMs = NEVER_MS;
      else if (this.#frameSinceMs === NEVER_MS) this.#frameSinceMs = nowMs;
      this.#deadlineMs = Math.min(
        this.#idleUntilMs(),
        this.#frameSinceMs + timeouts.requestMs,
        this.#pingUntilMs,
      );
    }
    this.#schedule();
  }

  onConnectionOver(isReset: boolean): void {
    if (this.connection.phase !== H2Phase.CLOSING || this.connection.isReceiveEnded || isReset) {
      this.#close(isReset);
      return;
    }
    this.connection.beginDrain();
    this.#own?.close();
    const drainMs = Math.min(DRAIN_MS_MAX, this.listener.config.timeouts.clientFinMs);
    this.#deadlineMs = this.context.engine.nowMs + drainMs;
    this.#schedule();
  }

  onResumeNeeded(): void {
    this.context.engine.scheduler.wake(this.#task, WakeReason.IO);
  }

  onTask(reasons: number): void {
    if ((reasons & WakeReason.IO) !== 0) this.connection.resume();
    if (this.#isClosed) return;
    const { nowMs } = this.context.engine;
    if (this.#own !== null && nowMs >= this.#own.deadlineMs) this.#own.close();
    if (nowMs >= this.#deadlineMs) {
      this.#deadlineMs = NEVER_MS;
      this.#onDeadline(nowMs);
    }
    if (!this.#isClosed) this.#schedule();
  }

  /** hadro stops: the exchanges there are end in their time. */
  drain(): void {
    this.#pingUntilMs = this.context.engine.nowMs + DRAIN_PING_MS;
    this.connection.drain();
    this.onStreamsChanged();
  }

  /** A server went down, and takes its exchanges along: on-marked-down. */
  onMarkedDown(server: Server, why: string): void {
    for (const exchange of [...this.#exchanges]) exchange.onMarkedDown(server, why);
  }

  /** hadro stops at once. */
  kill(): void {
    for (const exchange of [...this.#exchanges]) exchange.kill();
    this.#close(true);
  }

  /** No exchange is left, and something is to be said: the client does not read, or will in a moment. */
  get #isStuck(): boolean {
    const { sender, streams } = this.connection;
    return this.#exchanges.size === 0 && (streams.size > 0 || !sender.isEmpty);
  }

  /** Exchanges have their own deadlines. */
  #idleUntilMs(): number {
    if (this.#exchanges.size > 0) return NEVER_MS;
    const { clientMs, keepAliveMs, requestMs } = this.listener.config.timeouts;
    if (this.#isStuck) return this.#idleSinceMs + clientMs;
    return this.#idleSinceMs + (this.#requestCount === 0 ? requestMs : keepAliveMs);
  }

  #onDeadline(nowMs: number): void {
    const { connection } = this;
    if (connection.phase !== H2Phase.OPEN) this.#close(connection.phase === H2Phase.CLOSING);
    else if (this.#isStuck && nowMs >= this.#idleUntilMs()) this.#close(true);
    else if (nowMs >= this.#frameSinceMs + this.listener.config.timeouts.requestMs) {
      connection.fail(H2Error.ENHANCE_YOUR_CALM, "a frame was not complete in time");
    } else {
      if (nowMs >= Math.min(this.#pingUntilMs, this.#idleUntilMs())) {
        this.#pingUntilMs = NEVER_MS;
        connection.leave();
      }
      this.onStreamsChanged();
    }
  }

  #close(isReset: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.abandon("the client closed the connection");
    this.connection.closeSocket(isReset);
    this.#own?.close();
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
    this.listener.onConnectionClosed(this.client);
  }

  #schedule(): void {
    const deadlineMs = this.#own === null
      ? this.#deadlineMs
      : Math.min(this.#deadlineMs, this.#own.deadlineMs);
    this.context.engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }
}
