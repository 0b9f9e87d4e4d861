/**
 * The idle connections of one server that any session may use (HAProxy: http-reuse, pool-purge-delay, pool-max-conn).
 *
 * A connection that has carried a second exchange is proven: its server does keep connections. Who may take which, and in which
 * order, is HAProxy's:
 *
 *     request of a session   never   safe                  aggressive            always
 *     the first              -       -                     proven                proven, unproven
 *     a later one            -       unproven, proven      unproven, proven      unproven, proven
 *
 * Of a kind the newest that is alive is taken; purging begins with the oldest. With `never` a session keeps its connection for
 * itself: own_connection.ts.
 *
 * Every idle connection keeps its receive wanted, so an end or an unasked byte removes it at once; `take` asks the poller
 * once more, so that one that died within this turn is not used either.
 *
 * May import: base, config, event, mux, proxy.
 *
 * @module
 */
import type { HttpReuse } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import { NEVER_MS } from "../event/task.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import type { H1Back, IdleOwner } from "../mux/h1_back.ts";
import type { ServerCounters } from "./counters.ts";
import { IdleList } from "./idle_list.ts";

/** Exchanges of a connection from which on it is proven. */
const PROVEN_EXCHANGES = 2;

export interface IdlePoolOptions {
  readonly reuse: HttpReuse;
  readonly purgeMs: number;
  readonly maxConn: number;
  /** Called for each connection that leaves the pool by closing. */
  readonly onClosed: () => void;
}

/** See the module's text. */
export class IdlePool implements IdleOwner, TaskHandler {
  readonly options: IdlePoolOptions;
  readonly #engine: Engine;
  readonly #counters: ServerCounters;
  readonly #task: number;
  readonly #proven = new IdleList();
  readonly #unproven = new IdleList();
  size = 0;

  constructor(engine: Engine, options: IdlePoolOptions, counters: ServerCounters) {
    this.#engine = engine;
    this.options = options;
    this.#counters = counters;
    this.#task = engine.scheduler.create(this);
  }

  /** Puts a connection to rest; returns false when the pool is full and the caller must close it. */
  put(back: H1Back): boolean {
    if (this.size >= this.options.maxConn) return false;
    back.idleSinceMs = this.#engine.nowMs;
    this.#listOf(back).add(back);
    this.size++;
    if (this.size === 1) this.#schedule();
    back.rest(this);
    return true;
  }

  /** Takes a connection for a request of a session; null when there is none that it may use. */
  take(isFirstRequest: boolean): H1Back | null {
    const { reuse } = this.options;
    if (this.size === 0 || reuse === "never") return null;
    if (!isFirstRequest) return this.#takeFrom(this.#unproven) ?? this.#takeFrom(this.#proven);
    if (reuse === "safe") return null;
    return this.#takeFrom(this.#proven) ?? (reuse === "always" ? this.#takeFrom(this.#unproven) : null);
  }

  onIdleEvent(back: H1Back): void {
    this.#unlink(back);
    this.#close(back);
  }

  onTask(): void {
    this.#purge(this.#proven);
    this.#purge(this.#unproven);
    this.#schedule();
  }

  /** Closes every idle connection: the addresses changed, or hadro stops. */
  clear(): void {
    this.#clearList(this.#proven);
    this.#clearList(this.#unproven);
  }

  /** Ends the pool. */
  shutdown(): void {
    this.clear();
    this.#engine.scheduler.release(this.#task);
  }

  #listOf(back: H1Back): IdleList {
    return back.exchangeCount >= PROVEN_EXCHANGES ? this.#proven : this.#unproven;
  }

  #takeFrom(list: IdleList): H1Back | null {
    for (let back = list.newest; back !== null; back = list.newest) {
      this.#unlink(back);
      if (this.#engine.poller.isIdleAlive(back.fd)) return back;
      this.#close(back);
    }
    return null;
  }

  #purge(list: IdleList): void {
    const nowMs = this.#engine.nowMs;
    // The same sum as in #schedule: rounded otherwise, a deadline could be due and the connection not.
    for (let back = list.oldest; back !== null && this.#purgeAtMs(back) <= nowMs; back = list.oldest) {
      this.#unlink(back);
      this.#close(back);
    }
  }

  #clearList(list: IdleList): void {
    for (let back = list.newest; back !== null; back = list.newest) {
      this.#unlink(back);
      this.#close(back);
    }
  }

  #schedule(): void {
    const deadlineMs = Math.min(this.#purgeAtMs(this.#proven.oldest), this.#purgeAtMs(this.#unproven.oldest));
    this.#engine.scheduler.scheduleAt(this.#task, deadlineMs);
  }

  #purgeAtMs(back: H1Back | null): number {
    return back === null ? NEVER_MS : back.idleSinceMs + this.options.purgeMs;
  }

  #unlink(back: H1Back): void {
    this.#listOf(back).remove(back);
    this.size--;
  }

  #close(back: H1Back): void {
    this.#counters.idleClosed++;
    back.closeSocket(false);
    this.options.onClosed();
  }
}
