/**
 * Who waits for the servers of one backend: the waiters of this thread, and what is known of those of the others.
 *
 *     queue 0 … n-1   for this very server
 *     queue n         for any server: the backend's own
 *
 * May import: event, proxy/queue.
 *
 * @module
 */
import { IoClass } from "../../event/io_queue.ts";
import { isServedBefore, type QueueCells } from "./queue_cells.ts";
import { WaitList } from "./wait_list.ts";
import type { Waiter } from "./waiter.ts";

/** Where the backend is among all. */
interface WaitersPlace {
  readonly index: number;
  /** Of its first server. */
  readonly firstServer: number;
}

/** See the module's text. */
export class BackendWaiters {
  /** The place of the backend's own queue. */
  readonly ownIndex: number;
  readonly #cells: QueueCells;
  readonly #backend: number;
  readonly #firstServer: number;
  readonly #lists: readonly WaitList[];

  constructor(cells: QueueCells, serverCount: number, place: WaitersPlace) {
    this.#cells = cells;
    this.#backend = place.index;
    this.#firstServer = place.firstServer;
    this.ownIndex = serverCount;
    this.#lists = Array.from({ length: serverCount + 1 }, () => new WaitList());
  }

  /** The number of a queue among those of all backends. */
  queueOf(index: number): number {
    return index === this.ownIndex
      ? this.#cells.queueOfBackend(this.#backend)
      : this.#cells.queueOfServer(this.#firstServer + index);
  }

  /** Waiters in a queue, of all threads. */
  length(index: number): number {
    return this.#cells.length(this.queueOf(index));
  }

  /** In all queues, of all threads. */
  get count(): number {
    let count = 0;
    for (let i = 0; i <= this.ownIndex; i++) count += this.length(i);
    return count;
  }

  /** Puts a waiter behind those of its class; false when `max` wait there. @param ioClass Of its connections, or what its request says: decides its class. */
  join(waiter: Waiter, index: number, max: number, ioClass: number, nowMs: number): boolean {
    const queue = this.queueOf(index);
    if (!this.#cells.tryJoin(queue, max)) return false;
    waiter.queueIndex = index;
    waiter.priority = priorityOf(ioClass);
    waiter.ticket = this.#cells.nextTicket(this.#backend);
    waiter.servedBefore = this.#cells.served(queue);
    waiter.begin(nowMs);
    this.#lists[index]!.add(waiter);
    this.#publish(index);
    return true;
  }

  /** Takes a waiter out of its queue, and notes for the log where it was in it. */
  leave(waiter: Waiter, nowMs: number): void {
    const index = waiter.queueIndex;
    const queue = this.queueOf(index);
    waiter.queueIndex = -1;
    waiter.end(nowMs);
    const position = this.#cells.served(queue) - waiter.servedBefore + 1;
    if (index === this.ownIndex) waiter.backendPosition += position;
    else waiter.serverPosition += position;
    this.#lists[index]!.remove(waiter);
    this.#publish(index);
    this.#cells.leave(queue);
  }

  /** One that left a queue was served. */
  countServed(index: number): void {
    this.#cells.countServed(this.queueOf(index));
  }

  /** The first of this thread in a queue; null when there is none. */
  first(index: number): Waiter | null {
    return this.#lists[index]!.first;
  }

  /** The best of this thread for a server. @param takesAny It may be one who takes any server. */
  firstFor(index: number, takesAny: boolean): Waiter | null {
    const ofServer = this.#lists[index]!;
    if (!takesAny) return ofServer.first;
    const ofAny = this.#lists[this.ownIndex]!;
    return isServedBefore(ofAny.firstKey, ofServer.firstKey) ? ofAny.first : ofServer.first;
  }

  /** The thread whose first waiter for a server is the best of all; -1 when nobody waits. */
  bestThread(index: number, takesAny: boolean): number {
    const cells = this.#cells;
    const queue = this.queueOf(index);
    const own = this.queueOf(this.ownIndex);
    if (cells.length(queue) === 0 && !(takesAny && cells.length(own) > 0)) return -1;
    let best = 0;
    let bestThread = -1;
    for (let thread = 0; thread < cells.threadCount; thread++) {
      const ofServer = cells.head(queue, thread);
      const ofAny = takesAny ? cells.head(own, thread) : 0;
      const key = isServedBefore(ofAny, ofServer) ? ofAny : ofServer;
      if (!isServedBefore(key, best) || !this.#wantsMore(thread, queue, takesAny)) continue;
      best = key;
      bestThread = thread;
    }
    return bestThread;
  }

  /** Whether a thread has more waiters than slots that it was given and has not taken yet. */
  #wantsMore(thread: number, queue: number, takesAny: boolean): boolean {
    if (thread === this.#cells.thread) return true;
    let granted = 0;
    for (let i = 0; i < this.ownIndex; i++) granted += this.#cells.grants(this.#firstServer + i, thread);
    const ofAny = takesAny ? this.#cells.lengthOfThread(this.queueOf(this.ownIndex), thread) : 0;
    return granted < this.#cells.lengthOfThread(queue, thread) + ofAny;
  }

  #publish(index: number): void {
    this.#cells.publishHead(this.queueOf(index), this.#lists[index]!.firstKey);
  }
}

function priorityOf(ioClass: number): number {
  if (ioClass <= IoClass.INTERACTIVE) return 0;
  return ioClass === IoClass.NORMAL ? 1 : 2;
}
