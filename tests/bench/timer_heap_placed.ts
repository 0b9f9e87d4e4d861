/**
 * The timer queue of `src/event/timer_queue.ts` with one difference: each timer's place stands beside its deadline.
 *
 * So re-arming later reads and writes 16 bytes next to each other, and does not ask the heap (two more arrays, the second at
 * a place that the first one tells). It shows which part of what the wheel gains is the wheel's.
 *
 * @module
 */
import { assert } from "../../src/base/assert.ts";
import { IndexedHeap } from "../../src/base/heap.ts";

const NEVER_MS = Infinity;

/** See the module's text. */
export class PlacedTimerHeap {
  /** Of each timer: the deadline, and its key in the heap (Infinity when it is not in it). */
  #times = new Float64Array(2 * 64).fill(NEVER_MS);
  readonly #heap = new IndexedHeap();
  readonly #released: number[] = [];
  #createdCount = 0;

  create(): number {
    const timer = this.#released.pop() ?? this.#createdCount++;
    if (2 * timer >= this.#times.length) this.#grow();
    this.#times[2 * timer] = this.#times[2 * timer + 1] = NEVER_MS;
    return timer;
  }

  release(timer: number): void {
    if (this.#times[2 * timer + 1] !== NEVER_MS) this.#heap.remove(timer);
    this.#times[2 * timer] = this.#times[2 * timer + 1] = NEVER_MS;
    this.#released.push(timer);
  }

  arm(timer: number, deadlineMs: number): void {
    assert(Number.isFinite(deadlineMs), "a deadline is finite");
    this.#times[2 * timer] = deadlineMs;
    const placeMs = this.#times[2 * timer + 1];
    if (deadlineMs >= placeMs) return;
    this.#times[2 * timer + 1] = deadlineMs;
    if (placeMs === NEVER_MS) this.#heap.insert(timer, deadlineMs);
    else this.#heap.update(timer, deadlineMs);
  }

  cancel(timer: number): void {
    this.#times[2 * timer] = NEVER_MS;
  }

  nextDeadlineMs(): number {
    return this.#heap.peekKey();
  }

  expire(nowMs: number, countMax: number, expired: Int32Array): number {
    let count = 0;
    while (this.#heap.peekKey() <= nowMs && count < countMax) {
      const timer = this.#heap.peek();
      const deadlineMs = this.#times[2 * timer];
      if (deadlineMs > nowMs && deadlineMs !== NEVER_MS) {
        this.#heap.update(timer, deadlineMs);
        this.#times[2 * timer + 1] = deadlineMs;
        continue;
      }
      this.#heap.remove(timer);
      if (deadlineMs !== NEVER_MS) expired[count++] = timer;
      this.#times[2 * timer] = this.#times[2 * timer + 1] = NEVER_MS;
    }
    return count;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2).fill(NEVER_MS);
    times.set(this.#times);
    this.#times = times;
  }
}
