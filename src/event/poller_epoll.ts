/**
 * The `epoll` poller: the kernel's own sockets and readiness, through FFI. An fd here is the kernel's descriptor.
 *
 *     first update of an fd   registered, edge-triggered, for receiving (and sending, if that is waited for)
 *     first send that waits   sending is watched too; no further update in the fd's life (I8)
 *     event                   EPOLLIN: may receive; EPOLLOUT: may send; EPOLLRDHUP, EPOLLHUP: hang-up; EPOLLERR: error in both
 *     event of an older generation of the fd: dropped, counted
 *     connecting              its first event asks SO_ERROR; what that says is the result
 *
 * Sleeping, costs measured on the build machine. What blocks keeps signals, lookups and log writes waiting, for YIELD_MS at most:
 *
 *     way                      costs                         runs Deno's event loop   when
 *     wait with timeout 0      one system call               no                       work is pending
 *     block on this thread     one system call               no                       up to BLOCK_MS, while traffic flows
 *     park on another thread   about 35 us a time            yes                      nothing came for BLOCK_MS: idle
 *     yield (setImmediate)     about 10 us a time            yes                      every YIELD_MS at the latest
 *
 * May import: base, config, sys.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import { Errno, errnoName } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import type { TcpConfig } from "../config/model.ts";
import { Epoll } from "../sys/abi.ts";
import { EpollSet } from "../sys/epoll_set.ts";
import { KernelPipes } from "../sys/kernel_pipes.ts";
import type { Libc } from "../sys/libc.ts";
import { TcpSockets } from "../sys/tcp_socket.ts";
import type { TlsSockets } from "../sys/tls_sockets.ts";
import type { Activity } from "./activity.ts";
import type { Clock } from "./clock.ts";
import { FdState } from "./fd_state.ts";
import type { FdTable } from "./fd_table.ts";
import { EpollListeners, type EpollSharing } from "./poller_epoll_listen.ts";
import { EpollBells } from "./poller_epoll_bells.ts";
import { type Bells, type ConnectOptions, ListenError, type Poller, type SocketAddress } from "./poller.ts";
import { applyUpdates } from "./update_step.ts";

/** Events of one wait at most: HAProxy's tune.maxpollevents. */
const EVENTS_MAX = 200;
/** The longest block on this thread. */
const BLOCK_MS = 5;
/** The longest time without a turn of Deno's event loop. */
const YIELD_MS = 10;

export interface PollerEpollOptions {
  /** Closed by the poller, at its end. */
  readonly libc: Libc;
  readonly sharing?: EpollSharing | null;
  /** Pipes at once at most; they lie outside of the fd table. @default {0} */
  readonly pipeCount?: number;
  /** Slots of the table that are its own, from 0 on. @default {all} */
  readonly slotCount?: number;
  /** @default {null: no TLS} */
  readonly tls?: TlsSockets | null;
}

const Connect = { NONE: 0, PENDING: 1 } as const;

/** See the module's text. */
export class PollerEpoll implements Poller {
  readonly name = "epoll";
  readonly unpolls = false;
  readonly isShortReadEmpty = true;
  readonly pipes: KernelPipes | null;
  readonly bells: Bells;
  readonly tls: TlsSockets | null;
  onWake: () => void = () => {};
  /** A wait is running on another thread. */
  isParked = false;

  readonly #table: FdTable;
  readonly #activity: Activity;
  readonly #clock: Clock;
  readonly #libc: Libc;
  readonly #set: EpollSet;
  readonly #sockets: TcpSockets;
  readonly #wakeupFd: number;
  readonly #onImmediate = () => this.#endYield();
  readonly #onParked = (count: number) => this.#endPark(count);
  readonly #listeners: EpollListeners;
  /** What is open, for shutdown. */
  readonly #isOpen: Uint8Array;
  /** Directions registered, as FdState.POLLED_*. */
  readonly #watched: Uint8Array;
  readonly #connecting: Uint8Array;
  readonly #connectResults: Int32Array;
  /** Paths of unix sockets, which the kernel does not tell of their peers; none of those that came by accept. */
  readonly #paths = new Map<number, string>();
  #yieldedMs: number;
  #isWoken = false;
  #isShutDown = false;
  #immediate: ReturnType<typeof setImmediate> | undefined;

  /** @throws {Error} when the kernel gives no epoll instance or no eventfd. */
  constructor(table: FdTable, activity: Activity, clock: Clock, options: PollerEpollOptions) {
    const { libc, sharing = null, pipeCount = 0, slotCount = table.capacity } = options;
    [this.#table, this.#activity, this.#clock, this.#libc] = [table, activity, clock, libc];
    this.#set = new EpollSet(libc, EVENTS_MAX);
    this.#sockets = new TcpSockets(libc);
    this.bells = new EpollBells(this.#sockets, slotCount);
    this.#listeners = new EpollListeners(this.#sockets, sharing);
    this.#wakeupFd = this.#sockets.openWakeup();
    if (this.#wakeupFd < 0 || this.#set.add(this.#wakeupFd, 0, false) < 0) {
      throw new Error(`no eventfd to wake the poller with (${errnoName(this.#wakeupFd)})`);
    }
    this.#isOpen = sharing?.openFds ?? new Uint8Array(slotCount);
    this.pipes = pipeCount === 0 ? null : new KernelPipes(libc, pipeCount, this.#isOpen);
    this.tls = options.tls ?? null;
    [this.#watched, this.#connecting] = [new Uint8Array(slotCount), new Uint8Array(slotCount)];
    this.#connectResults = new Int32Array(slotCount);
    this.#yieldedMs = clock.monotonicMs();
  }

  listen(address: SocketAddress, backlog: number, tcp?: TcpConfig): number {
    const fd = this.#keep(this.#listeners.listen(address, backlog));
    if (fd < 0) throw new ListenError(errnoName(fd), -fd);
    if (address.kind === "unix") this.#paths.set(fd, address.path);
    else if (tcp !== undefined) this.#sockets.setTcp(fd, tcp);
    return fd;
  }

  accept(listenFd: number): number {
    return this.#keep(this.#sockets.accept(listenFd));
  }

  connect(address: SocketAddress, hasData: boolean, options?: ConnectOptions): number {
    const fd = this.#keep(this.#sockets.connect(address, hasData, options));
    if (fd < 0) return fd;
    if (address.kind === "unix") this.#paths.set(fd, address.path);
    this.#connectResults[fd] = this.#sockets.connectResult;
    if (this.#sockets.connectResult === -Errno.EINPROGRESS) this.#connecting[fd] = Connect.PENDING;
    return fd;
  }

  connectResult(fd: number): number {
    return this.#connectResults[fd]!;
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    if (this.tls !== null && this.tls.isOn(fd)) return this.#recvTls(this.tls, fd, slab, offset, sizeBytes);
    return this.#sockets.recv(fd, slab, offset, sizeBytes);
  }

  send(fd: number, slab: Slab, offset: number, sizeBytes: number, hasMore: boolean): number {
    if (this.tls !== null && this.tls.isOn(fd)) return this.tls.send(fd, slab, offset, sizeBytes);
    return this.#sockets.send(fd, slab, offset, sizeBytes, hasMore);
  }

  shutdownSend(fd: number): void {
    if (this.tls !== null && this.tls.isOn(fd)) this.tls.end(fd);
    this.#sockets.shutdownSend(fd);
  }

  close(fd: number, isReset: boolean): void {
    if (this.tls !== null && this.tls.isOn(fd)) {
      if (!isReset) this.tls.end(fd);
      this.tls.forget(fd);
    }
    if (isReset) this.#sockets.setReset(fd);
    // A unix listener may be shared with other threads, and would go on to wake this one.
    if (this.#paths.size > 0 && this.#paths.has(fd)) this.#set.remove(fd);
    this.#sockets.close(fd);
    this.#isOpen[fd] = this.#watched[fd] = this.#connecting[fd] = 0;
    if (this.#paths.size > 0) this.#paths.delete(fd);
    this.#listeners.onClosed(fd);
  }

  isIdleAlive(fd: number): boolean {
    return (this.#table.state(fd) & FdState.READY_R) === 0;
  }

  localAddress(fd: number): SocketAddress {
    return this.#sockets.localAddress(fd, this.#paths.get(fd) ?? "");
  }

  peerAddress(fd: number): SocketAddress {
    return this.#sockets.peerAddress(fd, this.#paths.get(fd) ?? "");
  }

  wait(timeoutMs: number): boolean {
    applyUpdates(this.#table, this.#activity, this);
    const isPending = timeoutMs === 0 || this.#isWoken;
    this.#isWoken = false;
    const isYieldDue = this.#clock.monotonicMs() - this.#yieldedMs >= YIELD_MS;
    const blockMs = isPending || isYieldDue ? 0 : Math.min(BLOCK_MS, Math.ceil(timeoutMs));
    const isBusy = this.look(blockMs) > 0 || isPending;
    if (isYieldDue) { // with nothing to do as well: those who come while a wait is parked pay for it
      this.#activity.yields++;
      this.#immediate = setImmediate(this.#onImmediate);
      return false;
    }
    if (isBusy || timeoutMs <= blockMs) return true;
    this.park(timeoutMs);
    return false;
  }

  /** Waits here for up to `blockMs` and marks what came; returns how much that was. Not while a wait is parked. */
  look(blockMs: number): number {
    return this.#report(this.#set.wait(blockMs));
  }

  /** Waits on another thread, then marks what came and calls `onWake`. */
  park(timeoutMs: number): void {
    this.isParked = true;
    this.#set.park(Math.ceil(timeoutMs)).then(this.#onParked);
  }

  wake(): void {
    this.#isWoken = true;
    if (this.isParked) this.#sockets.wake(this.#wakeupFd);
  }

  shutdown(): void {
    if (this.#isShutDown) return;
    this.#isShutDown = true;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.pipes?.close();
    for (let fd = 0; fd < this.#isOpen.length; fd++) {
      if (this.#isOpen[fd] === 1) this.close(fd, false);
    }
    // A parked wait still uses the set and its memory: it ends first.
    if (this.isParked) this.#sockets.wake(this.#wakeupFd);
    else this.#closeSet();
  }

  /** Receiving is watched from the first update on, sending from the first one that waits to send; returns whether it changed. */
  update(fd: number, state: number): boolean {
    const before = this.#watched[fd]!;
    const waitsToSend = (state & (FdState.ACTIVE_W | FdState.READY_W)) === FdState.ACTIVE_W;
    const after = before | FdState.POLLED_R | (waitsToSend ? FdState.POLLED_W : 0);
    if (after === before) return false;
    this.#watched[fd] = after;
    this.#table.setPolled(fd, after);
    const generation = this.#table.generation(fd);
    const result = before === 0
      ? this.#set.add(fd, generation, waitsToSend)
      : this.#set.watchSend(fd, generation);
    if (result < 0) this.#table.mayError(fd); // out of memory: found out by I/O
    return true;
  }

  /** Marks what the last wait brought: the only place where this poller reports. */
  #report(count: number): number {
    const table = this.#table;
    for (let i = 0; i < count; i++) {
      const fd = this.#set.fd(i);
      if (fd === this.#wakeupFd) {
        this.#sockets.takeWakeups(fd);
        continue;
      }
      if (!table.isOpen(fd) || table.generation(fd) !== this.#set.generation(i)) {
        this.#activity.reportsStale++;
        continue;
      }
      const bits = this.#set.bits(i);
      if (this.#connecting[fd] === Connect.PENDING) this.#endConnect(fd, bits);
      if ((bits & Epoll.ERR) !== 0) {
        table.mayError(fd);
        continue;
      }
      if ((bits & (Epoll.RDHUP | Epoll.HUP)) !== 0) table.mayHangup(fd);
      else if ((bits & Epoll.IN) !== 0) table.mayRecv(fd);
      if ((bits & (Epoll.OUT | Epoll.HUP)) !== 0) table.maySend(fd);
    }
    return count;
  }

  /** Room without an error means connected; anything else is for SO_ERROR to say. */
  #endConnect(fd: number, bits: number): void {
    this.#connecting[fd] = Connect.NONE;
    const isConnected = (bits & (Epoll.OUT | Epoll.ERR | Epoll.HUP)) === Epoll.OUT;
    this.#connectResults[fd] = isConnected ? 0 : -this.#sockets.takeError(fd);
  }

  #endYield(): void {
    this.#immediate = undefined;
    this.#yieldedMs = this.#clock.monotonicMs();
    this.onWake();
  }

  #endPark(count: number): void {
    this.isParked = this.#isWoken = false;
    this.#yieldedMs = this.#clock.monotonicMs();
    if (this.#isShutDown) {
      this.#closeSet();
      return;
    }
    this.#report(count);
    this.onWake();
  }

  /** An end or an error behind the bytes is still to be received, and no event will say so. */
  #recvTls(tls: TlsSockets, fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const count = tls.recv(fd, slab, offset, sizeBytes);
    if (count > 0 && tls.endsBehind(fd)) this.#table.mayHangup(fd);
    return count;
  }

  /** Notes a new descriptor; one that the table has no slot for is closed: -EMFILE. */
  #keep(fd: number): number {
    if (fd < 0) return fd;
    if (fd >= this.#watched.length) {
      this.#sockets.close(fd);
      return -Errno.EMFILE;
    }
    this.#isOpen[fd] = 1;
    this.#watched[fd] = this.#connecting[fd] = this.#connectResults[fd] = 0;
    return fd;
  }

  #closeSet(): void {
    this.#set.close();
    this.#sockets.close(this.#wakeupFd);
    this.#libc.close();
  }
}
