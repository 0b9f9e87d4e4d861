/**
 * The `sim` poller: a simulated kernel in three flavours, so that what the engine promises is held against each of them.
 *
 *     flavour    registers                         reports
 *     edge       once, both directions (epoll ET)  each arrival, each room made; the state at registration
 *     level      what is polled (epoll, poll)      every polled direction that is ready, at every look
 *     oneshot    what is polled                    as level, and the registration ends with its report (completion)
 *
 * The lowest free fd number is given out first, as kernels do. Reports come in random order, some a look later, a few for nothing.
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Slab } from "../../../src/base/slab.ts";
import type { Activity } from "../../../src/event/activity.ts";
import { FdState, polledAfterUpdate } from "../../../src/event/fd_state.ts";
import type { FdTable } from "../../../src/event/fd_table.ts";
import type { Bells, Poller, SocketAddress } from "../../../src/event/poller.ts";
import type { SimBell } from "./sim_bells.ts";
import { SimListener, type SimNetwork } from "./sim_network.ts";
import { SimPipes } from "./sim_pipes.ts";
import { SimSocket } from "./sim_socket.ts";
import { applyUpdates } from "../../../src/event/update_step.ts";

export type SimFlavour = "edge" | "level" | "oneshot";
export const SIM_FLAVOURS: readonly SimFlavour[] = ["edge", "level", "oneshot"];

const POLLED = FdState.POLLED_R | FdState.POLLED_W;

export interface SimPollerOptions {
  readonly flavour: SimFlavour;
  /** Reports in one look at most. */
  readonly reportsMax: number;
  /** Descriptors that the process may have; fewer than the table's slots provokes EMFILE. */
  readonly fdMax: number;
  readonly hasPipes: boolean;
}

export class SimPoller implements Poller {
  readonly name = "sim";
  readonly unpolls: boolean;
  readonly isShortReadEmpty: boolean;
  readonly pipes: SimPipes | null;
  bells: Bells | null = null;
  readonly tls = null;
  onWake: () => void = () => {};
  timeoutMs = 0;
  isWoken = false;
  /** A `wait` or a look is running: no handler may run now (I1). */
  isInside = false;
  /** Bytes and connections moved: progress, for the spin check. */
  progress = 0;

  readonly #network: SimNetwork;
  readonly #prng: Prng;
  readonly #table: FdTable;
  readonly #activity: Activity;
  readonly #options: SimPollerOptions;
  readonly #things: (SimSocket | SimListener | SimBell | null)[];
  /** Edges not yet reported, and registrations, by fd. */
  readonly #edges: Uint8Array;
  readonly #isRegistered: Uint8Array;
  readonly #connectErrors = new Map<number, number>();

  constructor(
    table: FdTable,
    activity: Activity,
    network: SimNetwork,
    prng: Prng,
    options: SimPollerOptions,
  ) {
    this.#table = table;
    this.#activity = activity;
    this.#network = network;
    this.#prng = prng;
    this.#options = options;
    this.unpolls = options.flavour === "level";
    this.isShortReadEmpty = options.flavour !== "oneshot";
    this.pipes = options.hasPipes ? new SimPipes(this, prng) : null;
    this.#things = new Array(table.capacity).fill(null);
    this.#edges = new Uint8Array(table.capacity);
    this.#isRegistered = new Uint8Array(table.capacity);
  }

  listen(address: SocketAddress, _backlog: number): number {
    const listener = this.#network.listen(address);
    const fd = this.#allocate(listener);
    if (fd < 0) throw new Error("no descriptor for a listener");
    listener.onEdge = (bits) => this.#edges[fd] |= bits;
    return fd;
  }

  accept(listenFd: number): number {
    const { backlog } = this.#listener(listenFd);
    if (backlog.length === 0) return -Errno.EAGAIN;
    const fd = this.#allocate(backlog[0]);
    if (fd < 0) return fd;
    this.progress++;
    const socket = backlog.shift()!;
    socket.onEdge = (bits) => this.#edges[fd] |= bits;
    return fd;
  }

  connect(address: SocketAddress): number {
    if (this.#free() < 0) return this.#free();
    const socket = this.#network.connect(address);
    const fd = this.#allocate(socket);
    socket.onEdge = (bits) => this.#edges[fd] |= bits;
    this.progress++;
    return fd;
  }

  connectResult(fd: number): number {
    const socket = this.socket(fd);
    const known = this.#connectErrors.get(fd);
    if (known !== undefined) return known;
    if (socket.isConnecting) return -Errno.EINPROGRESS;
    if (socket.error === 0) return 0;
    // SO_ERROR is told once; the poller remembers it.
    const error = -socket.error;
    socket.error = 0;
    this.#connectErrors.set(fd, error);
    return error;
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const isPartial = !this.isShortReadEmpty && sizeBytes > 1 && this.#prng.chance(0.3);
    const wanted = isPartial ? 1 + this.#prng.nextBelow(sizeBytes - 1) : sizeBytes;
    const count = this.socket(fd).receive(slab.bytes, offset, wanted);
    if (count !== -Errno.EAGAIN) this.progress++;
    return count;
  }

  send(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const count = this.socket(fd).send(slab.bytes, offset, sizeBytes);
    if (count !== -Errno.EAGAIN) this.progress++;
    return count;
  }

  shutdownSend(fd: number): void {
    this.progress++;
    this.socket(fd).shutdownSend();
  }

  close(fd: number, isReset: boolean): void {
    const thing = this.#things[fd]!;
    if (thing instanceof SimListener) {
      thing.onEdge = () => {};
      this.#network.unlisten(thing);
    } else thing.close(isReset);
    this.#things[fd] = null;
    this.#edges[fd] = this.#isRegistered[fd] = 0;
    this.progress++;
  }

  isIdleAlive(fd: number): boolean {
    return !this.socket(fd).canReceive;
  }

  localAddress(fd: number): SocketAddress {
    const thing = this.#things[fd]!;
    return thing instanceof SimListener ? thing.address : (thing as SimSocket).local;
  }

  peerAddress(fd: number): SocketAddress {
    return this.socket(fd).remote;
  }

  wait(timeoutMs: number): boolean {
    this.isInside = true;
    applyUpdates(this.#table, this.#activity, this);
    this.timeoutMs = timeoutMs;
    this.isInside = false;
    return false;
  }

  wake(): void {
    this.isWoken = true;
  }

  shutdown(): void {
    for (let fd = 0; fd < this.#things.length; fd++) if (this.#things[fd] !== null) this.close(fd, false);
  }

  /** Marks what is ready, as a kernel's answer to a wait; returns how many reports there were. */
  look(): number {
    this.isInside = true;
    const ready = [...this.#things.keys()].filter((fd) => this.#pending(fd) !== 0);
    let reported = 0;
    while (ready.length > 0 && reported < this.#options.reportsMax) {
      const [fd] = ready.splice(this.#prng.nextBelow(ready.length), 1);
      if (this.#prng.chance(0.2)) continue;
      this.#report(fd, this.#pending(fd));
      reported++;
    }
    if (this.#prng.chance(0.02)) this.#reportForNothing();
    this.isInside = false;
    return reported;
  }

  /** A look would find something to report. */
  get hasPending(): boolean {
    return this.#things.some((_thing, fd) => this.#pending(fd) !== 0);
  }

  /** What the kernel knows of an fd now, bits of FdState.READY_*. */
  readiness(fd: number): number {
    const thing = this.#things[fd];
    if (thing === null || thing === undefined) return 0;
    if (thing instanceof SimListener) return thing.backlog.length > 0 ? FdState.READY_R : 0;
    return thing.readiness;
  }

  update(fd: number, state: number): boolean {
    const before = state & POLLED;
    let after = before;
    if (this.#options.flavour === "edge") {
      if (this.#isRegistered[fd] === 1) return false;
      this.#isRegistered[fd] = 1;
      after = POLLED;
      this.#edges[fd] |= this.readiness(fd);
    } else if (this.#options.flavour === "level") after = polledAfterUpdate(this.#table.stateToPoll(fd));
    else {
      if ((state & 3) === FdState.ACTIVE_R) after |= FdState.POLLED_R;
      if ((state & 0x30) === FdState.ACTIVE_W) after |= FdState.POLLED_W;
    }
    this.#table.setPolled(fd, after);
    return after !== before;
  }

  /** What would be reported of an fd now. */
  #pending(fd: number): number {
    if (this.#things[fd] === null) return 0;
    if (this.#options.flavour === "edge") return this.#isRegistered[fd] === 1 ? this.#edges[fd] : 0;
    return this.readiness(fd) & ((this.#table.state(fd) & POLLED) >> 1);
  }

  #report(fd: number, bits: number): void {
    const table = this.#table;
    const thing = this.#things[fd]!;
    this.#edges[fd] = 0;
    let told = bits;
    // An edge brings the whole state with it, as epoll does.
    if (this.#options.flavour === "edge") told |= this.readiness(fd);
    if (this.#options.flavour === "oneshot") {
      if ((told & FdState.READY_R) !== 0) table.clearPolled(fd, FdState.POLLED_R);
      if ((told & FdState.READY_W) !== 0) table.clearPolled(fd, FdState.POLLED_W);
    }
    if (thing instanceof SimSocket && (thing.error !== 0 || thing.isBroken)) {
      table.mayError(fd);
      return;
    }
    if ((told & FdState.READY_R) !== 0) {
      if (thing instanceof SimSocket && thing.incoming.isEndArrived) table.mayHangup(fd);
      else table.mayRecv(fd);
    }
    if ((told & FdState.READY_W) !== 0) table.maySend(fd);
  }

  #reportForNothing(): void {
    const fd = this.#prng.nextBelow(this.#things.length);
    const isPolled = (this.#table.state(fd) & POLLED) !== 0;
    if (this.#things[fd] === null || !isPolled || !this.#table.isOpen(fd)) return;
    if (this.#options.flavour === "oneshot") this.#table.clearPolled(fd, POLLED);
    this.#table.mayRecv(fd);
    if (this.#things[fd] instanceof SimSocket) this.#table.maySend(fd);
  }

  #allocate(thing: SimSocket | SimListener): number {
    const fd = this.#free();
    if (fd < 0) return fd;
    this.#things[fd] = thing;
    this.#edges[fd] = this.#isRegistered[fd] = 0;
    this.#connectErrors.delete(fd);
    return fd;
  }

  #free(): number {
    const fd = this.#things.indexOf(null);
    return fd < 0 || fd >= this.#options.fdMax ? -Errno.EMFILE : fd;
  }

  hang(fd: number, bell: SimBell): void {
    this.#things[fd] = bell;
    bell.onRing = () => this.#edges[fd]! |= FdState.READY_R;
  }

  socket(fd: number): SimSocket {
    const thing = this.#things[fd];
    if (!(thing instanceof SimSocket)) throw new Error(`fd ${fd} is no connection`);
    return thing;
  }

  #listener(fd: number): SimListener {
    const thing = this.#things[fd];
    if (!(thing instanceof SimListener)) throw new Error(`fd ${fd} is no listener`);
    return thing;
  }
}
