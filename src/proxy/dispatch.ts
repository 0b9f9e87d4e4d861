/**
 * Dispatch: finds a server for a stream and connects to it, with retries and redispatch (HAProxy: `retries`, `redispatch`).
 *
 *     start --> choose --none usable-------------------------------------------------> failed
 *                 | ^ \--all full, or the chosen one--> queued --too long------------> failed
 *                 | |                                     | its turn, or the server went away
 *                 | +-------------------------------------+
 *                 v |  another address of the same server: at once, unless it was TLS that failed
 *              connect --ok--> PROXY protocol header and TLS, if the server gets them (server_handshake.ts) --over--> connected
 *                 |
 *                 +--refused, unreachable, time-out--> retries left? --no------------> failed
 *                                                          |
 *                              another untried server: at once (redispatch), if redispatch lets this retry leave
 *                              none: wait RETRY_DELAY_MS, then all may be tried again; or the same, if it may not leave
 *
 * No byte of the request was sent in any of these states, so a retry is always safe here. After that it is for retry/http_retry.ts to say,
 * which comes back to "retries left: yes".
 *
 * Queued are streams only where servers have a maxconn (queue/): a stream leaves the queue with a slot of a server that is its own
 * until it leaves the server, or to choose again.
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
import { QueuePlace } from "./queue/backend_queue.ts";
import { NO_CLASS } from "./queue/request_class.ts";
import { Waiter, type WaiterOwner } from "./queue/waiter.ts";
import { Redispatch } from "./redispatch.ts";
import type { Server } from "./server.ts";
import { type HandshakeContext, type HandshakeOwner, ServerHandshake } from "./server_handshake.ts";

/** Pause before a server that failed is tried again: HAProxy's turn-around. */
const RETRY_DELAY_MS = 1_000;

/** For whom a server is found. */
export interface DispatchOwner extends HandshakeOwner {
  /** All that may serve it are busy: it waits, for this server or (null) for any. */
  onQueued(server: Server | null): void;
  /** A server was chosen; true when the owner has a connection to it already (the dispatch then ends). */
  onServerChosen(server: Server): boolean;
  /** Connected: the owner takes the fd over. */
  onServerConnected(fd: number): void;
  /** No connection could be had: values of EndCause and EndPhase, and the reason in words. */
  onDispatchFailed(cause: number, phase: number, why: string): void;
  /** Ask for {@linkcode Dispatch.onDeadline} at this time; NEVER_MS for none. */
  setServerDeadline(deadlineMs: number): void;
}

const Phase = { IDLE: 0, CONNECTING: 1, SHAKING_HANDS: 2, WAITING: 3, DONE: 4, QUEUED: 5 } as const;

/** See the module's text. Reused stream after stream. */
export class Dispatch implements FdHandler, WaiterOwner {
  /** The server in use, from choice to {@linkcode Dispatch.leave}; while queued: the one that is waited for. */
  server: Server | null = null;
  /** It is counted on `server`. */
  hasSlot = false;
  /** Its place in a queue; made when it is first needed. */
  waiter: Waiter | null = null;
  retries = 0;
  isRedispatched = false;
  /** The class of connections to the server. */
  ioClass = 0;
  /** The class in which it waits in queues. */
  queueClass = 0;
  /** The address that was tried last, as text; "" before the first. */
  addressText = "";
  /** The server's addresses changed when this does. */
  addressVersion = 0;
  readonly #engine: Engine;
  readonly #context: HandshakeContext;
  readonly #owner: DispatchOwner;
  #backend: Backend | null = null;
  #tried: Bitmap | null = null;
  #phase: number = Phase.IDLE;
  #fd = NO_FD;
  #attempt = 0;
  /** Where the connection goes, or went; of the server's addresses when they were as `addressVersion` says. */
  #target: SocketAddress | null = null;
  #key = NO_KEY;
  readonly #redispatch = new Redispatch();
  /** When the server in use was chosen. */
  #chosenMs = 0;
  #hasAnswered = false;
  /** It waited for this server, which went away. */
  #forsaken: Server | null = null;
  /** Made when it is first needed. */
  #handshake: ServerHandshake | null = null;

  constructor(context: HandshakeContext, owner: DispatchOwner) {
    this.#context = context;
    this.#engine = context.engine;
    this.#owner = owner;
  }

  /**
   * Begins for a new stream, whose key is NO_KEY or what the backend's KeyReader gave; a server is looked for at once. `direct` is the
   * one that persistence wants, which may be down; no other one will do if `isForced`. `requestClass` is the one to wait in; NO_CLASS:
   * that of its connections.
   */
  start(
    backend: Backend,
    listenerClass: number,
    key: number,
    direct: Server | null = null,
    isForced = false,
    requestClass = NO_CLASS,
  ): void {
    this.#backend = backend;
    this.#key = key;
    this.ioClass = serverSideClass(listenerClass, backend.ioClass);
    this.queueClass = requestClass === NO_CLASS ? this.ioClass : requestClass;
    this.#tried = null;
    this.retries = 0;
    this.isRedispatched = false;
    this.addressText = "";
    this.#forsaken = null;
    this.#redispatch.begin(direct, isForced);
    if (direct !== null) this.#use(direct);
    else this.#chooseAny();
  }

  /** The server in use is the one that persistence wanted. */
  get isDirect(): boolean {
    return this.server !== null && this.server === this.#redispatch.direct;
  }

  get isQueued(): boolean {
    return this.#phase === Phase.QUEUED;
  }

  /** Where a stream ends that ends while it has no connection: values of EndPhase. */
  get endPhase(): number {
    return this.isQueued ? EndPhase.QUEUE : EndPhase.CONNECT;
  }

  /** How long it has waited in queues, in whole milliseconds. */
  get queuedMs(): number {
    return this.waiter === null ? 0 : Math.round(this.waiter.waitedMs);
  }

  /** A slot of a server that it waited for is its own. */
  onSlot(serverIndex: number): void {
    this.#phase = Phase.IDLE;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#begin(this.#backend!.servers[serverIndex]!);
  }

  /** What it waited for is gone. */
  onQueueClosed(): void {
    const forsaken = this.server;
    this.server = null;
    this.#phase = Phase.IDLE;
    this.#owner.setServerDeadline(NEVER_MS);
    if (this.#tried !== null) {
      this.#goElsewhere(forsaken);
      return;
    }
    this.#forsaken = forsaken;
    this.#chooseAny();
  }

  /** Waits no more; of no effect unless queued. */
  leaveQueue(): void {
    if (this.waiter !== null && this.waiter.isWaiting) this.#backend!.queue!.leave(this.waiter);
  }

  /** The address in use. */
  get address(): SocketAddress {
    return this.#target!;
  }

  /** Gives up what is being done and leaves the server. */
  leave(): void {
    if (this.#fd !== NO_FD) {
      this.#engine.close(this.#fd);
      this.#fd = NO_FD;
    }
    this.leaveQueue();
    this.waiter?.reset();
    this.#phase = Phase.IDLE;
    if (this.server === null) return;
    if (this.hasSlot) {
      this.noteAnswer(true);
      this.#endOn(this.server);
    }
    this.server = null;
  }

  /**
   * The server answered: a connection (tcp), the head of a response (http); or it failed to. Only the first news of a server count,
   * and leaving it without any is a failure.
   */
  noteAnswer(isError: boolean, atLeastMs = 0): void {
    if (this.#hasAnswered || !this.hasSlot) return;
    this.#hasAnswered = true;
    const elapsedMs = this.#engine.nowMs - this.#chosenMs;
    this.#backend!.noteResponse(this.server!, Math.max(elapsedMs, atLeastMs), isError);
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
    else if (this.#phase === Phase.QUEUED) this.#onQueueTimeout();
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
    if (this.#isServerAsChosen) this.server!.preferAddress(this.#attempt);
    this.server!.observer?.onConnected();
    this.#attempt = 0;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#engine.fdTable.stopSend(fd);
    if (this.#backend!.config.scheme === "tcp") this.noteAnswer(false);
    this.#owner.onServerConnected(fd);
  }

  /** Its name may give it others while it connects, or none. */
  get #isServerAsChosen(): boolean {
    return this.server!.addressVersion === this.addressVersion;
  }

  #chooseAny(): void {
    this.#tried = null;
    const server = this.#redispatch.takeAgain() ?? this.#backend!.choose(null, this.#key);
    if (server !== null) {
      this.#use(server);
      return;
    }
    if (this.#backend!.queue?.isWorthWaiting === true) {
      this.#wait(null);
      return;
    }
    this.#fail(EndCause.SERVER, EndPhase.CONNECT, this.#backend!.describeNoServer());
  }

  #use(server: Server, wantsIt = this.#wants(server)): void {
    if (server.limit === null) this.#backend!.beginOn(server);
    else if (!this.#backend!.takeSlot(server, wantsIt)) {
      this.#wait(server, wantsIt);
      return;
    }
    this.#begin(server);
  }

  /** Counted on `server`: goes there. */
  #begin(server: Server): void {
    if (this.#forsaken !== null && this.#forsaken !== server) {
      this.isRedispatched = true;
      server.counters.redispatches++;
    }
    this.#forsaken = null;
    this.server = server;
    this.hasSlot = true;
    this.#attempt = 0;
    this.addressVersion = server.addressVersion;
    this.#target = server.address(0);
    this.#chosenMs = this.#engine.nowMs;
    this.#hasAnswered = false;
    if (this.#owner.onServerChosen(server)) this.#phase = Phase.DONE;
    else this.#connect();
  }

  #connect(): void {
    this.#phase = Phase.CONNECTING;
    this.server!.counters.connects++;
    this.addressText = this.server!.addressText(this.#attempt);
    this.#target = this.server!.address(this.#attempt);
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
    if (this.#isServerAsChosen && this.#attempt + 1 < server.addressCount && !isInTls) {
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

  /** Whether a key, a cookie or a table means this server, and no other one will do as well. */
  #wants(server: Server | null): boolean {
    return this.#key !== NO_KEY || (server !== null && server === this.#redispatch.direct);
  }

  /** Waits for `server`, if it wants that one, or for any. */
  #wait(server: Server | null, wantsIt = this.#wants(server)): void {
    const backend = this.#backend!;
    const queue = backend.queue!;
    this.waiter ??= new Waiter(this);
    const place = queue.wait(this.waiter, server, wantsIt, this.queueClass);
    if (place === QueuePlace.FULL && wantsIt && !this.#wants(server)) { // a retry: it can wait otherwise
      this.#pause();
      return;
    }
    if (place === QueuePlace.FULL && server !== null && !this.#redispatch.isForced) {
      this.#tried ??= backend.newTriedSet();
      this.#tried.set(server.index);
      const other = backend.choose(this.#tried, this.#key);
      if (other !== null) {
        this.#use(other);
        return;
      }
    }
    if (place === QueuePlace.FULL || place === QueuePlace.NO_MEMORY) {
      const cause = place === QueuePlace.FULL ? EndCause.SERVER : EndCause.RESOURCE;
      this.#fail(cause, EndPhase.QUEUE, queue.describeFull(place));
      return;
    }
    this.server = place === QueuePlace.AT_SERVER ? server : null;
    this.#phase = Phase.QUEUED;
    const leftMs = Math.max(0, backend.config.timeouts.queueMs - this.waiter.waitedMs);
    this.#owner.setServerDeadline(this.#engine.nowMs + leftMs);
    this.#owner.onQueued(this.server);
  }

  #onQueueTimeout(): void {
    const { queueMs } = this.#backend!.config.timeouts;
    const who = this.server === null ? "no server" : `server ${this.server.config.name}`;
    this.leaveQueue();
    const why = `${who} had no free slot within ${queueMs} ms (maxconn, --timeout-queue)`;
    this.#fail(EndCause.SERVER_TIMEOUT, EndPhase.QUEUE, why);
  }

  #endOn(server: Server): void {
    this.hasSlot = false;
    this.#backend!.endOn(server);
  }

  #fail(cause: number, phase: number, why: string): void {
    this.#phase = Phase.DONE;
    this.#owner.setServerDeadline(NEVER_MS);
    this.#owner.onDispatchFailed(cause, phase, why);
  }

  #retry(server: Server, backend: Backend): void {
    this.retries++;
    server.counters.retries++;
    this.#tried ??= backend.newTriedSet();
    this.#tried.set(server.index);
    this.#endOn(server);
    this.server = null;
    if (this.#redispatch.leaves(server, backend, this.retries, this.#key)) this.#goElsewhere(server);
    else this.#pause();
  }

  /**
   * Behind `failed`: goes to a server that it has not failed at, waits for one of them that is merely full, or pauses when there is none.
   * It waits for a certain one, not for any: who fails fast has slots first.
   */
  #goElsewhere(failed: Server | null): void {
    const backend = this.#backend!;
    const other = backend.choose(this.#tried, this.#key);
    if (other !== null) {
      this.isRedispatched = true;
      other.counters.redispatches++;
      this.#use(other, true);
      return;
    }
    const full = backend.queue === null ? -1 : backend.queue.shortest(this.#tried!);
    if (full < 0) {
      this.#pause();
      return;
    }
    this.#forsaken = failed;
    this.#wait(backend.servers[full]!, true);
  }

  /** All may be tried again behind it. */
  #pause(): void {
    this.#phase = Phase.WAITING;
    const { connectMs } = this.#backend!.config.timeouts;
    this.#owner.setServerDeadline(this.#engine.nowMs + Math.min(RETRY_DELAY_MS, connectMs));
  }
}
