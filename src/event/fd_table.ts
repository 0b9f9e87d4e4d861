/**
 * The fd table: who owns each fd, what is known about it, and the verbs that change it. All changes of state happen here.
 *
 *     from    verb    to      event cache   update
 *     --      want    A-      no            if not P
 *     --      may     -R      no            if P, level-triggered
 *     -R      want    AR      enter         no: no poller involved at all
 *     -R      cant    --      no            no
 *     A-      may     AR      enter         no
 *     A-      stop    --      no            if P, level-triggered
 *     AR      cant    A-      leave         if not P
 *     AR      stop    -R      leave         if P, level-triggered
 *     any     the same again: nothing changes, nothing is queued
 *     any     close   free    leave         its entry is applied to whoever owns the slot then
 *
 * An edge-triggered poller keeps a registration for life, and a completion poller cannot take an operation back, so only
 * level-triggered ones are told to stop polling (`unpolls`).
 *
 * Parking: a direction that met a lack of buffers leaves the cache though it is active and ready, so that it neither
 * spins nor is lost; a level-triggered poller stops to report it. Whoever keeps the waiters (buffer/buffer_wait.ts) implements {@linkcode Parking}.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Activity } from "./activity.ts";
import { Direction, FdFlag, FdState, isRunnable } from "./fd_state.ts";
import { FdUpdates } from "./fd_updates.ts";
import { IoQueue } from "./io_queue.ts";

/** Owns an fd for as long as it is open. */
export interface FdHandler {
  /** Does the I/O that `ready` (bits of {@linkcode Direction}) allows; called from the I/O queue only. */
  onIo(fd: number, ready: number): void;
}

/** Who keeps the directions that wait for a buffer. */
export interface Parking {
  /** The direction no longer wants its place (stop, close). */
  leave(fd: number, direction: number): void;
  /** The direction was woken and did not take a buffer: the grant is free for the next. */
  returnGrant(fd: number, direction: number): void;
}

/** See the module's text. Slots are numbers from 0 to capacity - 1, chosen by the poller. */
export class FdTable {
  readonly capacity: number;
  readonly updates: FdUpdates;
  readonly queue: IoQueue;
  /** Number of open fds. */
  openCount = 0;
  /** Whether polled directions that nobody wants must be taken back: level-triggered pollers. */
  unpolls = false;
  parking: Parking | null = null;

  readonly #state: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #class: Uint8Array;
  readonly #generation: Uint32Array;
  readonly #handlers: (FdHandler | null)[];
  readonly #activity: Activity;

  constructor(capacity: number, activity: Activity) {
    this.capacity = capacity;
    this.updates = new FdUpdates(capacity);
    this.queue = new IoQueue(capacity);
    this.#activity = activity;
    this.#state = new Uint8Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#class = new Uint8Array(capacity);
    this.#generation = new Uint32Array(capacity);
    this.#handlers = new Array<FdHandler | null>(capacity).fill(null);
  }

  /**
   * Gives a fresh slot its owner. With `isSpeculative` both directions start as ready, so that the first `want` tries the
   * I/O before any polling (an accepted connection usually has its request already); otherwise nothing is known.
   */
  insert(fd: number, handler: FdHandler, ioClass: number, isSpeculative: boolean): void {
    assert(fd >= 0 && fd < this.capacity, `fd ${fd} fits a table of ${this.capacity}`);
    assert((this.#flags[fd]! & FdFlag.OPEN) === 0, `fd ${fd} is free when inserted`);
    this.#state[fd] = isSpeculative ? FdState.READY_R | FdState.READY_W : 0;
    this.#flags[fd] = (this.#flags[fd]! & FdFlag.UPDATED) | FdFlag.OPEN;
    this.#class[fd] = ioClass;
    this.#handlers[fd] = handler;
    this.queue.forget(fd);
    this.openCount++;
  }

  /** Takes the slot from its owner: out of the queue and of every waiting list; late reports become stale. */
  remove(fd: number): void {
    this.#assertOpen(fd);
    this.#leaveParking(fd, Direction.RECV);
    this.#leaveParking(fd, Direction.SEND);
    if (this.queue.has(fd)) this.#leaveQueue(fd);
    this.#state[fd] = 0;
    this.#flags[fd]! &= FdFlag.UPDATED;
    this.#generation[fd]!++;
    this.#handlers[fd] = null;
    this.openCount--;
  }

  isOpen(fd: number): boolean {
    return (this.#flags[fd]! & FdFlag.OPEN) !== 0;
  }

  state(fd: number): number {
    return this.#state[fd]!;
  }

  flags(fd: number): number {
    return this.#flags[fd]!;
  }

  /** For level-triggered pollers: the state, but nobody wants what is ready and waits for a buffer. */
  stateToPoll(fd: number): number {
    const state = this.#state[fd]!;
    const flags = this.#flags[fd]!;
    const parkedR = (flags & FdFlag.PARKED_R) !== 0 ? (state & FdState.READY_R) >> 1 : 0;
    const parkedW = (flags & FdFlag.PARKED_W) !== 0 ? (state & FdState.READY_W) >> 1 : 0;
    return state & ~(parkedR | parkedW);
  }

  generation(fd: number): number {
    return this.#generation[fd]!;
  }

  handler(fd: number): FdHandler | null {
    return this.#handlers[fd]!;
  }

  /** Hands the fd to another owner without closing it (a connection taken from the idle pool, an upgraded one). */
  setHandler(fd: number, handler: FdHandler): void {
    this.#assertOpen(fd);
    this.#handlers[fd] = handler;
  }

  ioClass(fd: number): number {
    return this.#class[fd]!;
  }

  /** Changes the class; an fd that is queued moves at its next entry. */
  setClass(fd: number, ioClass: number): void {
    this.#class[fd] = ioClass;
  }

  wantRecv(fd: number): void {
    this.#set(fd, FdState.ACTIVE_R);
  }

  stopRecv(fd: number): void {
    this.#leaveParking(fd, Direction.RECV);
    this.#clear(fd, FdState.ACTIVE_R);
  }

  /** After EAGAIN, or a short read that proves the kernel empty. */
  cantRecv(fd: number): void {
    this.#clear(fd, FdState.READY_R);
  }

  wantSend(fd: number): void {
    this.#set(fd, FdState.ACTIVE_W);
  }

  stopSend(fd: number): void {
    this.#leaveParking(fd, Direction.SEND);
    this.#clear(fd, FdState.ACTIVE_W);
  }

  cantSend(fd: number): void {
    this.#clear(fd, FdState.READY_W);
  }

  /** For pollers: receive is possible. */
  mayRecv(fd: number): void {
    this.#activity.reports++;
    this.#set(fd, FdState.READY_R);
  }

  /** For pollers: send is possible. */
  maySend(fd: number): void {
    this.#activity.reports++;
    this.#set(fd, FdState.READY_W);
  }

  /** For pollers: the peer shut its sending side or hung up. Receive finds out. */
  mayHangup(fd: number): void {
    this.#flags[fd]! |= FdFlag.HANGUP;
    this.mayRecv(fd);
  }

  /** For pollers: an error is pending. Either direction finds out. */
  mayError(fd: number): void {
    this.#flags[fd]! |= FdFlag.ERROR;
    this.mayRecv(fd);
    this.maySend(fd);
  }

  /** For pollers, from their update step only: what the poller now watches. */
  setPolled(fd: number, polledBits: number): void {
    this.#state[fd] = (this.#state[fd]! & ~(FdState.POLLED_R | FdState.POLLED_W)) | polledBits;
  }

  /** For pollers whose registration ends with its report (one-shot, completion). */
  clearPolled(fd: number, polledBit: number): void {
    this.#state[fd]! &= ~polledBit;
  }

  /** For pollers, from their update step only: `fd`'s entry was taken from the list. */
  clearUpdated(fd: number): void {
    this.#flags[fd]! &= ~FdFlag.UPDATED;
  }

  /** Whether the direction waits for a buffer. */
  isParked(fd: number, direction: number): boolean {
    const parked = direction === Direction.RECV ? FdFlag.PARKED_R : FdFlag.PARKED_W;
    return (this.#flags[fd]! & parked) !== 0;
  }

  /** Takes the direction out of the queue until {@linkcode FdTable.unpark}: it waits for a buffer. */
  park(fd: number, direction: number): void {
    this.#flags[fd]! |= direction === Direction.RECV ? FdFlag.PARKED_R : FdFlag.PARKED_W;
    if (this.queue.has(fd) && !this.#isQueueable(fd)) this.#leaveQueue(fd);
    if (this.unpolls) this.#requestUpdate(fd);
  }

  /**
   * Ends the parking with a grant: the direction may take one buffer without queueing. When nothing is to be done in it any
   * more the grant goes back at once, because no run would return it.
   */
  unpark(fd: number, direction: number): void {
    const parked = direction === Direction.RECV ? FdFlag.PARKED_R : FdFlag.PARKED_W;
    assert((this.#flags[fd]! & parked) !== 0, `fd ${fd} is parked when unparked`);
    this.#flags[fd]! &= ~parked;
    if ((this.readyDirections(fd) & direction) === 0) {
      this.parking!.returnGrant(fd, direction);
      return;
    }
    this.#flags[fd]! |= direction === Direction.RECV ? FdFlag.GRANTED_R : FdFlag.GRANTED_W;
    if (!this.queue.has(fd)) this.#enterQueue(fd);
  }

  /** Uses up the grant of a direction; returns whether there was one. */
  takeGrant(fd: number, direction: number): boolean {
    const granted = direction === Direction.RECV ? FdFlag.GRANTED_R : FdFlag.GRANTED_W;
    if ((this.#flags[fd]! & granted) === 0) return false;
    this.#flags[fd]! &= ~granted;
    return true;
  }

  /** The directions a handler may work on now: ready, active, not parked; bits of {@linkcode Direction}. */
  readyDirections(fd: number): number {
    const state = this.#state[fd]!;
    const flags = this.#flags[fd]!;
    let ready = 0;
    if ((state & 3) === 3 && (flags & FdFlag.PARKED_R) === 0) ready |= Direction.RECV;
    if ((state & 0x30) === 0x30 && (flags & FdFlag.PARKED_W) === 0) ready |= Direction.SEND;
    return ready;
  }

  /**
   * For the loop, after a handler ran: a grant that it did not use passes on; the fd comes back if work is left. One that
   * came back by itself has its turn still to come: it may have been granted just now, by what it released.
   */
  requeue(fd: number): void {
    if (this.queue.has(fd)) return;
    if ((this.#flags[fd]! & (FdFlag.GRANTED_R | FdFlag.GRANTED_W)) !== 0) this.#returnGrants(fd);
    if (!this.queue.has(fd) && this.#isQueueable(fd)) this.#enterQueue(fd);
  }

  #set(fd: number, bit: number): void {
    const state = this.#state[fd]!;
    if ((state & bit) !== 0) return;
    this.#assertOpen(fd);
    this.#state[fd] = state | bit;
    this.#settle(fd);
  }

  #clear(fd: number, bit: number): void {
    const state = this.#state[fd]!;
    if ((state & bit) === 0) return;
    this.#assertOpen(fd);
    this.#state[fd] = state & ~bit;
    this.#settle(fd);
  }

  /** After a real change: cache membership and need for an update, both from the state alone. */
  #settle(fd: number): void {
    const isQueued = this.queue.has(fd);
    const mustBeQueued = this.#isQueueable(fd);
    if (mustBeQueued && !isQueued) this.#enterQueue(fd);
    else if (!mustBeQueued && isQueued) this.#leaveQueue(fd);
    this.#requestUpdate(fd);
  }

  #requestUpdate(fd: number): void {
    if (!this.#needsUpdate(fd)) return;
    this.#activity.updatesRequested++;
    if ((this.#flags[fd]! & FdFlag.UPDATED) !== 0) return;
    this.#flags[fd]! |= FdFlag.UPDATED;
    this.#activity.updatesQueued++;
    this.updates.push(fd);
  }

  #needsUpdate(fd: number): boolean {
    const state = this.unpolls ? this.stateToPoll(fd) : this.#state[fd]!;
    const r = state & 7;
    const w = (state >> 4) & 7;
    if (r === 1 || w === 1) return true;
    return this.unpolls && ((r & 5) === 4 || (w & 5) === 4);
  }

  #isQueueable(fd: number): boolean {
    return isRunnable(this.#state[fd]!) && this.readyDirections(fd) !== 0;
  }

  #enterQueue(fd: number): void {
    this.#activity.cacheEnter++;
    this.queue.enter(fd, this.#class[fd]!);
  }

  #leaveQueue(fd: number): void {
    this.#activity.cacheLeave++;
    this.queue.leave(fd);
  }

  #leaveParking(fd: number, direction: number): void {
    const parked = direction === Direction.RECV ? FdFlag.PARKED_R : FdFlag.PARKED_W;
    if ((this.#flags[fd]! & parked) !== 0) {
      this.#flags[fd]! &= ~parked;
      this.parking!.leave(fd, direction);
    }
    if (this.takeGrant(fd, direction)) this.parking!.returnGrant(fd, direction);
  }

  #returnGrants(fd: number): void {
    if (this.takeGrant(fd, Direction.RECV)) this.parking!.returnGrant(fd, Direction.RECV);
    if (this.takeGrant(fd, Direction.SEND)) this.parking!.returnGrant(fd, Direction.SEND);
  }

  #assertOpen(fd: number): void {
    assert((this.#flags[fd]! & FdFlag.OPEN) !== 0, `fd ${fd} has an owner`);
  }
}
