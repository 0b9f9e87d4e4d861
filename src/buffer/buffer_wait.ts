/**
 * The buffer wait queue: fd directions that need a buffer and may not have one yet.
 *
 *     acquire --may take--> buffer
 *        |
 *        +--may not--> parked (out of the I/O queue, readiness kept) --release: grant--> back in the I/O queue
 *                         |                                                                 |
 *                         +--stop, close: leaves                     acquire: takes it <----+----> unused: passes on
 *
 * - Order: by criticality, prio=high before others within it, then by arrival. What waits is the direction itself.
 * - A grant is leave to take one buffer without queueing, not the buffer: an owner that no longer wants it costs nothing.
 * - As many are woken as buffers were freed and may be taken at the waiter's level, never all.
 * - A newcomer does not overtake waiters of its own level, nor those of a more critical one that may take a buffer now.
 *
 * May import: base, event.
 *
 * @module
 */
import type { Activity } from "../event/activity.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdTable, Parking } from "../event/fd_table.ts";
import { IoClass } from "../event/io_queue.ts";
import { CRITICALITY_COUNT } from "./criticality.ts";
import { type BufferPool, NO_BUFFER } from "./pool.ts";

const NONE = -1;
const LEVEL_COUNT = CRITICALITY_COUNT * 2;

/** Hands out the pool's buffers and keeps those who wait. An element is fd * 2 + (0 receive, 1 send). */
export class BufferWait implements Parking {
  readonly pool: BufferPool;
  readonly #table: FdTable;
  readonly #activity: Activity;
  readonly #next: Int32Array;
  readonly #prev: Int32Array;
  readonly #level: Uint8Array;
  readonly #heads = new Int32Array(LEVEL_COUNT).fill(NONE);
  readonly #tails = new Int32Array(LEVEL_COUNT).fill(NONE);
  /** Directions that wait. */
  waiting = 0;
  /** Grants given out and not yet used or returned. */
  granted = 0;

  constructor(pool: BufferPool, table: FdTable, activity: Activity) {
    this.pool = pool;
    this.#table = table;
    this.#activity = activity;
    this.#next = new Int32Array(table.capacity * 2).fill(NONE);
    this.#prev = new Int32Array(table.capacity * 2).fill(NONE);
    this.#level = new Uint8Array(table.capacity * 2);
    table.parking = this;
  }

  /** Takes a buffer for a direction of `fd`, or parks that direction and returns NO_BUFFER. */
  acquire(fd: number, direction: number, criticality: number): number {
    if (this.#table.isParked(fd, direction)) return NO_BUFFER;
    const isHigh = this.#table.ioClass(fd) <= IoClass.INTERACTIVE;
    const level = criticality * 2 + (isHigh ? 1 : 0);
    const hasGrant = this.#table.takeGrant(fd, direction);
    if (hasGrant) this.granted--;
    if (hasGrant || !this.#isWaitedFor(level)) {
      const buffer = this.pool.take(criticality, isHigh, this.granted);
      if (buffer !== NO_BUFFER) return buffer;
    }
    this.#append(fd * 2 + (direction === Direction.SEND ? 1 : 0), level);
    this.#activity.bufferParked++;
    this.#table.park(fd, direction);
    // The buffer of a grant that was of no use here may be one for somebody else.
    if (hasGrant && this.waiting > 0) this.#offer();
    return NO_BUFFER;
  }

  /** Takes a buffer if one may be had at once, past nobody who waits; else NO_BUFFER. For who can do without. */
  acquireNow(criticality: number, isHigh: boolean): number {
    if (this.#isWaitedFor(criticality * 2 + (isHigh ? 1 : 0))) return NO_BUFFER;
    return this.pool.take(criticality, isHigh, this.granted);
  }

  /** Gives a buffer back and wakes who may now take one. */
  release(buffer: number): void {
    this.pool.give(buffer);
    if (this.waiting > 0) this.#offer();
  }

  /** {@linkcode Parking}: a parked direction was stopped or closed. */
  leave(fd: number, direction: number): void {
    this.#unlink(fd * 2 + (direction === Direction.SEND ? 1 : 0));
  }

  /** {@linkcode Parking}: a woken direction did not take its buffer. */
  returnGrant(_fd: number, _direction: number): void {
    this.granted--;
    this.#activity.bufferGrantsReturned++;
    if (this.waiting > 0) this.#offer();
  }

  /** Wakes waiters, most critical first, while the pool allows one more at their level. */
  #offer(): void {
    for (let level = LEVEL_COUNT - 1; level >= 0; level--) {
      for (let element = this.#heads[level]!; element !== NONE; element = this.#heads[level]!) {
        if (!this.pool.canTake(level >> 1, (level & 1) === 1, this.granted)) break;
        this.#unlink(element);
        this.granted++;
        this.#activity.bufferGranted++;
        this.#table.unpark(element >> 1, (element & 1) === 1 ? Direction.SEND : Direction.RECV);
      }
    }
  }

  /** Whether somebody comes first: of the same level, or of a more critical one that a buffer would help. */
  #isWaitedFor(level: number): boolean {
    if (this.waiting === 0) return false;
    if (this.#heads[level] !== NONE) return true;
    for (let other = level + 1; other < LEVEL_COUNT; other++) {
      if (this.#heads[other] === NONE) continue;
      // What is kept for prio=high helps nobody else: who waits for more than that must not hold those up.
      if (this.pool.canTake(other >> 1, (other & 1) === 1, this.granted)) return true;
    }
    return false;
  }

  #append(element: number, level: number): void {
    const tail = this.#tails[level]!;
    this.#prev[element] = tail;
    this.#next[element] = NONE;
    if (tail === NONE) this.#heads[level] = element;
    else this.#next[tail] = element;
    this.#tails[level] = element;
    this.#level[element] = level;
    this.waiting++;
  }

  #unlink(element: number): void {
    const level = this.#level[element]!;
    const prev = this.#prev[element]!;
    const next = this.#next[element]!;
    if (prev === NONE) this.#heads[level] = next;
    else this.#next[prev] = next;
    if (next === NONE) this.#tails[level] = prev;
    else this.#prev[next] = prev;
    this.waiting--;
  }
}
