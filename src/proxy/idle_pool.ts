/**
 * The idle connections of one server, most recently used first (HAProxy: http-reuse safe, pool-purge-delay, pool-max-conn).
 *
 *     newest <-> … <-> oldest          take: the newest that is alive; purge: from the oldest, by age
 *
 * Every idle connection keeps its receive wanted, so an end or an unasked byte removes it at once; `take` asks the poller
 * once more, so that one that died within this turn is not used either.
 *
 * May import: base, config, event, mux.
 *
 * @module
 */
import type { Engine } from "../event/engine.ts";
import { NEVER_MS } from "../event/task.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import type { H1Back, IdleOwner } from "../mux/h1_back.ts";
import type { ServerCounters } from "./counters.ts";

export interface IdlePoolOptions {
  readonly purgeMs: number;
  readonly maxConn: number;
  /** Called for each connection that leaves the pool by closing. */
  readonly onClosed: () => void;
}

/** See the module's text. */
export class IdlePool implements IdleOwner, TaskHandler {
  readonly #engine: Engine;
  readonly #options: IdlePoolOptions;
  readonly #counters: ServerCounters;
  readonly #task: number;
  #newest: H1Back | null = null;
  #oldest: H1Back | null = null;
  size = 0;

  constructor(engine: Engine, options: IdlePoolOptions, counters: ServerCounters) {
    this.#engine = engine;
    this.#options = options;
    this.#counters = counters;
    this.#task = engine.scheduler.create(this);
  }

  /** Puts a connection to rest; returns false when the pool is full and the caller must close it. */
  put(back: H1Back): boolean {
    if (this.size >= this.#options.maxConn) return false;
    back.idleSinceMs = this.#engine.nowMs;
    back.idlePrev = null;
    back.idleNext = this.#newest;
    if (this.#newest === null) this.#oldest = back;
    else this.#newest.idlePrev = back;
    this.#newest = back;
    this.size++;
    if (this.size === 1) this.#schedule();
    back.rest(this);
    return true;
  }

  /** Takes the most recently used connection that is alive; null when there is none. */
  take(): H1Back | null {
    for (let back = this.#newest; back !== null; back = this.#newest) {
      this.#unlink(back);
      if (this.#engine.poller.isIdleAlive(back.fd)) return back;
      this.#close(back);
    }
    return null;
  }

  onIdleEvent(back: H1Back): void {
    this.#unlink(back);
    this.#close(back);
  }

  onTask(): void {
    const nowMs = this.#engine.nowMs;
    // The same sum as in #schedule: rounded otherwise, a deadline could be due and the connection not.
    for (let back = this.#oldest; back !== null && this.#purgeAtMs(back) <= nowMs; back = this.#oldest) {
      this.#unlink(back);
      this.#close(back);
    }
    this.#schedule();
  }

  /** Closes every idle connection: the addresses changed, or hadro stops. */
  clear(): void {
    for (let back = this.#newest; back !== null; back = this.#newest) {
      this.#unlink(back);
      this.#close(back);
    }
  }

  /** Ends the pool. */
  shutdown(): void {
    this.clear();
    this.#engine.scheduler.release(this.#task);
  }

  #schedule(): void {
    const deadlineMs = this.#oldest === null ? NEVER_MS : this.#purgeAtMs(this.#oldest);
    this.#engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }

  #purgeAtMs(back: H1Back): number {
    return back.idleSinceMs + this.#options.purgeMs;
  }

  #unlink(back: H1Back): void {
    if (back.idlePrev === null) this.#newest = back.idleNext;
    else back.idlePrev.idleNext = back.idleNext;
    if (back.idleNext === null) this.#oldest = back.idlePrev;
    else back.idleNext.idlePrev = back.idlePrev;
    back.idleNext = back.idlePrev = null;
    this.size--;
  }

  #close(back: H1Back): void {
    this.#counters.idleClosed++;
    back.closeSocket(false);
    this.#options.onClosed();
  }
}
