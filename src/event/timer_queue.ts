/**
 * The timer queue: deadlines by timer, the earliest first, re-armed lazily (HAProxy: the wait queue).
 *
 *     arm later    only stored: the timer keeps its earlier place and is put right when that place comes up
 *     arm earlier  moved at once, so it never fires late
 *     cancel       only stored as "never"
 *
 * So a timeout that is pushed back with every byte costs a store, and at most one early look when it comes up.
 * A timer never fires before its deadline, and fires at the first `expire` at or after it.
 *
 * May import: base.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { IndexedHeap } from "../base/heap.ts";

const NEVER_MS = Infinity;

/** Timers are numbers from 0; released ones are given out again. */
export class TimerQueue {
  #deadlinesMs = new Float64Array(64).fill(NEVER_MS);
  readonly #heap = new IndexedHeap();
  readonly #released: number[] = [];
  #createdCount = 0;

  /** Makes a timer that is not armed. */
  create(): number {
    const timer = this.#released.pop() ?? this.#createdCount++;
    if (timer >= this.#deadlinesMs.length) this.#grow();
    this.#deadlinesMs[timer] = NEVER_MS;
    return timer;
  }

  /** Ends a timer; its number may be given out again. */
  release(timer: number): void {
    if (this.#heap.has(timer)) this.#heap.remove(timer);
    this.#deadlinesMs[timer] = NEVER_MS;
    this.#released.push(timer);
  }

  /** Sets the deadline, monotonic milliseconds, finite. */
  arm(timer: number, deadlineMs: number): void {
    assert(Number.isFinite(deadlineMs), "a deadline is finite");
    this.#deadlinesMs[timer] = deadlineMs;
    if (!this.#heap.has(timer)) this.#heap.insert(timer, deadlineMs);
    else if (deadlineMs < this.#heap.key(timer)) this.#heap.update(timer, deadlineMs);
  }

  cancel(timer: number): void {
    this.#deadlinesMs[timer] = NEVER_MS;
  }

  /** When to look next: the earliest place in the queue, which may be early for its timer; Infinity when there is none. */
  nextDeadlineMs(): number {
    return this.#heap.peekKey();
  }

  /** Writes the timers that are due to `expired`, at most `countMax`, and disarms them; returns how many. */
  expire(nowMs: number, countMax: number, expired: Int32Array): number {
    let count = 0;
    while (this.#heap.peekKey() <= nowMs && count < countMax) {
      const timer = this.#heap.peek();
      const deadlineMs = this.#deadlinesMs[timer];
      if (deadlineMs === NEVER_MS) {
        this.#heap.remove(timer);
      } else if (deadlineMs > nowMs) {
        this.#heap.update(timer, deadlineMs);
      } else {
        this.#heap.remove(timer);
        this.#deadlinesMs[timer] = NEVER_MS;
        expired[count++] = timer;
      }
    }
    return count;
  }

  #grow(): void {
    const deadlinesMs = new Float64Array(this.#deadlinesMs.length * 2).fill(NEVER_MS);
    deadlinesMs.set(this.#deadlinesMs);
    this.#deadlinesMs = deadlinesMs;
  }
}
