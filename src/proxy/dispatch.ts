/**
 * Dispatch: finds a server for a stream and connects to it, with retries and redispatch (HAProxy: `retries`, `redispatch`).
 *
 *     start --> choose --none usable-------------------------------------------------> failed
 *                 | ^
 *                 v |  another address of the same server: at once
 *              connect --ok--> connected
 *                 |
 *                 +--refused, unreachable, time-out--> retries left? --no------------> failed
 *                                                          |
 *                              another untried server: at once (redispatch)
 *                              none: wait RETRY_DELAY_MS, then all may be tried again
 *
 * No byte of the request was sent in any of these states, so a retry is always safe here.
 *
 * While it connects it owns the socket; then it hands the fd to its owner.
 *
 * May import: base, config, event, net, mux, proxy.
 *
 * @module
 */
import type { Bitmap } from "../base/bitmap.ts";
import { Errno, errnoName } from "../base/errno.ts";
import type { SourceConfig } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import type { FdHandler } from "../event/fd_table.ts";
import type { SocketAddress } from "../event/poller.ts";
import { NEVER_MS } from "../event/task.ts";
import { NO_FD } from "../mux/socket_end.ts";
import { formatAddress } from "./address_text.ts";
import { type Backend, serverSideClass } from "./backend.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import type { Server } from "./server.ts";

/** Pause before a server that failed is tried again: HAProxy's turn-around. */
const RETRY_DELAY_MS = 1_000;

/** For whom a server is found. */
export interface DispatchOwner {
  /** Whether bytes wait for the server: they will be sent as soon as it is connected. */
  readonly hasDataToSend: boolean;
  /** A server was chosen; true when the owner has a connection to it already (the dispatch then ends). */
  onServerChosen(server: Server): boolean;
  /** Connected: the owner takes the fd over. */
  onServerConnected(fd: number): void;
  /** No connection could be had: values of EndCause and EndPhase, and the reason in words. */
  onDispatchFailed(cause: number, phase: number, why: string): void;
  /** Ask for {@linkcode Dispatch.onDeadline} at this time; NEVER_MS for none. */
  setServerDeadline(deadlineMs: number): void;
}

const Phase = { IDLE: 0, CONNECTING: 1, WAITING: 2, DONE: 3 } as const;

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
  readonly #owner: DispatchOwner;
  #backend: Backend | null = null;
  #tried: Bitmap | null = null;
  #phase: number = Phase.IDLE;
  #fd = NO_FD;
  #attempt = 0;

  constructor(engine: Engine, owner: DispatchOwner) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /** Begins for a new stream; a server is looked for at once. */
  start(backend: Backend, listenerClass: number): void {
    this.#backend = backend;
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
    this.#backend!.endOn(this.server);
    this.server = null;
  }

  /** The time asked for came: the connect takes too long, or the pause is over. */
  onDeadline(): void {
    if (this.#phase === Phase.CONNECTING) this.#onConnectFailed(-Errno.ETIMEDOUT, true);
    else if (this.#phase === Phase.WAITING) this.#chooseAny();
  }

  onIo(fd: number, _ready: number): void {
    const result = this.#engine.poller.connectResult(fd);
    if (result === -Errno.EINPROGRESS) {
      this.#engine.fdTable.cantSend(fd);
      return;
    }
    if (result < 0) {
      this.#onConnectFailed(result, false);
      return;
    }
    this.#phase = Phase.DONE;
    this.#fd = NO_FD;
    this.server!.preferAddress(this.#attempt);
    this.#attempt = 0;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#engine.fdTable.stopSend(fd);
    this.#owner.onServerConnected(fd);
  }

  #chooseAny(): void {
    this.#tried = null;
    const server = this.#backend!.choose(null);
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
    this.#backend!.beginOn(server);
    if (this.#owner.onServerChosen(server)) this.#phase = Phase.DONE;
    else this.#connect();
  }

  #connect(): void {
    this.server!.counters.connects++;
    this.addressText = this.server!.addressText(this.#attempt);
    const options = this.server!.connectOptions(this.#attempt);
    if (options === null) {
      this.#onConnectFailed(-Errno.EAFNOSUPPORT, false);
      return;
    }
    const { hasDataToSend } = this.#owner;
    const fd = this.#engine.connect(this.address, this, this.ioClass, hasDataToSend, options);
    if (fd < 0) {
      this.#phase = Phase.DONE;
      const why = `cannot open a connection to ${this.server!.config.name}: ${
        errnoName(fd)
      }, out of descriptors`;
      this.#owner.onDispatchFailed(EndCause.RESOURCE, EndPhase.CONNECT, why);
      return;
    }
    this.#fd = fd;
    this.#phase = Phase.CONNECTING;
    this.#owner.setServerDeadline(this.#engine.nowMs + this.#backend!.config.timeouts.connectMs);
  }

  #onConnectFailed(errno: number, isTimeout: boolean): void {
    const server = this.server!;
    const backend = this.#backend!;
    const { connectMs } = backend.config.timeouts;
    const why = describeConnectError(this.address, server.config.source, errno, isTimeout ? connectMs : 0);
    if (this.#fd !== NO_FD) this.#engine.close(this.#fd);
    this.#fd = NO_FD;
    server.counters.connectErrors++;
    if (this.#attempt + 1 < server.addressCount) {
      this.#attempt++;
      this.#connect();
      return;
    }
    if (this.retries >= backend.config.retries) {
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

  #retry(server: Server, backend: Backend): void {
    this.retries++;
    server.counters.retries++;
    this.#tried ??= backend.newTriedSet();
    this.#tried.set(server.index);
    backend.endOn(server);
    this.server = null;
    const other = backend.choose(this.#tried);
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

/** @param timeoutMs What was waited for in vain; 0 when it did not come to that. */
function describeConnectError(
  address: SocketAddress,
  source: SourceConfig | null,
  errno: number,
  timeoutMs: number,
): string {
  const where = formatAddress(address);
  if (timeoutMs > 0) return `${where} did not accept the connection within ${timeoutMs} ms`;
  if (errno === -Errno.ECONNREFUSED) return `${where} refused the connection (ECONNREFUSED)`;
  if (source === null) return `cannot connect to ${where} (${errnoName(errno)})`;
  const from = source.hosts.join(" or ");
  const isMismatch = errno === -Errno.EAFNOSUPPORT;
  const reason = isMismatch ? "one is IPv4, the other IPv6" : errnoName(errno);
  return `cannot connect to ${where} from ${from} (${reason})`;
}
