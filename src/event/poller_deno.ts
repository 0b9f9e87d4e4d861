/**
 * The `deno` poller: readiness out of completion, over Deno.listen, Deno.connect, conn.read and conn.write.
 *
 * A socket here is a slot. What an operation brings is put down in typed arrays by its continuation, the slot goes on the
 * completed list, and the loop is woken: that list is this poller's kernel. `wait` turns it into `may` verbs.
 *
 *     receive side                                   send side
 *     idle --update(want)--> reading                 idle --send: bytes copied--> writing
 *       ^                       |completion             ^                            |completion (rest is written on)
 *       |                    held: bytes, end, error    |                            |
 *       +---- recv took all ----+                       +--- report: may send -------+
 *
 * - An idle connection parks its read on READ_SLOT_BYTES of a shared slab. When a read fills its place, the next one uses a
 *   pool buffer while the pool has plenty; a short one goes back to the small slot. A read in flight cannot be taken back:
 *   bytes that come after `stop` are held, and nothing more is read.
 * - `send` copies into the slot's SEND_SLOT_BYTES, or into a pool buffer while the pool has plenty, and writes it. One write
 *   is in flight at most; a send meanwhile is -EAGAIN. So what a slow peer holds is bounded, and sends never wait for a pool.
 * - A slot is free again only when nothing is in flight on it. `close` lets an accepted write go out for LINGER_MS at most.
 * - Deno gives no way to reset a connection: `close(fd, true)` asks {@linkcode PollerDenoOptions.resetSocket} to mark the
 *   socket first; where that cannot be done, the peer sees an orderly close, which is counted.
 *
 * The loop runs in a microtask behind the continuations of one batch of completions, and yields to Deno by a macrotask
 * when it has run for SLICE_MS with work still pending.
 *
 * May import: base, sys.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Slab } from "../base/slab.ts";
import type { Activity } from "./activity.ts";
import type { Clock } from "./clock.ts";
import { DenoListeners, type DenoSharing } from "./poller_deno_accept.ts";
import { DenoSleep } from "./poller_deno_sleep.ts";
import { errnoOf, type MemorySource, SlotMemory } from "./poller_deno_slots.ts";
import { FdState } from "./fd_state.ts";
import type { FdTable } from "./fd_table.ts";
import type { Poller, SocketAddress } from "./poller.ts";
import { applyUpdates } from "./update_step.ts";

/** How long accepted bytes may go on after a close. */
const LINGER_MS = 10_000;
/** How often is looked after those. */
const LINGER_LOOK_MS = 1_000;

const Kind = { FREE: 0, LISTENER: 1, CONNECTION: 2, CLOSING: 3 } as const;
const Op = { NONE: 0, RUNNING: 1, HELD: 2 } as const;

export interface PollerDenoOptions {
  /** Big places for reads and sends; null: small slots only. */
  readonly memory: MemorySource | null;
  /** Who binds what beside other threads. @default {null: this is the only one} */
  readonly sharing?: DenoSharing | null;
  /** Slots of the table that are its own, from this one on. @default {0} */
  readonly firstSlot?: number;
  /** Makes the coming close a reset, given both addresses; returns whether it could. */
  readonly resetSocket?: (local: SocketAddress, peer: SocketAddress) => boolean;
}

/** See the module's text. */
export class PollerDeno implements Poller {
  readonly name = "deno";
  readonly unpolls = false;
  readonly isShortReadEmpty = true;
  readonly pipes = null;
  readonly bells = null;
  readonly tls = null;
  onWake: () => void = () => {};
  /** Completions marked so far. */
  reportCount = 0;

  readonly #table: FdTable;
  readonly #activity: Activity;
  readonly #clock: Clock;
  readonly #options: PollerDenoOptions;
  readonly #slots: SlotMemory;
  readonly #listeners: DenoListeners;
  readonly sleep: DenoSleep;

  readonly #kind: Uint8Array;
  readonly #conns: (Deno.TcpConn | Deno.UnixConn | null)[];
  readonly #addresses: (SocketAddress | null)[];
  readonly #freeFds: Int32Array;
  #freeCount: number;
  /** Operations in flight per slot: read, write, connect. */
  readonly #inFlight: Uint8Array;
  readonly #connectResult: Int32Array;

  readonly #readOp: Uint8Array;
  /** Bytes held (from #readAt on), 0 at the end of the stream, or a negated error number. */
  readonly #readCount: Int32Array;
  readonly #readAt: Int32Array;
  readonly #readSize: Int32Array;
  readonly #wantsBigRead: Uint8Array;

  readonly #writeOp: Uint8Array;
  readonly #writeEnd: Int32Array;
  readonly #writeAt: Int32Array;
  readonly #writeError: Int32Array;
  readonly #isShutPending: Uint8Array;
  readonly #lingerUntilMs: Float64Array;
  #lingering = 0;

  /** Continuations, made once per slot: they only put results down. */
  readonly #onRead: ((count: number | null) => void)[] = [];
  readonly #onReadError: ((error: unknown) => void)[] = [];
  readonly #onWritten: ((count: number) => void)[] = [];
  readonly #onWriteError: ((error: unknown) => void)[] = [];

  readonly #completed: Int32Array;
  readonly #completedBits: Uint8Array;
  #completedCount = 0;

  constructor(table: FdTable, activity: Activity, clock: Clock, options: PollerDenoOptions) {
    const capacity = table.capacity;
    this.#table = table;
    this.#activity = activity;
    this.#clock = clock;
    this.#options = options;
    this.#slots = new SlotMemory(capacity, options.memory);
    this.#listeners = new DenoListeners(
      (fd) => this.#complete(fd, FdState.READY_R),
      options.sharing ?? null,
    );
    this.sleep = new DenoSleep(clock, () => {
      this.report();
      this.onWake();
    });
    this.#kind = new Uint8Array(capacity);
    this.#conns = new Array(capacity).fill(null);
    this.#addresses = new Array(capacity).fill(null);
    this.#freeFds = new Int32Array(capacity);
    this.#freeCount = capacity - (options.firstSlot ?? 0);
    for (let i = 0; i < this.#freeCount; i++) this.#freeFds[i] = capacity - 1 - i;
    this.#inFlight = new Uint8Array(capacity);
    this.#connectResult = new Int32Array(capacity);
    this.#readOp = new Uint8Array(capacity);
    this.#readCount = new Int32Array(capacity);
    this.#readAt = new Int32Array(capacity);
    this.#readSize = new Int32Array(capacity);
    this.#wantsBigRead = new Uint8Array(capacity);
    this.#writeOp = new Uint8Array(capacity);
    this.#writeEnd = new Int32Array(capacity);
    this.#writeAt = new Int32Array(capacity);
    this.#writeError = new Int32Array(capacity);
    this.#isShutPending = new Uint8Array(capacity);
    this.#lingerUntilMs = new Float64Array(capacity);
    this.#completed = new Int32Array(capacity);
    this.#completedBits = new Uint8Array(capacity);
  }

  listen(address: SocketAddress, backlog: number): number {
    const fd = this.#allocate(Kind.LISTENER);
    if (fd < 0) throw new Error(`Cannot listen: all ${this.#table.capacity} fd slots are taken`);
    try {
      this.#addresses[fd] = this.#listeners.listen(fd, address, backlog);
    } catch (error) {
      this.#free(fd);
      throw error;
    }
    return fd;
  }

  accept(listenFd: number): number {
    if (this.#freeCount === 0) return -Errno.EMFILE;
    const conn = this.#listeners.take(listenFd);
    if (typeof conn === "number") return conn;
    const fd = this.#allocate(Kind.CONNECTION);
    this.#attach(fd, conn);
    this.#beginRead(fd);
    return fd;
  }

  connect(address: SocketAddress): number {
    const fd = this.#allocate(Kind.CONNECTION);
    if (fd < 0) return -Errno.EMFILE;
    this.#addresses[fd] = address;
    this.#connectResult[fd] = -Errno.EINPROGRESS;
    this.#inFlight[fd]!++;
    const connecting: Promise<Deno.TcpConn | Deno.UnixConn> = address.kind === "unix"
      ? Deno.connect({ transport: "unix", path: address.path })
      : Deno.connect({ hostname: address.host, port: address.port, autoSelectFamily: false });
    connecting.then((conn) => this.#onConnected(fd, conn), (error) => this.#onConnectError(fd, error));
    return fd;
  }

  connectResult(fd: number): number {
    return this.#connectResult[fd]!;
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    if (this.#readOp[fd] !== Op.HELD) return -Errno.EAGAIN;
    const held = this.#readCount[fd]!;
    if (held <= 0) return held;
    const count = Math.min(held, sizeBytes);
    const at = this.#readAt[fd]!;
    slab.bytes.set(this.#slots.readView(fd).subarray(at, at + count), offset);
    if (count < held) {
      this.#readAt[fd] = at + count;
      this.#readCount[fd] = held - count;
    } else {
      this.#wantsBigRead[fd] = this.#readAt[fd]! + count === this.#readSize[fd] ? 1 : 0;
      this.#readOp[fd] = Op.NONE;
      this.#slots.releaseRead(fd);
    }
    return count;
  }

  send(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    if (this.#writeOp[fd] !== Op.NONE) return -Errno.EAGAIN;
    const error = this.#writeError[fd]!;
    if (error !== 0) return error;
    const count = this.#slots.fillSend(fd, slab, offset, sizeBytes);
    this.#writeAt[fd] = 0;
    this.#writeEnd[fd] = count;
    this.#writeOp[fd] = Op.RUNNING;
    this.#inFlight[fd]!++;
    this.#write(fd);
    return count;
  }

  shutdownSend(fd: number): void {
    if (this.#writeOp[fd] === Op.RUNNING) this.#isShutPending[fd] = 1;
    else this.#closeWrite(fd);
  }

  close(fd: number, isReset: boolean): void {
    if (this.#kind[fd] === Kind.LISTENER) {
      this.#listeners.close(fd);
      this.#kind[fd] = Kind.CLOSING;
      this.#freeWhenQuiet(fd);
      return;
    }
    const wasWriting = this.#writeOp[fd] === Op.RUNNING;
    this.#kind[fd] = Kind.CLOSING;
    if (isReset) this.#markReset(fd);
    if (wasWriting && !isReset) {
      this.#lingerUntilMs[fd] = this.#clock.monotonicMs() + LINGER_MS;
      this.#lingering++;
      return;
    }
    this.#closeConn(fd);
    this.#freeWhenQuiet(fd);
  }

  isIdleAlive(fd: number): boolean {
    return this.#readOp[fd] !== Op.HELD && this.#writeError[fd] === 0;
  }

  localAddress(fd: number): SocketAddress {
    const conn = this.#conns[fd];
    if (conn === null || conn === undefined) return this.#addresses[fd]!;
    return toSocketAddress(conn.localAddr);
  }

  peerAddress(fd: number): SocketAddress {
    const conn = this.#conns[fd];
    if (conn === null || conn === undefined) return this.#addresses[fd]!;
    return toSocketAddress(conn.remoteAddr);
  }

  wait(timeoutMs: number): boolean {
    applyUpdates(this.#table, this.#activity, this);
    this.endLingering();
    if (this.#completedCount > 0 || timeoutMs === 0) {
      if (this.sleep.isSliceOver()) {
        this.#activity.yields++;
        this.sleep.yield();
        return false;
      }
      this.report();
      return true;
    }
    this.sleepUntilWoken(timeoutMs);
    return false;
  }

  /** Nothing is to be done for up to `timeoutMs`. */
  sleepUntilWoken(timeoutMs: number): void {
    this.sleep.sleep(this.#lingering > 0 ? Math.min(timeoutMs, LINGER_LOOK_MS) : timeoutMs);
  }

  wake(): void {
    this.sleep.wake();
  }

  shutdown(): void {
    this.sleep.stop();
    for (let fd = 0; fd < this.#kind.length; fd++) {
      if (this.#kind[fd] === Kind.LISTENER) this.#listeners.close(fd);
      else if (this.#kind[fd] !== Kind.FREE) this.#closeConn(fd);
    }
  }

  /** Polls the directions that are active, not ready and not polled; returns whether anything was begun. */
  update(fd: number, state: number): boolean {
    let polled = state & (FdState.POLLED_R | FdState.POLLED_W);
    if ((state & 7) === FdState.ACTIVE_R) {
      polled |= FdState.POLLED_R;
      if (this.#kind[fd] === Kind.LISTENER) this.#listeners.poll(fd);
      else if (this.#readOp[fd] === Op.HELD) this.#complete(fd, FdState.READY_R);
      else this.#beginRead(fd);
    }
    if ((state & 0x70) === FdState.ACTIVE_W) {
      polled |= FdState.POLLED_W;
      if (this.#writeOp[fd] === Op.NONE && this.#connectResult[fd] !== -Errno.EINPROGRESS) {
        this.#complete(fd, FdState.READY_W);
      }
    }
    if (polled === (state & (FdState.POLLED_R | FdState.POLLED_W))) return false;
    this.#table.setPolled(fd, polled);
    return true;
  }

  /** Marks what completed, the only place where this poller reports; returns how much that was. */
  report(): number {
    const table = this.#table;
    const count = this.#completedCount;
    this.reportCount += count;
    for (let i = 0; i < count; i++) {
      const fd = this.#completed[i]!;
      const bits = this.#completedBits[fd]!;
      this.#completedBits[fd] = 0;
      if (!table.isOpen(fd) || this.#kind[fd] === Kind.CLOSING) {
        this.#activity.reportsStale++;
        if (this.#kind[fd] === Kind.CLOSING) this.#freeWhenQuiet(fd);
        continue;
      }
      if ((bits & FdState.READY_R) !== 0) {
        table.clearPolled(fd, FdState.POLLED_R);
        if (this.#kind[fd] === Kind.CONNECTION && this.#readCount[fd]! <= 0) table.mayHangup(fd);
        else table.mayRecv(fd);
      }
      if ((bits & FdState.READY_W) !== 0) {
        table.clearPolled(fd, FdState.POLLED_W);
        if (this.#connectResult[fd]! < 0 || this.#writeError[fd]! < 0) table.mayError(fd);
        else table.maySend(fd);
      }
    }
    this.#completedCount = 0;
    return count;
  }

  #complete(fd: number, bits: number): void {
    if (this.#completedBits[fd] === 0) this.#completed[this.#completedCount++] = fd;
    this.#completedBits[fd]! |= bits;
    this.sleep.wake();
  }

  #beginRead(fd: number): void {
    if (this.#readOp[fd] === Op.RUNNING || this.#conns[fd] === null) return;
    const view = this.#slots.takeRead(fd, this.#wantsBigRead[fd] === 1);
    this.#readOp[fd] = Op.RUNNING;
    this.#readAt[fd] = 0;
    this.#readSize[fd] = view.length;
    this.#inFlight[fd]!++;
    this.#conns[fd]!.read(view).then(this.#onRead[fd]!, this.#onReadError[fd]!);
  }

  #endRead(fd: number, count: number): void {
    this.#inFlight[fd]!--;
    this.#readOp[fd] = Op.HELD;
    this.#readCount[fd] = count;
    if (count <= 0) this.#slots.releaseRead(fd);
    if (this.#kind[fd] === Kind.CLOSING) this.#freeWhenQuiet(fd);
    else this.#complete(fd, FdState.READY_R);
  }

  #write(fd: number): void {
    const view = this.#slots.sendView(fd).subarray(this.#writeAt[fd]!, this.#writeEnd[fd]!);
    this.#conns[fd]!.write(view).then(this.#onWritten[fd]!, this.#onWriteError[fd]!);
  }

  #endWrite(fd: number, count: number): void {
    if (count >= 0) {
      this.#writeAt[fd]! += count;
      if (this.#writeAt[fd]! < this.#writeEnd[fd]! && this.#conns[fd] !== null) {
        this.#write(fd);
        return;
      }
    }
    this.#inFlight[fd]!--;
    this.#writeOp[fd] = Op.NONE;
    this.#slots.releaseSend(fd);
    if (count < 0) this.#writeError[fd] = count;
    if (this.#kind[fd] === Kind.CLOSING) {
      if (this.#conns[fd] !== null) {
        this.#lingering--;
        this.#closeConn(fd);
      }
      this.#freeWhenQuiet(fd);
      return;
    }
    if (this.#isShutPending[fd] === 1) this.#closeWrite(fd);
    if ((this.#table.state(fd) & FdState.POLLED_W) !== 0 || count < 0) this.#complete(fd, FdState.READY_W);
  }

  #onConnected(fd: number, conn: Deno.TcpConn | Deno.UnixConn): void {
    this.#inFlight[fd]!--;
    if (this.#kind[fd] === Kind.CLOSING) {
      conn.close();
      this.#freeWhenQuiet(fd);
      return;
    }
    this.#attach(fd, conn);
    this.#connectResult[fd] = 0;
    this.#complete(fd, FdState.READY_W);
  }

  #onConnectError(fd: number, error: unknown): void {
    this.#inFlight[fd]!--;
    if (this.#kind[fd] === Kind.CLOSING) {
      this.#freeWhenQuiet(fd);
      return;
    }
    this.#connectResult[fd] = errnoOf(error);
    this.#complete(fd, FdState.READY_W);
  }

  #attach(fd: number, conn: Deno.TcpConn | Deno.UnixConn): void {
    this.#conns[fd] = conn;
    if ("setNoDelay" in conn) conn.setNoDelay(true);
    if (this.#onRead[fd] !== undefined) return;
    this.#onRead[fd] = (count) => this.#endRead(fd, count ?? 0);
    this.#onReadError[fd] = (error) => this.#endRead(fd, errnoOf(error));
    this.#onWritten[fd] = (count) => this.#endWrite(fd, count);
    this.#onWriteError[fd] = (error) => this.#endWrite(fd, errnoOf(error));
  }

  #closeWrite(fd: number): void {
    this.#isShutPending[fd] = 0;
    // A peer that is gone makes this fail; the read side reports it.
    this.#conns[fd]?.closeWrite().catch(() => {});
  }

  #closeConn(fd: number): void {
    const conn = this.#conns[fd] ?? null;
    this.#conns[fd] = null;
    conn?.close();
  }

  #markReset(fd: number): void {
    const isMarked = this.#conns[fd] !== null &&
      this.#options.resetSocket?.(this.localAddress(fd), this.peerAddress(fd)) === true;
    if (!isMarked) this.#activity.resetsDowngraded++;
  }

  /** Closes what has lingered too long. */
  endLingering(): void {
    if (this.#lingering === 0) return;
    const nowMs = this.#clock.monotonicMs();
    for (let fd = 0; fd < this.#kind.length && this.#lingering > 0; fd++) {
      if (this.#kind[fd] !== Kind.CLOSING || this.#conns[fd] === null) continue;
      if (this.#lingerUntilMs[fd]! > nowMs) continue;
      this.#lingering--;
      this.#closeConn(fd);
      this.#freeWhenQuiet(fd);
    }
  }

  #allocate(kind: number): number {
    if (this.#freeCount === 0) return -Errno.EMFILE;
    const fd = this.#freeFds[--this.#freeCount]!;
    this.#kind[fd] = kind;
    this.#connectResult[fd] = 0;
    this.#readOp[fd] = this.#writeOp[fd] = Op.NONE;
    this.#readCount[fd] = this.#writeError[fd] = 0;
    this.#wantsBigRead[fd] = this.#isShutPending[fd] = 0;
    this.#inFlight[fd] = 0;
    this.#conns[fd] = null;
    this.#addresses[fd] = null;
    return fd;
  }

  #freeWhenQuiet(fd: number): void {
    const isQuiet = this.#inFlight[fd] === 0 && this.#conns[fd] === null && this.#completedBits[fd] === 0;
    if (isQuiet) this.#free(fd);
  }

  #free(fd: number): void {
    this.#slots.releaseRead(fd);
    this.#slots.releaseSend(fd);
    this.#kind[fd] = Kind.FREE;
    this.#freeFds[this.#freeCount++] = fd;
  }
}

function toSocketAddress(address: Deno.Addr): SocketAddress {
  if (address.transport === "tcp" || address.transport === "udp") {
    return { kind: "tcp", host: address.hostname, port: address.port };
  }
  return { kind: "unix", path: "path" in address ? address.path : "" };
}
