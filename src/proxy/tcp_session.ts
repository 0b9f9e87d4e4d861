/**
 * A TCP session: a client connection relayed to one server (HAProxy: mode tcp).
 *
 *     CONNECT (queued first, where servers have a maxconn) --connected--> RELAY --both ways ended, reset, or time-out--> log, closed
 *        |  (nothing is received from the client yet)
 *        +--no server--> log, closed with a reset
 *
 *     before it: proxy_handshake.ts, sni_inspection.ts
 *     timers: connect (dispatch) · client and server inactivity · client-fin, server-fin once that side has ended
 *
 * May import: base, buffer, config, event, mux, proxy.
 *
 * @module
 */
import { Criticality } from "../buffer/criticality.ts";
import { NEVER_MS } from "../event/task.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { Direction } from "../event/fd_state.ts";
import type { TlsFacts } from "../event/poller.ts";
import { type TaskHandler, WakeReason } from "../event/run_queue.ts";
import { Relay, type RelayOwner } from "../mux/relay.ts";
import { FULL_CAPACITY, NO_FD, SocketEnd } from "../mux/socket_end.ts";
import type { Backend } from "./backend.ts";
import { describeBreak } from "./break_words.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { Dispatch, type DispatchOwner } from "./dispatch.ts";
import type { Listener } from "./listener.ts";
import { noteConnections } from "./log_connections.ts";
import { EndCause, EndPhase, newLogRecord } from "./log_record.ts";
import type { ProxyContext } from "./proxy_context.ts";
import { writeClientHeader } from "./proxy_header.ts";
import { noteQueue } from "./queue/log_queue.ts";
import type { Server } from "./server.ts";
import type { ReadHello, TcpBeginning } from "./tcp_beginning.ts";
import { TcpStick } from "./stick/tcp_stick.ts";
import { nameOf } from "./tls_steps.ts";

/** See the module's text. */
export class TcpSession implements FdHandler, DispatchOwner, RelayOwner, TaskHandler {
  readonly context: ProxyContext;
  readonly listener: Listener;
  readonly #client: SocketEnd;
  readonly #server: SocketEnd;
  readonly #identity: ClientIdentity;
  readonly #dispatch: Dispatch;
  readonly #backend: Backend;
  readonly #task: number;
  readonly #handshakeMs: number;
  /** Accept, or the end of what came before this session. */
  readonly #beganMs: number;
  readonly #acceptedWallMs: number;
  /** null: nobody looked at it. */
  readonly #hello: ReadHello | null;
  /** null: the backend knows no stickiness. */
  readonly #stick: TcpStick | null;
  readonly #tls: TlsFacts | null;
  #connectedMs = 0;
  #relay: Relay | null = null;
  #clientDeadlineMs = NEVER_MS;
  #serverDeadlineMs = NEVER_MS;
  #clientBytesSeen = 0;
  #serverBytesSeen = 0;
  #hasStarted = false;
  #isOver = false;

  constructor(
    context: ProxyContext,
    listener: Listener,
    fd: number,
    identity: ClientIdentity,
    before: TcpBeginning | null,
    backend: Backend,
    hello: ReadHello | null = null,
  ) {
    const { engine } = context;
    this.context = context;
    this.listener = listener;
    this.#identity = identity;
    this.#backend = backend;
    this.#hello = hello;
    this.#beganMs = engine.nowMs;
    this.#handshakeMs = before?.handshakeMs ?? 0;
    this.#tls = before?.tls ?? null;
    this.#acceptedWallMs = before?.acceptedWallMs ?? engine.wallNowMs;
    this.#client = new SocketEnd(context);
    this.#server = new SocketEnd(context);
    this.#dispatch = new Dispatch(context, this);
    const { stick } = backend;
    this.#stick = stick === null ? null : new TcpStick(stick, identity);
    this.#task = engine.scheduler.create(this);
    context.sessions.add(this);
    this.#backend.currentConns++;
    if (before === null) {
      this.#client.open(fd, listener.ioClass);
      // Its first call comes in this turn, and looks for a server.
      engine.adopt(fd, this, listener.ioClass);
    } else {
      this.#client.openFrom(before.end, listener.ioClass);
      engine.fdTable.setHandler(fd, this);
      // What was received may be all there is for now.
      engine.scheduler.wake(this.#task, WakeReason.IO);
    }
    this.#client.setReceiving(true);
  }

  get hasDataToSend(): boolean {
    return this.#client.waitingBytes > 0;
  }

  setServerDeadline(deadlineMs: number): void {
    this.#serverDeadlineMs = deadlineMs;
    this.#schedule();
  }

  onQueued(): void {}

  onServerChosen(): boolean {
    return false;
  }

  writeProxyHeader(server: Server, out: Uint8Array): number {
    const authority = server.config.proxyOut!.hasAuthority ? this.#hello?.serverName ?? "" : "";
    return writeClientHeader(out, server, this.#identity, this.#client, authority, this.#tls, null);
  }

  tlsName(server: Server): string {
    return nameOf(server, "");
  }

  onServerConnected(fd: number): void {
    const { nowMs, wallNowMs } = this.context.engine;
    this.#connectedMs = nowMs;
    this.#stick?.learn(this.#dispatch.server!, wallNowMs);
    this.#server.open(fd, this.#dispatch.ioClass);
    this.#relay = new Relay(this.#client, this.#server, this);
    this.#setDeadlines(true, true);
    this.#relay.start();
  }

  onDispatchFailed(cause: number, phase: number, why: string): void {
    this.#finish(cause, phase, why, true);
  }

  /**
   * Until a server is connected the client is listened to, one buffer of it: what it says first waits, and one that leaves
   * without having said anything is not worth a server (HAProxy: CC). The first call comes before a server is looked for, so
   * that it is known whether there are bytes for it.
   */
  onIo(_fd: number, ready: number): void {
    if ((ready & Direction.RECV) !== 0) this.#listenToClient();
    this.#start();
  }

  #start(): void {
    if (this.#isOver || this.#hasStarted) return;
    this.#hasStarted = true;
    const key = this.#backend.keys.ofClient(this.#identity, this.#hello?.serverName);
    const direct = this.#stick?.choose(this.context.engine.wallNowMs) ?? null;
    this.#dispatch.start(this.#backend, this.listener.ioClass, key, direct);
  }

  #listenToClient(): void {
    const client = this.#client;
    const { endPhase } = this.#dispatch;
    client.receive(Criticality.REQUEST_BODY, FULL_CAPACITY);
    if (client.receiveError !== 0) {
      this.#finish(EndCause.CLIENT, endPhase, "the client reset before a server was connected", true);
    } else if (client.isReceiveEnded && client.waitingBytes === 0) {
      this.#finish(EndCause.CLIENT, endPhase, "the client closed before a server was connected", false);
    }
  }

  onRelayActivity(): void {
    const client = this.#client;
    const server = this.#server;
    // An end of either side changes what both are waited for.
    const hasEnded = client.isReceiveEnded || server.isReceiveEnded;
    const hasClientMoved = client.receivedBytes + client.sentBytes !== this.#clientBytesSeen;
    const hasServerMoved = server.receivedBytes + server.sentBytes !== this.#serverBytesSeen;
    this.#setDeadlines(hasEnded || hasClientMoved, hasEnded || hasServerMoved);
  }

  onRelayEnd(): void {
    const client = this.#client;
    const server = this.#server;
    if (client.receiveError !== 0 || (client.sendError !== 0 && server.receiveError === 0)) {
      const why = describeBreak("client", client.receiveError || client.sendError);
      this.#finish(EndCause.CLIENT, EndPhase.DATA, why, true);
    } else if (server.receiveError !== 0 || server.sendError !== 0) {
      const why = describeBreak("server", server.receiveError || server.sendError);
      this.#finish(EndCause.SERVER, EndPhase.DATA, why, true);
    } else this.#finish(EndCause.NONE, EndPhase.NONE, "", false);
  }

  onTask(reasons: number): void {
    if ((reasons & WakeReason.IO) !== 0) this.#start();
    if (this.#isOver) return;
    const nowMs = this.context.engine.nowMs;
    if (nowMs >= this.#serverDeadlineMs) {
      this.#serverDeadlineMs = NEVER_MS;
      if (this.#relay === null) this.#dispatch.onDeadline();
      else this.#onTimeout(EndCause.SERVER_TIMEOUT, "the server", this.#server.isSendEnded);
    } else if (nowMs >= this.#clientDeadlineMs) {
      this.#clientDeadlineMs = NEVER_MS;
      this.#onTimeout(EndCause.CLIENT_TIMEOUT, "the client", this.#client.isSendEnded);
    }
    if (!this.#isOver) this.#schedule();
  }

  /** hadro stops: a relay may go on until the drain's deadline. */
  drain(): void {}

  /** A server went down, and takes its sessions along: on-marked-down. */
  onMarkedDown(server: Server, why: string): void {
    const isOn = this.#relay !== null && this.#dispatch.server === server;
    if (isOn) this.#finish(EndCause.DOWN, EndPhase.DATA, why, true);
  }

  /** hadro stops at once. */
  kill(): void {
    const phase = this.#relay === null ? this.#dispatch.endPhase : EndPhase.DATA;
    this.#finish(EndCause.KILLED, phase, "hadro was stopped", true);
  }

  #onTimeout(cause: number, who: string, isHalfClosed: boolean): void {
    const state = isHalfClosed ? "half-closed and inactive" : "inactive";
    this.#finish(cause, EndPhase.DATA, `${who} was ${state} for too long`, true);
  }

  #setDeadlines(forClient: boolean, forServer: boolean): void {
    const { timeouts } = this.listener.config;
    const { timeouts: serverTimeouts } = this.#backend.config;
    if (forClient) {
      this.#clientBytesSeen = this.#client.receivedBytes + this.#client.sentBytes;
      this.#clientDeadlineMs = this.#deadline(
        this.#client,
        this.#server,
        timeouts.clientMs,
        timeouts.clientFinMs,
      );
    }
    if (forServer) {
      this.#serverBytesSeen = this.#server.receivedBytes + this.#server.sentBytes;
      this.#serverDeadlineMs = this.#deadline(
        this.#server,
        this.#client,
        serverTimeouts.serverMs,
        serverTimeouts.serverFinMs,
      );
    }
    this.#schedule();
  }

  /**
   * Until when `end` may be inactive: its -fin timeout once we have ended our side towards it (HAProxy: half-closed), no
   * limit when it has said everything and nothing is on its way to it.
   */
  #deadline(end: SocketEnd, other: SocketEnd, timeoutMs: number, finTimeoutMs: number): number {
    if (end.isReceiveEnded && other.waitingBytes === 0) return NEVER_MS;
    return this.context.engine.nowMs + (end.isSendEnded ? finTimeoutMs : timeoutMs);
  }

  #schedule(): void {
    const deadlineMs = Math.min(this.#clientDeadlineMs, this.#serverDeadlineMs);
    this.context.engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }

  #finish(cause: number, phase: number, why: string, isReset: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#relay?.abandon();
    this.#log(cause, phase, why);
    const hadServer = this.#server.fd !== NO_FD;
    this.#server.closeSocket(isReset);
    this.#dispatch.leave();
    if (hadServer) this.context.onServerConnectionClosed();
    this.#backend.currentConns--;
    this.#client.closeSocket(isReset);
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
    this.listener.onConnectionClosed(this.#identity);
  }

  #log(cause: number, phase: number, why: string): void {
    const { connections, log } = this.context;
    if (!log.enabled) return;
    const record = newLogRecord(0);
    const server = this.#dispatch.server;
    record.scheme = "tcp";
    record.tls = this.#tls;
    record.clientAddress = this.#identity.address;
    record.clientPort = this.#identity.port;
    record.acceptWallMs = record.requestWallMs = this.#acceptedWallMs;
    record.frontendName = this.listener.config.name;
    record.backendName = this.#backend.config.name;
    record.serverName = server?.config.name ?? "";
    record.serverAddress = server === null ? "" : this.#dispatch.addressText;
    record.handshakeMs = this.#handshakeMs;
    record.queueMs = this.#dispatch.hasSlot ? 0 : -1;
    noteQueue(record, this.#dispatch);
    record.connectMs = this.#connectedMs === 0
      ? -1
      : Math.round(this.#connectedMs - this.#beganMs) - record.queueMs;
    record.activeMs = Math.round(this.context.engine.nowMs - this.#beganMs);
    this.#hello?.describe(record);
    record.totalMs = record.handshakeMs + record.activeMs;
    record.bytesIn = this.#client.receivedBytes;
    record.bytesOut = this.#client.sentBytes;
    record.retries = this.#dispatch.retries;
    record.redispatched = this.#dispatch.isRedispatched;
    record.endCause = cause;
    record.endPhase = phase;
    record.why = why;
    noteConnections(record, connections, this.listener, this.#backend, this.#dispatch);
    log.logStream(record);
  }
}
