/**
 * Two pollers in one engine: the kernel's own sockets on `epoll`, and Deno's sockets beside them, for listeners that only the
 * runtime can serve (TLS) and for those that are asked for.
 *
 *     fd   0 … kernel descriptors … | first slot … slots of the deno poller …      one table, one owner for each fd
 *
 * Each update goes to the poller that has the fd; both report into the same table. Bytes are always copied here: a pipe would
 * have to know on which side its ends are.
 *
 * Sleeping: {@linkcode chooseWay} decides. Costs measured on the build machine, 2026-11-23:
 *
 *     way      costs                      lets Deno's completions come   when
 *     go on    one epoll_wait: 1 us       no                             work is pending
 *     yield    a turn of Deno's loop:     yes                            work is pending, but SLICE_MS is over; or Deno's sockets are
 *              about 10 us                                               in use and there was work YIELDS_MAX turns ago at most
 *     block    one epoll_wait             no, for BLOCK_MS               Deno's sockets were not used for QUIET_MS
 *     park     epoll_wait on another      yes                            nothing came in those turns, or in a block
 *              thread: about 35 us
 *
 * While a wait is parked, turns that completions begin do not look at epoll themselves: the parked wait brings what comes.
 *
 * May import: base, config.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";
import type { TcpConfig } from "../config/model.ts";
import type { Activity } from "./activity.ts";
import type { Clock } from "./clock.ts";
import type { FdTable } from "./fd_table.ts";
import type { PollerDeno } from "./poller_deno.ts";
import type { PollerEpoll } from "./poller_epoll.ts";
import type { Bells, ConnectOptions, Poller, SocketAddress } from "./poller.ts";
import { applyUpdates } from "./update_step.ts";

/** Turns without work before a wait is parked: an answer from near by comes within. */
const YIELDS_MAX = 2;
/** How long Deno's sockets must rest before a block may keep their next completion waiting, and how long it may. */
const QUIET_MS = 10;
const BLOCK_MS = 1;

/** What {@linkcode chooseWay} says. */
export const SleepWay = { GO_ON: 0, YIELD: 1, BLOCK: 2, PARK: 3 } as const;

/** See the table above. @param idleTurns Turns without work so far. @param quietMs Since Deno's sockets were used. */
export function chooseWay(
  isPending: boolean,
  isSliceOver: boolean,
  idleTurns: number,
  quietMs: number,
): number {
  if (isPending) return isSliceOver ? SleepWay.YIELD : SleepWay.GO_ON;
  if (quietMs >= QUIET_MS) return idleTurns === 0 ? SleepWay.BLOCK : SleepWay.PARK;
  return idleTurns < YIELDS_MAX ? SleepWay.YIELD : SleepWay.PARK;
}

/** The two, and how they divide the table. */
export interface JointParts {
  readonly epoll: PollerEpoll;
  readonly deno: PollerDeno;
  /** The first slot of `deno`; those before it are of `epoll`. */
  readonly firstSlot: number;
}

/** See the module's text. */
export class PollerJoint implements Poller {
  readonly name = "joint";
  readonly unpolls = false;
  readonly isShortReadEmpty = true;
  readonly pipes = null;
  readonly bells: Bells;
  /** On the sockets of epoll. */
  readonly tls: PollerEpoll["tls"];
  onWake: () => void = () => {};

  readonly #table: FdTable;
  readonly #activity: Activity;
  readonly #clock: Clock;
  readonly #epoll: PollerEpoll;
  readonly #deno: PollerDeno;
  readonly #firstSlot: number;
  #idleTurns = 0;
  #denoUsedMs: number;
  #reportCount = 0;

  constructor(table: FdTable, activity: Activity, clock: Clock, parts: JointParts) {
    const { epoll, deno, firstSlot } = parts;
    this.bells = epoll.bells;
    [this.#table, this.#activity, this.#clock] = [table, activity, clock];
    [this.#epoll, this.#deno, this.#firstSlot] = [epoll, deno, firstSlot];
    this.tls = epoll.tls;
    this.#denoUsedMs = clock.monotonicMs();
    deno.onWake = () => this.onWake();
    // What a parked wait brought is marked by then.
    epoll.onWake = () => {
      this.#idleTurns = 0;
      deno.wake();
    };
  }

  listen(address: SocketAddress, backlog: number, tcp?: TcpConfig, isOnDeno = false): number {
    return isOnDeno ? this.#deno.listen(address, backlog) : this.#epoll.listen(address, backlog, tcp);
  }

  accept(listenFd: number): number {
    return this.#of(listenFd).accept(listenFd);
  }

  connect(address: SocketAddress, hasData: boolean, options?: ConnectOptions): number {
    return this.#epoll.connect(address, hasData, options);
  }

  connectResult(fd: number): number {
    return this.#of(fd).connectResult(fd);
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    return this.#of(fd).recv(fd, slab, offset, sizeBytes);
  }

  send(fd: number, slab: Slab, offset: number, sizeBytes: number, hasMore: boolean): number {
    return fd < this.#firstSlot
      ? this.#epoll.send(fd, slab, offset, sizeBytes, hasMore)
      : this.#deno.send(fd, slab, offset, sizeBytes);
  }

  shutdownSend(fd: number): void {
    this.#of(fd).shutdownSend(fd);
  }

  close(fd: number, isReset: boolean): void {
    this.#of(fd).close(fd, isReset);
  }

  isIdleAlive(fd: number): boolean {
    return this.#of(fd).isIdleAlive(fd);
  }

  localAddress(fd: number): SocketAddress {
    return this.#of(fd).localAddress(fd);
  }

  peerAddress(fd: number): SocketAddress {
    return this.#of(fd).peerAddress(fd);
  }

  wait(timeoutMs: number): boolean {
    applyUpdates(this.#table, this.#activity, this);
    this.#deno.endLingering();
    const found = this.#look(0);
    const isPending = timeoutMs === 0 || found > 0;
    const { sleep } = this.#deno;
    if (isPending) this.#idleTurns = 0;
    switch (chooseWay(isPending, sleep.isSliceOver(), this.#idleTurns++, this.#quietMs())) {
      case SleepWay.GO_ON:
        return true;
      case SleepWay.BLOCK:
        if (!this.#epoll.isParked) return this.#look(Math.min(BLOCK_MS, Math.ceil(timeoutMs))) >= 0;
        break;
      case SleepWay.YIELD:
        this.#activity.yields++;
        sleep.yield();
        return false;
    }
    if (!this.#epoll.isParked) this.#epoll.park(timeoutMs);
    this.#deno.sleepUntilWoken(timeoutMs);
    return false;
  }

  update(fd: number, state: number): boolean {
    return this.#of(fd).update(fd, state);
  }

  wake(): void {
    this.#deno.wake();
  }

  shutdown(): void {
    this.#epoll.shutdown();
    this.#deno.shutdown();
  }

  /** Marks what is there, or comes to epoll within `blockMs`; returns how much. */
  #look(blockMs: number): number {
    return this.#deno.report() + (this.#epoll.isParked ? 0 : this.#epoll.look(blockMs));
  }

  /** Since Deno's sockets were used last. */
  #quietMs(): number {
    const nowMs = this.#clock.monotonicMs();
    if (this.#deno.reportCount !== this.#reportCount) {
      this.#reportCount = this.#deno.reportCount;
      this.#denoUsedMs = nowMs;
    }
    return nowMs - this.#denoUsedMs;
  }

  #of(fd: number): PollerEpoll | PollerDeno {
    return fd < this.#firstSlot ? this.#epoll : this.#deno;
  }
}
