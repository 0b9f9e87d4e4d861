/**
 * The beginning of a connection to an `sni` listener: its TLS client hello is read where it lies, never answered, and says which backend the
 * connection belongs to (HAProxy: tcp-request inspect-delay, req.ssl_sni).
 *
 *     HELLO --whole, a route or the default matches--> a TcpSession with every byte that came
 *       |
 *       +--what came is                     with a default backend     without one
 *          whole, but no route matches      its session                PR, alert unrecognized_name
 *          no TLS                           its session                PR
 *          not whole when time is up        its session                cR
 *          not whole when the client ends   its session                CR; no line without a byte
 *          bad TLS                          PR, alert decode_error     the same
 *          reset by the client              CR; no line without a byte
 *
 *     timers: the listener's request timeout, from accept or the end of the PROXY protocol header
 *
 * The bytes stay in the buffer that they were received into, and the session sends them from there.
 *
 * May import: base, buffer, config, event, mux, protocol, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import { Criticality } from "../buffer/criticality.ts";
import type { ListenerConfig } from "../config/model.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import { FULL_CAPACITY, SocketEnd } from "../mux/socket_end.ts";
import type { EndContext } from "../mux/waiting_bytes.ts";
import { Alert, ALERT_BYTES, writeAlert } from "../protocol/tls/alert.ts";
import type { ClientHelloReader } from "../protocol/tls/client_hello.ts";
import { describeHelloError, HelloError, isOtherProtocol } from "../protocol/tls/hello_error.ts";
import { HelloRecords, HelloStatus } from "../protocol/tls/hello_records.ts";
import type { Backend } from "./backend.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { ConnectionCounts } from "./connection_counts.ts";
import type { FrontendCounters } from "./counters.ts";
import { noteConnections } from "./log_connections.ts";
import { EndCause, EndPhase, type LogSink, newLogRecord } from "./log_record.ts";
import type { Embryonic } from "./embryonic.ts";
import type { SniRoutes } from "./sni_routes.ts";
import { ReadHello } from "./tcp_beginning.ts";

const NO_ALERT = 0;

/** What an inspection needs of the process. */
interface InspectionContext extends EndContext {
  readonly log: LogSink;
  readonly connections: ConnectionCounts;
  readonly helloReader: ClientHelloReader;
  /** For building an alert; anybody's again after it. */
  readonly replySlab: Slab;
  /** What hadro ends when it stops. */
  readonly sessions: { add(inspection: SniInspection): void; delete(inspection: SniInspection): void };
}

/** The listener that it belongs to. */
interface InspectionOwner {
  readonly config: ListenerConfig;
  readonly counters: FrontendCounters;
  readonly ioClass: number;
  readonly connectionCount: number;
  readonly sniRoutes: SniRoutes<Backend> | null;
  /** The default backend. */
  readonly tcpBackend: Backend | null;
  /** It is over: the socket, and what came, are for a session of `client` with `backend`. */
  onHelloRead(client: ClientIdentity, inspection: SniInspection, backend: Backend): void;
  /** It failed, and the socket is closed. */
  onConnectionClosed(client: ClientIdentity): void;
}

/** See the module's text. */
export class SniInspection implements FdHandler, TaskHandler {
  readonly context: InspectionContext;
  readonly listener: InspectionOwner;
  /** The socket, and what came. */
  readonly end: SocketEnd;
  readonly acceptedWallMs: number;
  readonly handshakeMs: number;
  /** What is encrypted is passed on as it is. */
  readonly tls = null;
  /** Accept, or the end of the handshake. */
  readonly #beganMs: number;
  /** What the hello says; "" while it has not, or does not. */
  #serverName = "";
  /** How long the inspection took, TR of the log; -1 while it goes on. */
  #inspectedMs = -1;
  readonly #client: ClientIdentity;
  readonly #records = new HelloRecords();
  readonly #task: number;

  constructor(
    context: InspectionContext,
    listener: InspectionOwner,
    fd: number,
    client: ClientIdentity,
    handshake: Embryonic | null,
  ) {
    const { engine } = context;
    this.context = context;
    this.listener = listener;
    this.#client = client;
    this.#beganMs = engine.nowMs;
    this.handshakeMs = handshake?.handshakeMs ?? 0;
    this.acceptedWallMs = handshake?.acceptedWallMs ?? engine.wallNowMs;
    this.end = new SocketEnd(context);
    this.#task = engine.scheduler.create(this);
    context.sessions.add(this);
    if (handshake === null) {
      this.end.open(fd, listener.ioClass);
      engine.adopt(fd, this, listener.ioClass);
    } else {
      this.end.openFrom(handshake.end, listener.ioClass);
      engine.fdTable.setHandler(fd, this);
    }
  }

  /** Awaits the hello, or reads it at once when it came with the PROXY protocol header. */
  start(): void {
    const { engine } = this.context;
    engine.scheduler.scheduleAt(this.#task, engine.nowMs + this.listener.config.timeouts.requestMs);
    this.end.setReceiving(true);
    if (this.end.waitingBytes === 0) return;
    // Room for the longest hello.
    this.end.compact();
    this.#look();
  }

  onIo(): void {
    const { end } = this;
    const count = end.receive(Criticality.REQUEST_HEAD, FULL_CAPACITY);
    if (count > 0) this.#look();
    else if (count === 0) this.#onClientEnd();
    else if (count !== -Errno.EAGAIN && count !== -Errno.ENOBUFS) {
      this.#refuse(
        EndCause.CLIENT,
        "the client reset the connection before its TLS client hello was complete",
      );
    }
  }

  /** Time is up. */
  onTask(): void {
    const { requestMs } = this.listener.config.timeouts;
    if (this.context.engine.fdTable.isParked(this.end.fd, Direction.RECV)) {
      // It was hadro that could not receive, not the client that was slow.
      this.#refuse(
        EndCause.RESOURCE,
        `no buffer was free for the TLS client hello within ${requestMs} ms; see --max-mem`,
      );
      return;
    }
    this.#useDefault(
      EndCause.CLIENT_TIMEOUT,
      `the TLS client hello was not complete within ${requestMs} ms`,
      NO_ALERT,
    );
  }

  /** What was found, when it is over. */
  get result(): ReadHello {
    return new ReadHello(this.#serverName, this.#inspectedMs);
  }

  /** hadro stops: a tcp connection goes on until the drain's deadline. */
  drain(): void {}

  /** A server went down: it has none yet. */
  onMarkedDown(): void {}

  /** hadro stops at once. */
  kill(): void {
    this.#refuse(EndCause.KILLED, "hadro was stopped");
  }

  #look(): void {
    const { end } = this;
    const start = end.base + end.head;
    const status = this.#records.follow(end.bytes, start, end.base + end.tail);
    if (status === HelloStatus.DONE) this.#read(start);
    else if (status === HelloStatus.ERROR) this.#onBadHello(this.#records.errorCode);
  }

  #read(start: number): void {
    const hello = this.context.helloReader;
    const code = hello.read(this.end.bytes, start);
    if (code !== HelloError.NONE) {
      this.#onBadHello(code);
      return;
    }
    this.#serverName = hello.serverName;
    this.#noteTime();
    const backend = this.listener.sniRoutes!.find(hello.serverName, hello);
    if (backend !== null) this.#begin(backend);
    else {
      const why = hello.serverName === ""
        ? "the TLS client hello names no server"
        : `no route of this listener matches the server name ${hello.serverName}`;
      this.#useDefault(EndCause.PROXY, why, Alert.UNRECOGNIZED_NAME);
    }
  }

  #onBadHello(code: number): void {
    const why = describeHelloError(code);
    if (isOtherProtocol(code)) this.#useDefault(EndCause.PROXY, why, NO_ALERT);
    else this.#refuse(EndCause.PROXY, why, Alert.DECODE_ERROR);
  }

  #onClientEnd(): void {
    const why = "the client closed before its TLS client hello was complete";
    if (this.end.waitingBytes === 0) this.#refuse(EndCause.CLIENT, why);
    else this.#useDefault(EndCause.CLIENT, why, NO_ALERT);
  }

  /** The listener's default backend has what no route takes; without one it ends here. */
  #useDefault(cause: number, why: string, alert: number): void {
    const backend = this.listener.tcpBackend;
    if (backend !== null) this.#begin(backend);
    else this.#refuse(cause, `${why}, and the listener has no default backend`, alert);
  }

  #begin(backend: Backend): void {
    this.#leave();
    this.#noteTime();
    this.listener.onHelloRead(this.#client, this, backend);
  }

  #refuse(cause: number, why: string, alert: number = NO_ALERT): void {
    const isQuiet = this.end.receivedBytes === 0 && (cause === EndCause.CLIENT || cause === EndCause.KILLED);
    if (cause !== EndCause.KILLED) this.listener.counters.helloErrors++;
    if (alert !== NO_ALERT) {
      const { replySlab } = this.context;
      writeAlert(replySlab.bytes, alert);
      // What the socket does not take of these few bytes is not worth waiting for.
      this.end.sendBytes(replySlab, 0, ALERT_BYTES);
    }
    if (!isQuiet) this.#log(cause, why);
    this.end.closeSocket(false);
    this.#leave();
    this.listener.onConnectionClosed(this.#client);
  }

  #noteTime(): void {
    this.#inspectedMs = Math.round(this.context.engine.nowMs - this.#beganMs);
  }

  #leave(): void {
    this.context.engine.scheduler.release(this.#task);
    this.context.sessions.delete(this);
  }

  #log(cause: number, why: string): void {
    if (!this.context.log.enabled) return;
    const { context, listener, end } = this;
    const record = newLogRecord(0);
    record.scheme = "sni";
    record.clientAddress = this.#client.address;
    record.clientPort = this.#client.port;
    record.acceptWallMs = record.requestWallMs = this.acceptedWallMs;
    record.frontendName = listener.config.name;
    record.serverNameIndication = this.#serverName;
    record.handshakeMs = this.handshakeMs;
    record.requestMs = this.#inspectedMs;
    record.activeMs = Math.round(context.engine.nowMs - this.#beganMs);
    record.totalMs = record.handshakeMs + record.activeMs;
    record.bytesIn = end.receivedBytes;
    record.bytesOut = end.sentBytes;
    record.endCause = cause;
    record.endPhase = EndPhase.REQUEST;
    record.why = why;
    noteConnections(record, context.connections, listener, null, null);
    context.log.logStream(record);
  }
}
