/**
 * An HTTP stream: one request and its response, from the first byte to the log line (HAProxy: stream).
 *
 *     step        enters when                               leaves to
 *     REQUEST     the first byte came                       CONNECT; REPLY when refused
 *     CONNECT     head complete, backend chosen             RESPONSE; REPLY when no server can be had
 *     RESPONSE    connected: the request flows              DATA at the final head; REPLY on a failure before it; TUNNEL at 101
 *     DATA        the response flows                        end
 *     REPLY       hadro answers by itself                   end
 *     TUNNEL      upgraded: a relay owns both sockets       end
 *
 * Request and response flow independently, each out of the buffer it was received into: an early response is delivered
 * while the request still comes. The parts: http_request.ts (head in, route, rewrite, pump up), http_response.ts (head back,
 * rewrite, pump down), http_faults.ts and http_timeouts.ts (what a peer's fault leads to), this file (life, log).
 *
 * May import: base, config, event, net, mux, protocol, proxy.
 *
 * @module
 */
import { NEVER_MS } from "../event/task.ts";
import { BackPhase, H1Back, type H1BackOwner } from "../mux/h1_back.ts";
import { FrontPhase } from "../mux/front.ts";
import { Relay, type RelayOwner } from "../mux/relay.ts";
import { Method } from "../protocol/http/method.ts";
import type { Backend } from "./backend.ts";
import type { CompressedBody } from "./compress/compressed_body.ts";
import type { CompressRule } from "./compress/compress_rule.ts";
import { endCompression } from "./compress/response_compression.ts";
import { Dispatch, type DispatchOwner } from "./dispatch.ts";
import { mayKeepAlive } from "./error_reply.ts";
import { acceptAuthResult, refusesBody } from "./http_admission.ts";
import {
  endByBadRequest,
  endByBadRequestBody,
  endByBadResponse,
  endByBadResponseBody,
  endByClientClose,
  endByServerClose,
} from "./http_faults.ts";
import { acceptRequestHead, forwardRequestHead, pumpRequest, receiveWhileQueued } from "./http_request.ts";
import { acceptResponseHead, pumpResponse } from "./http_response.ts";
import { routeRequest } from "./http_route.ts";
import { endByClientTimeout, endByServerTimeout, refreshTunnelDeadlines } from "./http_timeouts.ts";
import { noteNoAnswer } from "./health/traffic_observer.ts";
import { noteConnections } from "./log_connections.ts";
import { LocalReply, ReplyProgress } from "./local_reply.ts";
import type { AuthWaiter, BasicAuth } from "./limit/basic_auth.ts";
import { Pace } from "./limit/pace.ts";
import { EndCause, EndPhase, type LogRecord, newLogRecord, resetLogRecord } from "./log_record.ts";
import type { ProxyContext } from "./proxy_context.ts";
import { authorityFor, writeClientHeader } from "./proxy_header.ts";
import { noteQueue } from "./queue/log_queue.ts";
import type { Redirect } from "./redirect.ts";
import { RequestReplay } from "./retry/request_replay.ts";
import type { Server } from "./server.ts";
import { StickState } from "./stick/stick_state.ts";
import type { StreamSession } from "./stream_session.ts";
import { nameOf } from "./tls_steps.ts";
import { StreamStep } from "./stream_step.ts";
import { UNIQUE_ID_BYTES } from "./unique_id.ts";

/** Room for the request line (1,024), three headers (256 each) and the id in the log record. */
const CAPTURE_BYTES = 1_024 + 3 * 256 + UNIQUE_ID_BYTES;

/** See the module's text. Reused: a session takes one for each request. */
export class HttpStream implements H1BackOwner, DispatchOwner, RelayOwner, AuthWaiter {
  readonly context: ProxyContext;
  readonly record: LogRecord = newLogRecord(CAPTURE_BYTES);
  readonly dispatch: Dispatch;
  readonly pace = new Pace();
  readonly replay: RequestReplay;
  step: number = StreamStep.REQUEST;
  backend: Backend | null = null;
  back: H1Back | null = null;
  methodId: number = Method.OTHER;
  /** Minor version of the client's HTTP/1. */
  clientVersionMinor = 1;
  /** The client asked to keep the connection (by version or Connection). */
  clientPersists = false;
  /** Of the request; 0: no limit. */
  maxBodyBytes = 0;
  /** Checks the request's password, and will say so. */
  pendingAuth: BasicAuth | null = null;
  /** Of the last backend that had stickiness. */
  readonly stick = new StickState();
  /** The request asked for an upgrade, and it was passed on. */
  asksUpgrade = false;
  /** Everything of the request was sent to the server. */
  isRequestSent = false;
  isReused = false;
  /** The head in the response buffer is an interim one. */
  isInterim = false;
  interimCount = 0;
  /** By what the response may be compressed, the coding that the client takes, and the body that is being. */
  compressRule: CompressRule | null = null;
  compressCoding = 0;
  compressed: CompressedBody | null = null;
  serverPersists = false;
  /** The response head tells the client that the connection stays open. */
  keepsAlive = false;
  beganMs = 0;
  headDoneMs = 0;
  connectedMs = 0;
  responseMs = 0;
  #session: StreamSession | null = null;
  readonly #reply: LocalReply;
  #relay: Relay | null = null;

  constructor(context: ProxyContext) {
    this.context = context;
    this.dispatch = new Dispatch(context, this);
    this.replay = new RequestReplay(context);
    this.#reply = new LocalReply(context.errorReplies);
  }

  /** A request's head is there before a server is looked for. */
  readonly hasDataToSend = true;

  get session(): StreamSession {
    return this.#session!;
  }

  /** Binds the stream to a session; {@linkcode HttpStream.begin} follows. */
  assign(session: StreamSession | null): void {
    this.#session = session;
  }

  /** The first byte of a request came. */
  begin(): void {
    const { engine } = this.context;
    const { session, record } = this;
    resetLogRecord(record);
    this.step = StreamStep.REQUEST;
    this.backend = this.back = null;
    this.#relay = this.pendingAuth = this.compressed = null;
    this.maxBodyBytes = 0;
    this.pace.reset();
    this.replay.reset();
    this.methodId = Method.OTHER;
    this.clientPersists = this.asksUpgrade = this.isRequestSent = false;
    this.isReused = this.isInterim = false;
    this.serverPersists = this.keepsAlive = false;
    this.beganMs = engine.nowMs;
    this.headDoneMs = this.connectedMs = 0;
    this.responseMs = this.interimCount = 0;
    this.dispatch.retries = 0;
    this.dispatch.isRedispatched = false;
    session.front.beginCounting();
    record.requestWallMs = engine.wallNowMs;
    record.handshakeMs = session.requestCount === 0 ? session.handshakeMs : 0;
    record.idleMs = Math.round(this.beganMs - session.idleSinceMs);
  }

  onRequestHead(): void {
    this.headDoneMs = this.context.engine.nowMs;
    this.record.requestMs = Math.round(this.headDoneMs - this.beganMs);
    this.session.setClientDeadline(NEVER_MS);
    acceptRequestHead(this);
  }

  /** Goes to `backend` for a server: `direct`, or any; waits in `requestClass`, or NO_CLASS. */
  route(backend: Backend, key: number, direct: Server | null, requestClass: number): void {
    this.step = StreamStep.CONNECT;
    this.backend = backend;
    backend.currentConns++;
    backend.retry?.budget.noteRequest(this.context.engine.nowMs);
    this.record.backendName = backend.config.name;
    const { ioClass } = this.session.listener;
    this.dispatch.start(backend, ioClass, key, direct, this.stick.isForced, requestClass);
  }

  setServerDeadline(deadlineMs: number): void {
    this.session.setServerDeadline(deadlineMs);
  }

  onQueued(server: Server | null): void {
    this.record.serverName = server?.config.name ?? "";
    receiveWhileQueued(this);
    if (this.session.front.isReceiveEnded) endByClientClose(this);
  }

  /** Whether an idle connection may be used is the backend's http-reuse to say. */
  onServerChosen(server: Server): boolean {
    this.record.serverName = server.config.name;
    this.record.queueMs = this.dispatch.queuedMs;
    this.backend!.stick?.noteServer(this.record, this.dispatch.isDirect);
    if (this.replay.isRepeated) return false;
    const back = this.session.takeIdle(server, authorityFor(server, this.session.front));
    if (back === null) return false;
    server.counters.reuses++;
    this.isReused = true;
    this.#begin(back);
    return true;
  }

  writeProxyHeader(server: Server, out: Uint8Array): number {
    const { client, front, tls } = this.session;
    const authority = server.config.proxyOut!.hasAuthority ? authorityFor(server, front) : "";
    return writeClientHeader(out, server, client, front, authority, tls, this.record);
  }

  tlsName(server: Server): string {
    return nameOf(server, authorityFor(server, this.session.front));
  }

  onServerConnected(fd: number): void {
    const back = new H1Back(this.context, this.context.responseParsers, this.context.probe);
    back.open(fd, this.dispatch.ioClass);
    back.serverAddress = this.dispatch.addressText;
    back.addressVersion = this.dispatch.addressVersion;
    back.authority = authorityFor(this.dispatch.server!, this.session.front);
    this.context.engine.fdTable.setHandler(fd, back);
    this.isReused = false;
    this.#begin(back);
  }

  onDispatchFailed(cause: number, phase: number, why: string): void {
    this.replyError(503, cause, phase, why);
  }

  onAuthResult(isRight: boolean): void {
    if (acceptAuthResult(this, isRight)) routeRequest(this);
  }

  onRequestBad(parseError: number): void {
    endByBadRequest(this, parseError);
  }

  onRequestBodyBad(parseError: number): void {
    endByBadRequestBody(this, parseError);
  }

  onRequestData(): void {
    if (this.maxBodyBytes > 0 && refusesBody(this)) return;
    if (this.step === StreamStep.RESPONSE || this.step === StreamStep.DATA) pumpRequest(this);
    else receiveWhileQueued(this);
  }

  onServerSendable(): void {
    pumpRequest(this);
  }

  onResponseHead(): void {
    acceptResponseHead(this);
  }

  onResponseBad(parseError: number): void {
    endByBadResponse(this, parseError);
  }

  onResponseData(): void {
    pumpResponse(this);
  }

  onResponseBodyBad(parseError: number): void {
    endByBadResponseBody(this, parseError);
  }

  onServerEnd(): void {
    endByServerClose(this);
  }

  onClientSendable(): void {
    if (this.step === StreamStep.REPLY) this.#sendReply();
    else if (this.back !== null) pumpResponse(this);
  }

  onClientEnd(): void {
    endByClientClose(this);
  }

  onClientTimeout(): void {
    endByClientTimeout(this);
  }

  onServerTimeout(): void {
    endByServerTimeout(this);
  }

  /** The whole response went out. */
  onResponseDone(): void {
    const { front } = this.session;
    const back = this.back!;
    this.record.dataMs = Math.round(this.context.engine.nowMs - this.responseMs);
    const isReusable = this.serverPersists && this.isRequestSent && back.waitingBytes === 0 &&
      !back.isReceiveEnded && back.receiveError === 0 && back.sendError === 0 && back.isQuiet;
    this.#releaseBack(isReusable);
    const isWhole = front.phase === FrontPhase.DONE && front.forwardableBytes === 0;
    this.#end();
    this.session.onStreamEnd(this.keepsAlive && this.clientPersists && isWhole);
  }

  /** The server agreed to another protocol: from now on bytes pass unread. */
  startTunnel(): void {
    const { front } = this.session;
    this.step = StreamStep.TUNNEL;
    front.phase = FrontPhase.TUNNEL;
    front.releaseParser();
    this.back!.releaseParser();
    this.#relay = new Relay(front, this.back!, this);
    this.onRelayActivity();
    this.#relay.start();
  }

  onRelayActivity(): void {
    refreshTunnelDeadlines(this);
  }

  onRelayEnd(): void {
    const { front } = this.session;
    const back = this.back!;
    const isFailed = front.receiveError !== 0 || back.receiveError !== 0;
    if (front.receiveError !== 0) this.#setEnd(EndCause.CLIENT, EndPhase.DATA, "the client reset the tunnel");
    else if (back.receiveError !== 0) {
      this.#setEnd(EndCause.SERVER, EndPhase.DATA, "the server reset the tunnel");
    }
    this.#finishAborted(isFailed);
  }

  /** Answers the client by itself, when nothing of a response was sent yet. With 429: when to come again. */
  replyError(status: number, cause: number, phase: number, why: string, waitMs = 0): void {
    const { front } = this.session;
    this.#setEnd(cause, phase, why);
    this.#releaseBack(false);
    const isWhole = front.phase === FrontPhase.DONE && front.forwardableBytes === front.waitingBytes;
    this.keepsAlive = mayKeepAlive(status) && isWhole && this.clientPersists;
    this.#leaveRequest(isWhole);
    const isHeadOnly = this.methodId === Method.HEAD;
    this.#beginReply(status, this.#reply.beginError(status, !this.keepsAlive, isHeadOnly, waitMs));
  }

  /** Sends the client elsewhere, before a server was looked for. The head stays until the answer went out. */
  replyRedirect(redirect: Redirect): void {
    const { front } = this.session;
    this.#setEnd(EndCause.LOCAL, EndPhase.REQUEST, "");
    noteConnections(
      this.record,
      this.context.connections,
      this.session.listener,
      this.backend,
      this.dispatch,
    );
    this.keepsAlive = front.phase === FrontPhase.DONE && this.clientPersists && !this.context.isDraining;
    this.#beginReply(redirect.config.code, this.#reply.beginRedirect(redirect, front, !this.keepsAlive));
  }

  /** The exchange with the server failed: an error answer while none was begun, else the end of both connections. */
  failExchange(status: number, cause: number, phase: number, reason: string): void {
    const why = this.replay.explain(reason);
    if (this.hasAnswered) this.abort(cause, EndPhase.DATA, why, true);
    else {
      noteNoAnswer(this.dispatch.server?.observer ?? null, cause, phase);
      this.replyError(status, cause, phase, why);
    }
  }

  /** Ends the stream and both connections. */
  abort(cause: number, phase: number, why: string, isReset: boolean): void {
    this.#setEnd(cause, phase, why);
    this.#finishAborted(isReset);
  }

  /** hadro stops at once. */
  kill(): void {
    this.abort(EndCause.KILLED, this.phase, "hadro was stopped", true);
  }

  #begin(back: H1Back): void {
    const { engine } = this.context;
    this.back = back;
    this.step = StreamStep.RESPONSE;
    this.connectedMs = engine.nowMs;
    this.record.connectMs = Math.round(this.connectedMs - this.headDoneMs) - this.record.queueMs;
    this.session.setServerDeadline(engine.nowMs + this.backend!.config.timeouts.serverMs);
    back.setNormalClass(this.dispatch.ioClass);
    back.pairWith(this.session.front);
    back.attach(this);
    if (!this.session.front.mayTake()) back.setReceiving(false);
    forwardRequestHead(this);
  }

  /** Some byte of an answer may have gone out: no other answer can be given. */
  get hasAnswered(): boolean {
    return this.step >= StreamStep.DATA || this.isInterim;
  }

  /** Where the exchange is, for the termination state. */
  get phase(): number {
    if (this.step === StreamStep.REQUEST) return EndPhase.REQUEST;
    if (this.step === StreamStep.CONNECT) return this.dispatch.endPhase;
    return this.step === StreamStep.RESPONSE && this.back?.phase === BackPhase.HEAD
      ? EndPhase.HEADERS
      : EndPhase.DATA;
  }

  #setEnd(cause: number, phase: number, why: string): void {
    this.record.endCause = cause;
    this.record.endPhase = phase;
    this.record.why = why;
  }

  #beginReply(status: number, headBytes: number): void {
    const { front, listener } = this.session;
    this.step = StreamStep.REPLY;
    this.record.status = status;
    this.record.headBytesOut += headBytes;
    if (front.phase !== FrontPhase.DONE) front.setReceiving(false);
    this.session.setServerDeadline(NEVER_MS);
    this.session.setClientDeadline(this.context.engine.nowMs + listener.config.timeouts.clientMs);
    this.#sendReply();
  }

  #sendReply(): void {
    const { front } = this.session;
    const progress = this.#reply.send(front);
    if (progress === ReplyProgress.BLOCKED) return;
    if (progress === ReplyProgress.FAILED) {
      this.#finishAborted(false);
      return;
    }
    this.#leaveRequest(front.phase === FrontPhase.DONE);
    this.#end();
    this.session.onStreamEnd(this.keepsAlive);
  }

  /** The head is not needed any more; of a whole request nothing. */
  #leaveRequest(isWhole: boolean): void {
    const { front } = this.session;
    front.releaseParser();
    if (isWhole && front.forwardableBytes > 0) front.discard(front.forwardableBytes);
    front.forwardableBytes = 0;
  }

  #finishAborted(isReset: boolean): void {
    this.#relay?.abandon();
    this.#releaseBack(false, isReset);
    this.#end();
    this.session.onStreamAbort(isReset);
  }

  /** Gives the server's connection to the idle pool, or closes it, and leaves the server. */
  #releaseBack(isReusable: boolean, isReset = false): void {
    if (this.pendingAuth !== null) this.pendingAuth.forget(this);
    this.pendingAuth = null;
    if (this.replay.isKept) this.replay.release();
    if (this.compressed !== null) endCompression(this, this.compressed);
    const back = this.back;
    const { server } = this.dispatch;
    if (server !== null) this.record.serverAddress = back?.serverAddress ?? this.dispatch.addressText;
    if (back !== null) {
      this.back = null;
      this.session.front.leaveResponse(back);
      this.record.bytesOut = back.receivedBytes;
      if (!isReusable || this.context.isDraining || !this.session.putIdle(back, server!)) {
        back.closeSocket(isReset);
        this.context.onServerConnectionClosed();
      }
    }
    noteConnections(
      this.record,
      this.context.connections,
      this.session.listener,
      this.backend,
      this.dispatch,
    );
    noteQueue(this.record, this.dispatch);
    this.dispatch.leave();
  }

  /** Writes the log line and leaves the backend. */
  #end(): void {
    const { record, session } = this;
    const nowMs = this.context.engine.nowMs;
    if (this.backend !== null) this.backend.currentConns--;
    record.tls = session.tls;
    record.clientAddress = session.client.address;
    record.clientPort = session.client.port;
    record.acceptWallMs = session.acceptedWallMs;
    record.frontendName = session.listener.config.name;
    record.activeMs = Math.round(nowMs - this.beganMs);
    record.totalMs = record.handshakeMs + record.idleMs + record.activeMs;
    record.bytesIn = session.front.takenBytes;
    record.bytesOut = session.front.sentBytes;
    record.retries = this.dispatch.retries;
    record.redispatched = this.dispatch.isRedispatched;
    this.context.log.logStream(record);
    this.backend = null;
    this.#relay = null;
  }
}
