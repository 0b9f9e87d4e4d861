/**
 * Tasks: what runs later or when woken, each with one timer (HAProxy's task and its `expire`).
 *
 *     idle --wake/timer--> queued --popped--> running --returns--> idle
 *                            ^                   |
 *                            +------ wake -------+
 *
 * A task runs at most once a turn: one that is woken again after it ran waits for the next turn, whatever its nice.
 *
 * May import: base.
 *
 * @module
 */
import type { Activity } from "./activity.ts";
import { RUN_QUEUE_DEPTH, RunQueue, type TaskHandler, WakeReason } from "./run_queue.ts";
import { TimerQueue } from "./timer_queue.ts";

/** A timer that never fires. */
export const NEVER_MS = Infinity;

/** Owns every task, the run queue and the timer queue of an engine. */
export class Scheduler {
  readonly #runQueue = new RunQueue();
  readonly #timers = new TimerQueue();
  readonly #activity: Activity;
  readonly #handlers: (TaskHandler | null)[] = [];
  #nice = new Int16Array(64);
  /** Why a task was woken: not 0 exactly while it is queued, or waits in `#again`. */
  #reasons = new Uint8Array(64);
  /** The round in which a task last ran. */
  #ranInRound = new Uint32Array(64);
  #round = 1;
  /** Tasks that were woken after they ran in this round. */
  readonly #again: number[] = [];
  readonly #expired = new Int32Array(RUN_QUEUE_DEPTH);
  /** Number of tasks that exist. */
  taskCount = 0;

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Makes an idle task; `nice` from -1024 to 1024. */
  create(handler: TaskHandler, nice = 0): number {
    const task = this.#timers.create();
    if (task >= this.#nice.length) this.#grow(task);
    this.#handlers[task] = handler;
    this.#nice[task] = nice;
    this.#reasons[task] = this.#ranInRound[task] = 0;
    this.taskCount++;
    return task;
  }

  /** Ends a task: it never runs again, wherever it waits. */
  release(task: number): void {
    if (this.#runQueue.has(task)) this.#runQueue.remove(task);
    this.#timers.release(task);
    this.#reasons[task] = 0;
    this.#handlers[task] = null;
    this.taskCount--;
  }

  /** Makes a task run soon; one that is queued keeps its place and gains the reason. */
  wake(task: number, reason: number): void {
    const isWoken = this.#reasons[task] !== 0;
    this.#reasons[task]! |= reason;
    if (isWoken) return;
    if (this.#ranInRound[task] === this.#round) this.#again.push(task);
    else this.#runQueue.push(task, this.#nice[task]!);
  }

  /** Sets the task's only timer. Moving it later is a store; moving it earlier moves it in the queue. */
  scheduleAt(task: number, deadlineMs: number): void {
    if (deadlineMs === NEVER_MS) this.#timers.cancel(task);
    else this.#timers.arm(task, deadlineMs);
  }

  /** Whether a turn has tasks to run. */
  get hasRunnable(): boolean {
    return this.#runQueue.size > 0;
  }

  get nextDeadlineMs(): number {
    return this.#timers.nextDeadlineMs();
  }

  /** Wakes the tasks whose time has come, a bounded number: the rest is due in the next turn. */
  expireTimers(nowMs: number): void {
    const count = this.#timers.expire(nowMs, RUN_QUEUE_DEPTH, this.#expired);
    this.#activity.timersExpired += count;
    for (let i = 0; i < count; i++) this.wake(this.#expired[i]!, WakeReason.TIMER);
  }

  /** Runs queued tasks, at most {@linkcode RUN_QUEUE_DEPTH}. */
  runTasks(): void {
    for (let budget = Math.min(RUN_QUEUE_DEPTH, this.#runQueue.size); budget > 0; budget--) {
      const task = this.#runQueue.pop();
      if (task < 0) break;
      const reasons = this.#reasons[task]!;
      this.#reasons[task] = 0;
      this.#ranInRound[task] = this.#round;
      this.#activity.taskCalls++;
      this.#handlers[task]!.onTask(reasons);
    }
    this.#round = (this.#round + 1) >>> 0 || 1;
    for (let i = 0; i < this.#again.length; i++) this.#wakeAgain(this.#again[i]!);
    this.#again.length = 0;
  }

  /** The number may have been released meanwhile, or have a new owner that is queued already. */
  #wakeAgain(task: number): void {
    if (this.#reasons[task] !== 0 && !this.#runQueue.has(task)) this.#runQueue.push(task, this.#nice[task]!);
  }

  #grow(task: number): void {
    const size = Math.max(task + 1, this.#nice.length * 2);
    const nice = new Int16Array(size);
    nice.set(this.#nice);
    this.#nice = nice;
    const reasons = new Uint8Array(size);
    reasons.set(this.#reasons);
    this.#reasons = reasons;
    const ranInRound = new Uint32Array(size);
    ranInRound.set(this.#ranInRound);
    this.#ranInRound = ranInRound;
  }
}
