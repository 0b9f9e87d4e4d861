/**
 * The queues of one backend, as one thread has them: a queue for each server, and one for whoever takes any server.
 *
 *     a stream comes                                         it
 *     for a server with a free slot, and nobody waits        has it at once
 *     for this very server (a hashed key; leastconn with     waits in the server's queue; when maxqueue wait there, it goes on to
 *       maxqueue)                                              another server (ConsistentHash), or to the backend's queue
 *     for any, all that can be used are full                 waits in the backend's queue
 *
 *     a slot of a server comes free                          goes to the best waiter of all threads in the queues of the server and of
 *                                                              the backend: first by class (prio), then by time (HAProxy:
 *                                                              pendconn_process_next_strm). Of another thread: as a grant, and its bell rings
 *     a server goes away (down, weight 0, no address)        its waiters choose again (pendconn_redistribute)
 *     the last one does                                      those of the backend do as well, and find nobody
 *     a server comes back, grows                             its slots go to who waits (pendconn_grab_from_px)
 *
 * Slots are given away in a task of the turn (queues.ts), never from within a stream's doings. Within a thread the order is exact;
 * between threads, slots that come free at the same moment may go to waiters out of their order.
 *
 * May import: base, config, proxy.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { isHashing } from "../../config/balance_values.ts";
import type { BackendConfig } from "../../config/model.ts";
import type { BackendCounts } from "../backend_counts.ts";
import { WEIGHT_SCALE } from "../health/health_state.ts";
import { BackendWaiters } from "./backend_waiters.ts";
import type { QueueCells } from "./queue_cells.ts";
import { canServe, type QueuedBackend, type QueuedServer, servesAny } from "./queued_server.ts";
import { type LimitedServer, ServerLimit } from "./server_limit.ts";
import type { Queues } from "./queues.ts";
import type { Waiter } from "./waiter.ts";

/** What {@linkcode BackendQueue.wait} says. */
export const QueuePlace = {
  AT_SERVER: 0,
  AT_BACKEND: 1,
  /** As many wait as may. */
  FULL: 2,
  /** More would take the memory that others need. */
  NO_MEMORY: 3,
} as const;

/** Where the backend is among all. */
export interface BackendPlace {
  readonly index: number;
  /** Of its first server. */
  readonly firstServer: number;
  /** Streams at which its servers take their whole maxconn. */
  readonly fullconn: number;
}

/** See the module's text. */
export class BackendQueue {
  /** Something may have come free since the last {@linkcode BackendQueue.run}. */
  isPending = false;
  /** The most that waited in the backend's own queue, as this thread saw it. */
  lengthMax = 0;
  readonly #config: BackendConfig;
  readonly #backend: QueuedBackend;
  readonly #place: BackendPlace;
  readonly #queues: Queues;
  readonly #cells: QueueCells;
  readonly #counts: BackendCounts;
  /** Streams come with a key, and that means a server. */
  readonly #isKeyed: boolean;
  readonly #waiters: BackendWaiters;
  readonly #waitingCount = () => this.waitingCount;

  constructor(
    config: BackendConfig,
    backend: QueuedBackend,
    counts: BackendCounts,
    queues: Queues,
    place: BackendPlace,
  ) {
    this.#config = config;
    this.#backend = backend;
    this.#counts = counts;
    this.#queues = queues;
    this.#cells = queues.cells;
    this.#place = place;
    this.#isKeyed = isHashing(config.balance.algorithm);
    this.#waiters = new BackendWaiters(queues.cells, config.servers.length, place);
    queues.add(this);
  }

  /** The limit of a server; null when it has none. */
  newLimit(server: LimitedServer): ServerLimit | null {
    const { queue, weight } = this.#config.servers[server.index]!;
    if (queue === null) return null;
    return new ServerLimit(server, {
      config: queue,
      cells: this.#cells,
      counts: this.#counts,
      queue: this.#waiters.queueOf(server.index),
      waitingCount: this.#waitingCount,
      fullconn: this.#place.fullconn,
      fullWeight: this.#config.health.slowStartMs > 0 ? weight * WEIGHT_SCALE : 0,
      isAskedFor: this.#isKeyed,
    });
  }

  /** Waiters in the backend's own queue, of all threads. */
  get length(): number {
    return this.#waiters.length(this.#waiters.ownIndex);
  }

  /** In all queues of the backend, of all threads. */
  get waitingCount(): number {
    return this.#waiters.count;
  }

  /** Whether some server can be used: when none could be chosen, all that can are merely full. */
  get isWorthWaiting(): boolean {
    const { servers } = this.#backend;
    for (let i = 0; i < servers.length; i++) if (canServe(servers[i]!)) return true;
    return false;
  }

  /** The server with the shortest queue that is not full, of those that can serve and are not in `tried`; -1 when there is none. */
  shortest(tried: Bitmap): number {
    const { servers } = this.#backend;
    let found = -1;
    let least = Infinity;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (server.limit === null || tried.has(i) || !canServe(server) || !servesAny(servers, i)) continue;
      const { queueLength, config: { maxqueue } } = server.limit;
      if (queueLength >= least || (maxqueue > 0 && queueLength >= maxqueue)) continue;
      least = queueLength;
      found = i;
    }
    return found;
  }

  /** Takes a slot of a server with a limit for a stream that just came; false when it has to wait. @param wantsServer A key, a cookie or a table means this one. */
  tryTake(server: QueuedServer, wantsServer: boolean): boolean {
    if (server.limit!.queueLength > 0) return false;
    if (!wantsServer && this.length > 0) return false;
    if (!server.limit!.tryTake()) return false;
    this.#counts.adopt(server.index);
    return true;
  }

  /**
   * Lets a stream wait: where a key, a cookie or a table means this server (`wantsServer`) for it, else for the chosen one where it has a maxqueue, or for any.
   * @param server The chosen one; null when none takes more. @param ioClass The class in which it waits. Returns a QueuePlace.
   */
  wait(waiter: Waiter, server: QueuedServer | null, wantsServer: boolean, ioClass: number): number {
    if (!this.#queues.hasRoom) return QueuePlace.NO_MEMORY;
    if (server !== null) {
      const { maxqueue } = server.limit!.config;
      const mayJoin = wantsServer || (!this.#isKeyed && maxqueue > 0);
      if (mayJoin && this.#join(waiter, server.index, maxqueue || Infinity, ioClass)) {
        return QueuePlace.AT_SERVER;
      }
    }
    if (wantsServer) return QueuePlace.FULL;
    this.#join(waiter, this.#waiters.ownIndex, Infinity, ioClass);
    return QueuePlace.AT_BACKEND;
  }

  /** Why a stream may not wait, in words. */
  describeFull(place: number): string {
    const { name, servers } = this.#config;
    if (place === QueuePlace.NO_MEMORY) {
      return `as many requests wait for servers as there are buffers for (${this.#queues.waitingLimit}); see --max-mem`;
    }
    const limits = servers.map(({ name: server, queue }) => `${server}: ${queue?.maxqueue ?? 0}`);
    return `the queues of backend ${name} are full (maxqueue ${limits.join(", ")})`;
  }

  /** A stream waits no more: it has got what it waited for, or gave up. */
  leave(waiter: Waiter): void {
    this.#waiters.leave(waiter, this.#queues.nowMs);
    this.#queues.noteLeft();
  }

  /** A slot came free, or may have: who waits is looked for soon, in this turn. */
  onRoom(): void {
    if (this.isPending || this.waitingCount === 0) return;
    this.isPending = true;
    this.#queues.wake();
  }

  /** Gives away what is free; at most `budget` waiters leave their queue. Returns how many did. */
  run(budget: number): number {
    this.isPending = false;
    let left = this.#takeGrants();
    left += this.#closeQueues(budget - left);
    const { servers } = this.#backend;
    for (let i = 0; i < servers.length && left < budget; i++) {
      if (canServe(servers[i]!)) left += this.#serve(i, budget - left);
    }
    // The rest has its turn later.
    if (left >= budget) this.onRoom();
    return left;
  }

  /** Nothing is given to this thread any more: what it was granted is given back. */
  close(): void {
    this.#takeGrants();
  }

  /** What other threads took for waiters of this one: theirs, or given back. */
  #takeGrants(): number {
    let left = 0;
    if (!this.#cells.isShared) return left;
    const { servers } = this.#backend;
    for (let i = 0; i < servers.length; i++) {
      const server = this.#place.firstServer + i;
      while (this.#cells.grants(server, this.#cells.thread) > 0) {
        this.#counts.adopt(i);
        this.#cells.takeGrant(server);
        const waiter = canServe(servers[i]!) ? this.#waiters.firstFor(i, servesAny(servers, i)) : null;
        if (waiter === null) this.#counts.end(i);
        else {
          left++;
          this.#begin(i, waiter);
        }
      }
    }
    return left;
  }

  /** Who waits for a server that is gone chooses again; who waits for any does when there is none at all. */
  #closeQueues(budget: number): number {
    const { servers } = this.#backend;
    let left = 0;
    let canAnyServe = false;
    for (let i = 0; i < servers.length; i++) {
      if (canServe(servers[i]!)) canAnyServe = true;
      else left += this.#closeQueue(i, budget - left);
    }
    return canAnyServe ? left : left + this.#closeQueue(this.#waiters.ownIndex, budget - left);
  }

  #closeQueue(index: number, budget: number): number {
    let left = 0;
    while (left < budget) {
      const waiter = this.#waiters.first(index);
      if (waiter === null) break;
      left++;
      this.leave(waiter);
      waiter.owner.onQueueClosed();
    }
    return left;
  }

  /** Gives the free slots of a server to the best waiters of all threads. */
  #serve(index: number, budget: number): number {
    const { limit } = this.#backend.servers[index]!;
    const takesAny = servesAny(this.#backend.servers, index);
    let left = 0;
    while (left < budget) {
      const thread = this.#waiters.bestThread(index, takesAny);
      if (thread < 0) break;
      if (limit === null) this.#counts.tryTake(index, Infinity);
      else if (!limit.tryTake()) break;
      if (thread !== this.#cells.thread) {
        this.#cells.grant(this.#place.firstServer + index, thread);
        this.#queues.ring(thread);
        continue;
      }
      this.#counts.adopt(index);
      left++;
      this.#begin(index, this.#waiters.firstFor(index, takesAny)!);
    }
    return left;
  }

  #join(waiter: Waiter, index: number, max: number, ioClass: number): boolean {
    if (!this.#waiters.join(waiter, index, max, ioClass, this.#queues.nowMs)) return false;
    const length = this.#waiters.length(index);
    const queue = index === this.#waiters.ownIndex ? this : this.#backend.servers[index]!.limit!;
    if (length > queue.lengthMax) queue.lengthMax = length;
    this.#queues.noteJoined();
    this.onRoom();
    return true;
  }

  /** A waiter has a slot of a server. */
  #begin(index: number, waiter: Waiter): void {
    const { queueIndex } = waiter;
    this.leave(waiter);
    this.#waiters.countServed(queueIndex);
    this.#backend.noteBegin(index);
    waiter.owner.onSlot(index);
  }
}
