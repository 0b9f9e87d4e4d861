/**
 * An HTTP session: a client connection's whole life, with one stream at a time (HAProxy: session, HTTP/1 mux).
 *
 *     client timers            runs
 *     handshake (client-hs)    accept → PROXY protocol header, where the listener has `proxy`: before the session (proxy_handshake.ts)
 *     request (http-request)   accept or handshake, or first byte of a further request → head complete
 *     keep-alive               response sent → first byte of the next request
 *     client                   while the request's body or the response is on the client's side
 *     client-fin               closing: what still comes is thrown away
 *
 * With `http-reuse never`, and for servers that get a PROXY protocol header, it keeps one idle server connection, which ends with it.
 *
 * The server-side deadline belongs to the stream and shares the session's task: one timer a connection, re-armed lazily.
 *
 * May import: base, config, event, net, mux, protocol, proxy.
 *
 * @module
 */
import { NEVER_MS } from "../event/task.ts";
import type { TlsFacts } from "../event/poller.ts";
import { type TaskHandler, WakeReason } from "../event/run_queue.ts";
import type { H1Back } from "../mux/h1_back.ts";
import { FrontPhase } from "../mux/front.ts";
import { H1Front, type H1FrontOwner } from "../mux/h1_front.ts";
import { H2Session } from "./h2_session.ts";
import { HttpStream } from "./http_stream.ts";
import type { Embryonic } from "./embryonic.ts";
import type { Listener } from "./listener.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { OwnConnection } from "./own_connection.ts";
import type { ProxyContext } from "./proxy_context.ts";
import type { Server } from "./server.ts";
import type { StreamSession } from "./stream_session.ts";
import type { ClientIdentity } from "./client_identity.ts";

/** How long bytes are thrown away behind the last answer. */
const DRAIN_MS_MAX = 2_000;

/** See the module's text. */
export class HttpSession implements H1FrontOwner, StreamSession, TaskHandler {
  readonly context: ProxyContext;
  readonly listener: Listener;
  readonly front: H1Front;
  readonly client: ClientIdentity;
  readonly acceptedWallMs: number;
  /** null: not encrypted. */
  readonly tls: TlsFacts | null;
  /** From accept to the end of its handshake: 0 without one. */
  readonly handshakeMs: number;
  /** Since when the client has been idle: accept, the end of the handshake, or that of the last response. */
  idleSinceMs: number;
  requestCount = 0;
  #stream: HttpStream | null = null;
  /** Made when it is first needed. */
  #own: OwnConnection | null = null;
  readonly #task: number;
  #clientDeadlineMs = NEVER_MS;
  #serverDeadlineMs = NEVER_MS;

  constructor(
    context: ProxyContext,
    listener: Listener,
    fd: number,
    client: ClientIdentity,
    handshake: Embryonic | null,
  ) {
    const { engine } = context;
    this.context = context;
    this.listener = listener;
    this.client = client;
    this.idleSinceMs = engine.nowMs;
    this.handshakeMs = handshake?.handshakeMs ?? 0;
    this.tls = handshake?.tls ?? null;
    this.acceptedWallMs = handshake?.acceptedWallMs ?? engine.wallNowMs;
    this.front = new H1Front(context, context.requestParsers, this);
    this.front.headLimitBytes = listener.config.limits.maxHeaderBytes;
    this.front.looksForPreface = listener.config.limits.h2StreamMax > 0;
    this.#task = engine.scheduler.create(this);
    if (handshake === null) {
      this.front.open(fd, listener.ioClass);
      engine.adopt(fd, this.front, listener.ioClass);
    } else {
      this.front.openFrom(handshake.end, listener.ioClass);
      engine.fdTable.setHandler(fd, this.front);
      if (this.front.waitingBytes > 0) engine.scheduler.wake(this.#task, WakeReason.IO);
    }
    context.sessions.add(this);
    this.setClientDeadline(engine.nowMs + listener.config.timeouts.requestMs);
    this.front.setReceiving(true);
  }

  setClientDeadline(deadlineMs: number): void {
    this.#clientDeadlineMs = deadlineMs;
    this.#schedule();
  }

  setServerDeadline(deadlineMs: number): void {
    this.#serverDeadlineMs = deadlineMs;
    this.#schedule();
  }

  /** An idle connection to `server` that the request at hand, for `authority`, may use; null when there is none. */
  takeIdle(server: Server, authority: string): H1Back | null {
    return this.#own?.take(server, authority) ?? server.idle.take(this.requestCount <= 1);
  }

  /** Keeps a connection for a later request, of any session or of this one; returns false when the caller must close it. */
  putIdle(back: H1Back, server: Server): boolean {
    if (back.addressVersion !== server.addressVersion) return false;
    if (server.idle.options.reuse !== "never") return server.idle.put(back);
    this.#own ??= new OwnConnection(this.context);
    return this.#own.put(back, server);
  }

  onTask(reasons: number): void {
    if ((reasons & WakeReason.IO) !== 0) {
      this.front.resumePipelined();
      // An end behind what waited was told when nobody could use it.
      if (this.front.isReceiveEnded && this.front.phase === FrontPhase.BODY) this.#stream?.onClientEnd();
      if (!this.front.isOpen) return;
    }
    const nowMs = this.context.engine.nowMs;
    if (this.#own !== null && nowMs >= this.#own.deadlineMs) this.#own.close();
    if (nowMs >= this.#serverDeadlineMs) {
      this.#serverDeadlineMs = NEVER_MS;
      this.#stream?.onServerTimeout();
    } else if (nowMs >= this.#clientDeadlineMs) {
      this.#clientDeadlineMs = NEVER_MS;
      this.#onClientTimeout();
    }
    if (this.front.isOpen) this.#schedule();
  }

  /** Another kind of session goes on with the socket. */
  onPreface(): void {
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
    new H2Session(this).begin(this.front);
  }

  onRequestBegin(): void {
    const { engine } = this.context;
    this.#stream = this.context.takeHttpStream(this);
    this.#stream.begin();
    if (this.requestCount > 0) this.setClientDeadline(engine.nowMs + this.listener.config.timeouts.requestMs);
    this.requestCount++;
    this.listener.counters.requests++;
  }

  onRequestHead(): void {
    this.#stream!.onRequestHead();
  }

  onRequestBad(parseError: number): void {
    this.listener.counters.requestErrors++;
    this.#stream!.onRequestBad(parseError);
  }

  onRequestData(): void {
    this.#stream!.onRequestData();
  }

  onRequestBodyBad(parseError: number): void {
    this.listener.counters.requestErrors++;
    this.#stream!.onRequestBodyBad(parseError);
  }

  onClientSendable(): void {
    this.#stream?.onClientSendable();
  }

  onClientEnd(): void {
    if (this.#stream !== null) this.#stream.onClientEnd();
    // A request that waits before the end is still answered: the task comes to it.
    else if (this.front.waitingBytes === 0 || this.front.receiveError !== 0) this.close(false);
  }

  /** The stream is over and its answer went out: on to the next request, or to the end. */
  onStreamEnd(keepsAlive: boolean): void {
    const { engine } = this.context;
    const clientPersists = this.#stream!.clientPersists;
    this.#giveStream();
    const isSpent = this.front.isReceiveEnded && this.front.waitingBytes === 0;
    if (isSpent || this.front.receiveError !== 0 || this.front.sendError !== 0) {
      this.close(false);
      return;
    }
    if (!keepsAlive || this.context.isDraining) {
      this.#closeGently(clientPersists);
      return;
    }
    this.idleSinceMs = engine.nowMs;
    this.front.becomeIdle();
    this.setClientDeadline(engine.nowMs + this.listener.config.timeouts.keepAliveMs);
    if (this.front.waitingBytes > 0) engine.scheduler.wake(this.#task, WakeReason.IO);
  }

  /** The stream is over and the connection with it. */
  onStreamAbort(isReset: boolean): void {
    this.#giveStream();
    this.close(isReset);
  }

  /** hadro stops: an idle connection goes now, a busy one after its response. */
  drain(): void {
    if (this.#stream === null) this.close(false);
  }

  /** A server went down, and takes its sessions along: on-marked-down. */
  onMarkedDown(server: Server, why: string): void {
    const stream = this.#stream;
    // One that is still connecting finds out by itself.
    if (stream === null || stream.back === null || stream.dispatch.server !== server) return;
    stream.failExchange(503, EndCause.DOWN, EndPhase.HEADERS, why);
  }

  /** hadro stops at once. */
  kill(): void {
    if (this.#stream !== null) this.#stream.kill();
    else this.close(false);
  }

  close(isReset: boolean): void {
    if (!this.front.isOpen) return;
    this.front.closeSocket(isReset);
    this.#own?.close();
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
    this.listener.onConnectionClosed(this.client);
  }

  /**
   * Closes so that the last answer arrives: bytes that are still under way must not cause a reset. A client that asked for
   * the close itself sends nothing more; one that would have stayed may have sent its next request already.
   */
  #closeGently(clientPersists: boolean): void {
    const isDone = this.front.phase === FrontPhase.DONE && this.front.waitingBytes === 0;
    if (isDone && !clientPersists) {
      this.close(false);
      return;
    }
    this.front.drain();
    this.#own?.close();
    this.setServerDeadline(NEVER_MS);
    const drainMs = Math.min(DRAIN_MS_MAX, this.listener.config.timeouts.clientFinMs);
    this.setClientDeadline(this.context.engine.nowMs + drainMs);
  }

  /** A first request that never came is answered and logged as one (HAProxy: 408, cR); a further one ends in silence. */
  #onClientTimeout(): void {
    if (this.#stream === null && this.requestCount === 0) this.onRequestBegin();
    if (this.#stream !== null) this.#stream.onClientTimeout();
    else this.close(false);
  }

  #giveStream(): void {
    if (this.#stream === null) return;
    this.#serverDeadlineMs = this.#clientDeadlineMs = NEVER_MS;
    this.context.giveHttpStream(this.#stream);
    this.#stream = null;
  }

  #schedule(): void {
    const exchangeMs = Math.min(this.#clientDeadlineMs, this.#serverDeadlineMs);
    const deadlineMs = this.#own === null ? exchangeMs : Math.min(exchangeMs, this.#own.deadlineMs);
    this.context.engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }
}
