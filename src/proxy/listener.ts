/**
 * A listener: a bound socket that accepts, and the frontend whose rules hold for what it accepts.
 *
 *     LISTENING --limit reached--> FULL --a connection closed--> LISTENING
 *         |                                                        ^
 *         +--out of descriptors or memory--> PAUSED --delay--------+
 *         +--stop--> CLOSED
 *
 * While FULL or PAUSED new connections wait in the kernel's backlog; nothing spins. The delay doubles from PAUSE_MS_MIN to
 * PAUSE_MS_MAX while accepting keeps failing.
 *
 * May import: base, config, sys, event, net, mux, proxy.
 *
 * @module
 */
import { Errno, errnoName } from "../base/errno.ts";
import type { ListenerConfig } from "../config/model.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { SocketAddress } from "../event/poller.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import { IoClass } from "../event/io_queue.ts";
import { NO_FD } from "../mux/socket_end.ts";
import type { TlsContext } from "../sys/tls_context.ts";
import type { Backend } from "./backend.ts";
import { priorityClass } from "./backend.ts";
import { ClientIdentity } from "./client_identity.ts";
import { type FrontendCounters, newFrontendCounters } from "./counters.ts";
import { HttpSession } from "./http_session.ts";
import { AcceptGuard } from "./limit/accept_guard.ts";
import { BasicAuth } from "./limit/basic_auth.ts";
import { logRefusedConnection } from "./limit/refused_connection.ts";
import { RequestGuard } from "./limit/request_guard.ts";
import type { ProxyContext } from "./proxy_context.ts";
import type { Embryonic } from "./embryonic.ts";
import { ProxyHandshake } from "./proxy_handshake.ts";
import type { RouteTable } from "./route_table.ts";
import type { RouteTarget } from "./route_target.ts";
import { SniInspection } from "./sni_inspection.ts";
import type { SniRoutes } from "./sni_routes.ts";
import { TcpSession } from "./tcp_session.ts";
import { TlsHandshake } from "./tls_handshake.ts";

/** Accepts in one call: HAProxy's tune.maxaccept. */
const ACCEPTS_PER_CALL = 4;
const BACKLOG = 4_096;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 1_000;
/** Trouble with accepting is told again after so long without any. */
const REPORT_PAUSE_MS = 10_000;

/** The process-wide limits that a listener asks before it accepts. */
export interface AcceptGate {
  /** Whether one more client connection of this class may be accepted. */
  mayAccept(ioClass: number): boolean;
  /** Tells people, not the access log. */
  report(message: string): void;
}

/** See the module's text. */
export class Listener implements FdHandler, TaskHandler {
  readonly config: ListenerConfig;
  readonly context: ProxyContext;
  readonly counters: FrontendCounters = newFrontendCounters();
  readonly ioClass: number;
  /** Its place among the listeners of the configuration. */
  readonly index: number;
  routes!: RouteTable<RouteTarget>;
  /** The backend of a tcp listener, the default one of an sni listener. */
  tcpBackend: Backend | null = null;
  /** Of an sni listener, whose default backend is `tcpBackend`. */
  sniRoutes: SniRoutes<Backend> | null = null;
  /** What its connections are encrypted with; null: they are not. Another one from one connection to the next when certificates changed. */
  tlsContext: TlsContext | null = null;
  readonly #gate: AcceptGate;
  /** Null where there is nothing to ask. */
  readonly requestGuard: RequestGuard | null;
  readonly basicAuth: BasicAuth | null;
  readonly #guard: AcceptGuard | null;
  readonly #task: number;
  #fd = NO_FD;
  #isFull = false;
  #pauseMs = PAUSE_MS_MIN;
  #isPaused = false;
  #pausedUntilMs = 0;
  /** Failures until then are part of the trouble that was told already. */
  #quietUntilMs = -Infinity;

  constructor(config: ListenerConfig, index: number, context: ProxyContext, gate: AcceptGate) {
    this.config = config;
    this.index = index;
    this.context = context;
    this.#gate = gate;
    this.#guard = AcceptGuard.of(config, context.seed);
    this.requestGuard = RequestGuard.of(config, context.seed);
    const { users } = config.limits;
    const authKey = () => crypto.getRandomValues(new Uint32Array(4));
    this.basicAuth = users.length === 0 ? null : new BasicAuth(users, context.engine, authKey());
    this.ioClass = priorityClass(config.priority);
    this.#task = context.engine.scheduler.create(this);
  }

  /** Connections open now, over all threads. */
  get connectionCount(): number {
    return this.context.connections.ofListener(this.index);
  }

  /** The listening socket. */
  get fd(): number {
    return this.#fd;
  }

  /** Binds. @throws {ListenError} */
  listen(address: SocketAddress): void {
    const { engine } = this.context;
    const { tcp, poller } = this.config;
    this.#fd = engine.poller.listen(address, BACKLOG, tcp, poller === "deno");
    engine.fdTable.insert(this.#fd, this, IoClass.INTERACTIVE, false);
  }

  /** Where it is bound really. */
  get localAddress(): SocketAddress {
    return this.context.engine.poller.localAddress(this.#fd);
  }

  start(): void {
    this.context.engine.fdTable.wantRecv(this.#fd);
  }

  /** Closes the socket; connections go on. */
  close(): void {
    if (this.#fd === NO_FD) return;
    this.context.engine.close(this.#fd);
    this.context.engine.scheduler.release(this.#task);
    this.#fd = NO_FD;
  }

  onIo(fd: number): void {
    const { engine } = this.context;
    for (let i = 0; i < ACCEPTS_PER_CALL; i++) {
      if (!this.#mayAccept()) {
        this.#isFull = true;
        engine.fdTable.stopRecv(fd);
        // A place may become free in another thread, which says nothing.
        if (this.context.connections.isShared) {
          engine.scheduler.scheduleAt(this.#task, engine.nowMs + PAUSE_MS_MIN);
        }
        return;
      }
      const accepted = engine.poller.accept(fd);
      if (accepted === -Errno.EAGAIN) {
        engine.fdTable.cantRecv(fd);
        return;
      }
      if (accepted === -Errno.ECONNABORTED || accepted === -Errno.EPROTO || accepted === -Errno.EINTR) {
        continue;
      }
      if (accepted < 0) {
        this.#pause(fd, accepted);
        return;
      }
      this.#pauseMs = PAUSE_MS_MIN;
      this.#open(accepted);
    }
  }

  /** The pause is over, or it is time to look for a free place. */
  onTask(): void {
    const { engine } = this.context;
    if (this.#isPaused && engine.nowMs >= this.#pausedUntilMs) this.#resume();
    this.onRoom();
    if (this.#isFull && this.context.connections.isShared) {
      engine.scheduler.scheduleAt(this.#task, engine.nowMs + PAUSE_MS_MIN);
    } else if (this.#isPaused) engine.scheduler.scheduleAt(this.#task, this.#pausedUntilMs);
  }

  /** Why this client may not have a connection; null when it may, and is counted as one that has. */
  refusalOf(client: ClientIdentity): string | null {
    return this.#guard === null ? null : this.#guard.refusal(client, this.context.engine.nowMs);
  }

  /** Its PROXY protocol header was read. */
  onHandshakeDone(client: ClientIdentity, handshake: ProxyHandshake): void {
    const { tlsContext } = this;
    if (tlsContext === null) this.#openSession(handshake.end.fd, client, handshake);
    else TlsHandshake.behind(this.context, this, handshake, client).start(tlsContext);
  }

  onTlsDone(client: ClientIdentity, connection: Embryonic): void {
    this.#openSession(connection.end.fd, client, connection);
  }

  /** A client hello said where its connection belongs. */
  onHelloRead(client: ClientIdentity, inspection: SniInspection, backend: Backend): void {
    new TcpSession(this.context, this, inspection.end.fd, client, inspection, backend, inspection.result);
  }

  /** A handshake failed, and its socket is closed. */
  onHandshakeFailed(): void {
    this.context.connections.remove(this.index);
    this.context.onServerConnectionClosed();
  }

  /** One of its connections closed. */
  onConnectionClosed(client: ClientIdentity): void {
    if (this.#guard !== null) this.#guard.leave(client);
    this.onHandshakeFailed();
  }

  /** A descriptor or a place became free somewhere: accepts again if that was what it waited for. */
  onRoom(): void {
    if (this.#isFull && this.#mayAccept()) {
      this.#isFull = false;
      if (!this.#isPaused && this.#fd !== NO_FD) this.context.engine.fdTable.wantRecv(this.#fd);
    }
  }

  #mayAccept(): boolean {
    if (this.config.maxconn > 0 && this.connectionCount >= this.config.maxconn) return false;
    return this.#gate.mayAccept(this.ioClass);
  }

  #open(fd: number): void {
    const peer = this.context.engine.poller.peerAddress(fd);
    if (this.config.acceptsProxy) {
      this.#count();
      new ProxyHandshake(this.context, this, fd, peer).start();
      return;
    }
    const client = new ClientIdentity(peer, this.context.config.trust);
    const refusal = this.refusalOf(client);
    if (refusal !== null) {
      this.#refuse(fd, client, refusal);
      return;
    }
    this.#count();
    if (this.tlsContext === null) this.#openSession(fd, client, null);
    else TlsHandshake.ofSocket(this.context, this, fd, client).start(this.tlsContext);
  }

  #count(): void {
    this.context.connections.add(this.index);
    this.counters.connections++;
  }

  #openSession(fd: number, client: ClientIdentity, before: Embryonic | null): void {
    const { scheme } = this.config;
    if (scheme === "http") new HttpSession(this.context, this, fd, client, before);
    else if (scheme === "sni") new SniInspection(this.context, this, fd, client, before).start();
    else new TcpSession(this.context, this, fd, client, before, this.tcpBackend!);
  }

  /** Nothing was made for it yet: neither a place in the fd table nor in the counts. */
  #refuse(fd: number, client: ClientIdentity, why: string): void {
    const { engine, connections, log } = this.context;
    engine.poller.close(fd, true);
    this.counters.deniedConnections++;
    logRefusedConnection(log, {
      listener: this.config,
      client,
      wallMs: engine.wallNowMs,
      processConns: connections.total,
      frontendConns: this.connectionCount,
      why,
    });
  }

  #pause(fd: number, errno: number): void {
    const { engine } = this.context;
    engine.activity.acceptErrors++;
    // Still ready: what waits in the backlog is not reported again by an edge-triggered poller.
    engine.fdTable.stopRecv(fd);
    if (engine.nowMs >= this.#quietUntilMs) {
      this.#gate.report(`listener ${this.config.name}: cannot accept (${errnoName(errno)}); pausing`);
    }
    this.#quietUntilMs = engine.nowMs + REPORT_PAUSE_MS;
    this.#isPaused = true;
    this.#pausedUntilMs = engine.nowMs + this.#pauseMs;
    engine.scheduler.scheduleAt(this.#task, this.#pausedUntilMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
  }

  #resume(): void {
    this.#isPaused = false;
    if (this.#fd !== NO_FD && !this.#isFull) this.context.engine.fdTable.wantRecv(this.#fd);
  }
}
