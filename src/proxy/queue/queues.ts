/**
 * All queues of an engine: the task that gives free slots away, how it is woken by other threads, how much may wait.
 *
 *     woken by                                                     cost
 *     a stream that leaves a server somebody waits for, that       a load for each queue of the backend; the task runs in the same turn
 *       begins to wait, a server that changes
 *     another thread that gave a slot to a waiter of this one      one write to this thread's bell (an eventfd, poller.ts), which
 *                                                                    ends its wait: about as prompt as a connection that comes
 *     a look every LOOK_MS while somebody waits                    what no event tells: a thread that died, and whose streams with it
 *     a look every DEAF_LOOK_MS while somebody waits, and every    where there are no bells: the deno poller
 *       LOOK_MS else, with several threads
 *
 * Without a server that has a maxconn there is no such object.
 *
 * May import: event, proxy/queue.
 *
 * @module
 */
import type { Engine } from "../../event/engine.ts";
import type { FdHandler } from "../../event/fd_table.ts";
import { IoClass } from "../../event/io_queue.ts";
import { type TaskHandler, WakeReason } from "../../event/run_queue.ts";
import { NEVER_MS } from "../../event/task.ts";
import type { QueueCells } from "./queue_cells.ts";

const LOOK_MS = 100;
const DEAF_LOOK_MS = 5;
/** Waiters that leave their queues in one turn at most. */
const RUN_MAX = 200;
const NO_BELL = -1;

/** The queues of a backend. */
interface QueueGroup {
  /** Something may have come free. */
  readonly isPending: boolean;
  /** Gives away what is free; returns how many waiters left their queue, at most `budget`. */
  run(budget: number): number;
  /** Gives back what other threads granted. */
  close(): void;
}

/** See the module's text. */
export class Queues implements TaskHandler, FdHandler {
  readonly cells: QueueCells;
  /** Slots given to waiters of other threads. */
  handoverCount = 0;
  /** Waiters of this thread. */
  waitingCount = 0;
  waitingMax = 0;
  readonly #engine: Engine;
  readonly #backends: QueueGroup[] = [];
  /** Waiters of this thread at most. */
  readonly waitingLimit: number;
  readonly #task: number;
  #bell = NO_BELL;

  constructor(engine: Engine, cells: QueueCells, waitingLimit: number) {
    this.#engine = engine;
    this.cells = cells;
    this.waitingLimit = waitingLimit;
    this.#task = engine.scheduler.create(this);
  }

  add(backend: QueueGroup): void {
    this.#backends.push(backend);
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  /** Whether one more may wait. */
  get hasRoom(): boolean {
    return this.waitingCount < this.waitingLimit;
  }

  /** Begins to listen to other threads, and gives back what a thread that died in this one's place was granted. */
  start(): void {
    if (!this.cells.isShared) return;
    this.#bell = this.#engine.poller.bells?.open() ?? NO_BELL;
    if (this.#bell >= 0) {
      this.#engine.fdTable.insert(this.#bell, this, IoClass.INTERACTIVE, false);
      this.#engine.fdTable.wantRecv(this.#bell);
    }
    this.cells.setBell(this.#bell);
    this.#runAll();
  }

  /** Some queue has to be looked at, in this turn. */
  wake(): void {
    this.#engine.scheduler.wake(this.#task, WakeReason.OTHER);
  }

  /** A slot was given to a waiter of another thread. */
  ring(thread: number): void {
    this.handoverCount++;
    const bell = this.cells.bell(thread);
    if (bell >= 0) this.#engine.poller.bells?.ring(bell);
  }

  noteJoined(): void {
    this.waitingCount++;
    if (this.waitingCount > this.waitingMax) this.waitingMax = this.waitingCount;
    if (this.waitingCount === 1) this.#schedule();
  }

  noteLeft(): void {
    this.waitingCount--;
  }

  /** Another thread rang. */
  onIo(bell: number): void {
    this.#engine.poller.bells!.answer(bell);
    this.#engine.fdTable.cantRecv(bell);
    this.#runAll();
  }

  onTask(reasons: number): void {
    if ((reasons & WakeReason.TIMER) !== 0) {
      this.#runAll();
      return;
    }
    let budget = RUN_MAX;
    for (const backend of this.#backends) if (backend.isPending) budget -= backend.run(Math.max(1, budget));
  }

  /** hadro ended: nothing waits any more. */
  shutdown(): void {
    this.cells.setBell(NO_BELL);
    for (const backend of this.#backends) backend.close();
    if (this.#bell >= 0) this.#engine.fdTable.remove(this.#bell);
    this.#engine.scheduler.release(this.#task);
  }

  #runAll(): void {
    for (const backend of this.#backends) backend.run(RUN_MAX);
    this.#schedule();
  }

  #schedule(): void {
    const isDeaf = this.cells.isShared && this.#bell < 0;
    const inMs = this.waitingCount === 0 ? (isDeaf ? LOOK_MS : NEVER_MS) : isDeaf ? DEAF_LOOK_MS : LOOK_MS;
    this.#engine.scheduler.scheduleAt(this.#task, this.#engine.nowMs + inMs);
  }
}
