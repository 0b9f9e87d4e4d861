/**
 * The run queue: tasks that were woken, run in the order of their wake-ups shifted by nice.
 *
 * A task's place is virtual time: the number of wake-ups so far plus `nice / NICE_STEP` batches. So an older wake-up wins
 * among equals, a negative nice overtakes a bounded number of others, and nobody waits for ever (HAProxy's run queue).
 *
 * A task woken while it runs is queued again (QUEUED and RUNNING are separate); one that is released while queued leaves.
 *
 * May import: base.
 *
 * @module
 */
import { IndexedHeap } from "../base/heap.ts";

/** Why a task runs; several reasons add up. */
export const WakeReason = { TIMER: 1, IO: 2, MESSAGE: 4, OTHER: 8 } as const;

/** Who does a task's work. */
export interface TaskHandler {
  /** Runs with the reasons since the last run, bits of {@linkcode WakeReason}. */
  onTask(reasons: number): void;
}

/** Tasks run in one turn at most: HAProxy's tune.runqueue-depth. */
export const RUN_QUEUE_DEPTH = 200;
export const NICE_MIN = -1024;
const NICE_MAX = 1024;

/** Tasks are numbers from 0, given out and taken back by {@linkcode Scheduler}. */
export class RunQueue {
  #heap = new IndexedHeap();
  #wakeCount = 0;

  get size(): number {
    return this.#heap.size;
  }

  has(task: number): boolean {
    return this.#heap.has(task);
  }

  /** Queues a task that is not queued; `nice` from -1024 (first) to 1024 (last). */
  push(task: number, nice: number): void {
    this.#wakeCount++;
    this.#heap.insert(task, this.#wakeCount + nice * (RUN_QUEUE_DEPTH / NICE_MAX));
  }

  remove(task: number): void {
    this.#heap.remove(task);
  }

  /** Takes the next task out; -1 when there is none. */
  pop(): number {
    return this.#heap.size === 0 ? -1 : this.#heap.pop();
  }
}
