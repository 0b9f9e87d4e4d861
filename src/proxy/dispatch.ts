/**
 * Dispatch: finds a server for a stream and connects to it, with retries and redispatch (HAProxy: `retries`, `redispatch`).
 *
 *     start --> choose --none usable-------------------------------------------------> failed
 *                 | ^
 *                 v |  another address of the same server: at once, unless it was TLS that failed
 *              connect --ok--> PROXY protocol header and TLS, if the server gets them (server_handshake.ts) --over--> connected
 *                 |
 *                 +--refused, unreachable, time-out--> retries left? --no------------> failed
 *                                                          |
 *                              another untried server: at once (redispatch)
 *                              none: wait RETRY_DELAY_MS, then all may be tried again
 *
 * No byte of the request was sent in any of these states, so a retry is always safe here. After that it is for retry/http_retry.ts to say,
 * which comes back to "retries left: yes".
 *
 * While it connects it owns the socket; then it hands the fd to its owner.
 *
 * May import: base, config, event, net, mux, proxy.
 *
 * @module
 */
import type { Bitmap } from "../base/bitmap.ts";
import { Errno, errnoName } from "../base/errno.ts";
import type { Engine } from "../event/engine.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { SocketAddress } from "../event/poller.ts";
import { NEVER_MS } from "../event/task.ts";
import { NO_FD } from "../mux/socket_end.ts";
import { type Backend, serverSideClass } from "./backend.ts";
import { NO_KEY } from "./balance/hash_key.ts";
import { describeConnectError } from "./connect_error.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import type { Server } from "./server.ts";
import { type HandshakeContext, type HandshakeOwner, ServerHandshake } from "./server_handshake.ts";

/** Pause before a server that failed is tried again: HAProxy's turn-around. */
const RETRY_DELAY_MS = 1_000;

/** For whom a server is found. */
export interface DispatchOwner extends HandshakeOwner {
  /** A server was chosen; true when the owner has a connection to it already (the dispatch then ends). */
  onServerChosen(server: Server): boolean;
  /** Connected: the owner takes the fd over. */
  onServerConnected(fd: number): void;
  /** No connection could be had: values of EndCause and EndPhase, and the reason in words. */
  onDispatchFailed(cause: number, phase: number, why: string): void;
  /** Ask for {@linkcode Dispatch.onDeadline} at this time; NEVER_MS for none. */
  setServerDeadline(deadlineMs: number): void;
}

const Phase = { IDLE: 0, CONNECTING: 1, SHAKING_HANDS: 2, WAITING: 3, DONE: 4 } as const;

/** See the module's text. Reused stream after stream. */
export class Dispatch implements FdHandler {
  /** The server in use, from choice to {@linkcode Dispatch.leave}. */
  server: Server | null = null;
  retries = 0;
  isRedispatched = false;
  /** The class of connections to the server. */
  ioClass = 0;
  /** The address that was tried last, as text; "" before the first. */
  addressText = "";
  readonly #engine: Engine;
  readonly #context: HandshakeContext;
  readonly #owner: DispatchOwner;
  #backend: Backend | null = null;
  #tried: Bitmap | null = null;
  #phase: number = Phase.IDLE;
  #fd = NO_FD;
  #attempt = 0;
  #key = NO_KEY;
  /** When the server in use was chosen. */
  #chosenMs = 0;
  #hasAnswered = false;
  /** Made when it is first needed. */
  #handshake: ServerHandshake | null = null;

  constructor(context: HandshakeContext, owner: DispatchOwner) {
    this.#context = context;
    this.#engine = context.engine;
    this.#owner = owner;
  }

  /** Begins for a new stream, whose key is NO_KEY or what the backend's KeyReader gave; a server is looked for at once. */
  start(backend: Backend, listenerClass: number, key: number): void {
    this.#backend = backend;
    this.#key = key;
    this.ioClass = serverSideClass(listenerClass, backend.ioClass);
    this.#tried = null;
    this.retries = 0;
    this.isRedispatched = false;
    this.addressText = "";
    this.#chooseAny();
  }

  /** The address in use. */
  get address(): SocketAddress {
    return this.server!.address(this.#attempt);
  }

  /** Gives up what is being done and leaves the server. */
  leave(): void {
    if (this.#fd !== NO_FD) {
      this.#engine.close(this.#fd);
      this.#fd = NO_FD;
    }
    this.#phase = Phase.IDLE;
    if (this.server === null) return;
    this.noteAnswer(true);
    this.#backend!.endOn(this.server);
    this.server = null;
  }

  /**
   * The server answered: a connection (tcp), the head of a response (http); or it failed to. Only the first news of a server count,
   * and leaving it without any is a failure.
   */
  noteAnswer(isError: boolean, atLeastMs = 0): void {
    if (this.#hasAnswered || this.server === null) return;
    this.#hasAnswered = true;
    const elapsedMs = this.#engine.nowMs - this.#chosenMs;
    this.#backend!.noteResponse(this.server, Math.max(elapsedMs, atLeastMs), isError);
  }

  /**
   * The server that was connected to failed the stream, which has retries left: another one is looked for as after a connect that
   * failed, or `isSameServer` is connected to again at once.
   */
  tryAgain(isSameServer: boolean): void {
    const server = this.server!;
    this.noteAnswer(true);
    if (!isSameServer || !server.usable) {
      this.#retry(server, this.#backend!);
      return;
    }
    this.retries++;
    server.counters.retries++;
    this.#attempt = 0;
    this.#chosenMs = this.#engine.nowMs;
    this.#hasAnswered = false;
    this.#connect();
  }

  /** The time asked for came: the connect takes too long, or the pause is over. */
  onDeadline(): void {
    const isConnecting = this.#phase === Phase.CONNECTING || this.#phase === Phase.SHAKING_HANDS;
    if (isConnecting) this.#onConnectFailed(-Errno.ETIMEDOUT, true);
    else if (this.#phase === Phase.WAITING) this.#chooseAny();
  }

  onIo(fd: number, _ready: number): void {
    if (this.#phase === Phase.CONNECTING) {
      const result = this.#engine.poller.connectResult(fd);
      if (result === -Errno.EINPROGRESS) {
        this.#engine.fdTable.cantSend(fd);
        return;
      }
      if (result < 0) {
        this.#onConnectFailed(result, false);
        return;
      }
    }
    if (ServerHandshake.isFor(this.server!)) {
      this.#phase = Phase.SHAKING_HANDS;
      const result = this.#handshake!.advance(fd, this.server!, this.ioClass);
      if (result === -Errno.EAGAIN) return;
      if (result < 0) {
        this.#onConnectFailed(result, false);
        return;
      }
    }
    this.#phase = Phase.DONE;
    this.#fd = NO_FD;
    this.server!.preferAddress(this.#attempt);
    this.server!.observer?.onConnected();
    this.#attempt = 0;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#engine.fdTable.stopSend(fd);
    if (this.#backend!.config.scheme === "tcp") this.noteAnswer(false);
    this.#owner.onServerConnected(fd);
  }

  #chooseAny(): void {
    this.#tried = null;
    const server = this.#backend!.choose(null, this.#key);
    if (server !== null) {
      this.#use(server);
      return;
    }
    this.#phase = Phase.DONE;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#owner.onDispatchFailed(EndCause.SERVER, EndPhase.CONNECT, this.#backend!.describeNoServer());
  }

  #use(server: Server): void {
    this.server = server;
    this.#attempt = 0;
    this.#chosenMs = this.#engine.nowMs;
    this.#hasAnswered = false;
    this.#backend!.beginOn(server);
    if (this.#owner.onServerChosen(server)) this.#phase = Phase.DONE;
    else this.#connect();
  }

  #connect(): void {
    this.#phase = Phase.CONNECTING;
    this.server!.counters.connects++;
    this.addressText = this.server!.addressText(this.#attempt);
    const options = this.server!.connectOptions(this.#attempt);
    if (options === null) {
      this.#onConnectFailed(-Errno.EAFNOSUPPORT, false);
      return;
    }
    const shakesHands = ServerHandshake.isFor(this.server!);
    if (shakesHands) (this.#handshake ??= new ServerHandshake(this.#context, this.#owner)).begin();
    const hasData = this.#owner.hasDataToSend || shakesHands;
    const fd = this.#engine.connect(this.address, this, this.ioClass, hasData, options);
    if (fd < 0) {
      this.#phase = Phase.DONE;
      const why = `cannot open a connection to ${this.server!.config.name}: ${
        errnoName(fd)
      }, out of descriptors`;
      this.#owner.onDispatchFailed(EndCause.RESOURCE, EndPhase.CONNECT, why);
      return;
    }
    this.#fd = fd;
    this.#owner.setServerDeadline(this.#engine.nowMs + this.#backend!.config.timeouts.connectMs);
  }

  #onConnectFailed(errno: number, isTimeout: boolean): void {
    const server = this.server!;
    const backend = this.#backend!;
    const { connectMs } = backend.config.timeouts;
    const why = this.#describe(errno, isTimeout ? connectMs : 0);
    if (this.#fd !== NO_FD) this.#engine.close(this.#fd);
    this.#fd = NO_FD;
    server.counters.connectErrors++;
    server.observer?.onConnectFailed();
    const isInTls = this.#phase === Phase.SHAKING_HANDS && this.#handshake!.isInTls;
    if (this.#attempt + 1 < server.addressCount && !isInTls) {
      this.#attempt++;
      this.#connect();
      return;
    }
    // To refuse at once is not to be quick.
    this.noteAnswer(true, connectMs);
    if (this.retries >= backend.connectRetries) {
      this.#phase = Phase.DONE;
      this.#owner.setServerDeadline(NEVER_MS);
      this.#owner.onDispatchFailed(
        isTimeout ? EndCause.SERVER_TIMEOUT : EndCause.SERVER,
        EndPhase.CONNECT,
        why,
      );
      return;
    }
    this.#retry(server, backend);
  }

  #describe(errno: number, timeoutMs: number): string {
    const handshake = this.#phase === Phase.SHAKING_HANDS ? this.#handshake : null;
    if (handshake !== null && handshake.why !== "") {
      return `TLS to ${this.addressText} failed: ${handshake.why}`;
    }
    return (timeoutMs > 0 && handshake?.describeTimeout(this.addressText, timeoutMs)) ||
      describeConnectError(this.address, this.server!.config.source, errno, timeoutMs);
  }

  #retry(server: Server, backend: Backend): void {
    this.retries++;
    server.counters.retries++;
    this.#tried ??= backend.newTriedSet();
    this.#tried.set(server.index);
    backend.endOn(server);
    this.server = null;
    const other = backend.choose(this.#tried, this.#key);
    if (other !== null) {
      this.isRedispatched = true;
      other.counters.redispatches++;
      this.#use(other);
      return;
    }
    this.#phase = Phase.WAITING;
    this.#owner.setServerDeadline(
      this.#engine.nowMs + Math.min(RETRY_DELAY_MS, backend.config.timeouts.connectMs),
    );
  }
}
