/**
 * What threads share about queues: integers in shared memory. A queue is a server's or a backend's; its waiters stay in the memory
 * of their thread.
 *
 *     per thread             BELL     what the others ring to wake it, plus 1; 0: none (poller.ts)
 *     per backend            TICKET   the number of its next waiter, in whatever queue of it
 *     per queue              LENGTH   waiters, of all threads
 *                            SERVED   how many left it for a server: for positions in the log
 *     per queue and thread   LENGTH   the thread's own part
 *                            HEAD     the key of its first waiter: class and ticket; 0: nobody waits
 *     per server and thread  GRANTS   slots of the server that other threads took for this one's waiters
 *
 * Why no wake-up is lost: a waiter is counted and published (LENGTH, HEAD) before its thread looks for a free slot; who frees a slot
 * does so before it looks for waiters. All of it is Atomics, which have one order: one of the two sees the other.
 *
 * Why a slot has one owner: whoever gives one away has taken it (ConnectionCounts.tryTake) before it adds a grant; the grant is the
 * slot until its thread takes it over or gives it back. For a thread that died who clears its cells does; a grant that comes after that
 * is found by the thread that replaces it.
 *
 * All 0 is the start. With one thread these are plain integers.
 *
 * May import: config.
 *
 * @module
 */
import type { Config } from "../../config/model.ts";

/** How many servers and backends there are, over the configuration. */
export interface QueueColumns {
  readonly serverCount: number;
  readonly backendCount: number;
}

/** Of a configuration; null when no server of it has a maxconn, and nothing ever waits. */
export function queueColumns({ backends }: Config): QueueColumns | null {
  if (!backends.some(({ servers }) => servers.some(({ queue }) => queue !== null))) return null;
  const serverCount = backends.reduce((count, { servers }) => count + servers.length, 0);
  return { serverCount, backendCount: backends.length };
}

const TICKET_BITS = 28;
const TICKET_MASK = (1 << TICKET_BITS) - 1;
/** Tickets wrap: of two the earlier is the one that the other is less than half a round ahead of. */
const WRAP_SHIFT = 32 - TICKET_BITS;

/** The key of a waiter: never 0. @param priority 0 to 2, the first to be served first. */
export function queueKey(priority: number, ticket: number): number {
  return ((priority << TICKET_BITS) | (ticket & TICKET_MASK)) + 1;
}

/** Whether `one` is served before `other`; 0 is nobody. */
export function isServedBefore(one: number, other: number): boolean {
  if (one === 0 || other === 0) return one !== 0;
  const byClass = ((one - 1) >> TICKET_BITS) - ((other - 1) >> TICKET_BITS);
  return byClass !== 0 ? byClass < 0 : ((one - other) << WRAP_SHIFT) < 0;
}

/** See the module's text. Queues are numbers: those of servers, in the order of the configuration, then those of backends. */
export class QueueCells {
  readonly threadCount: number;
  readonly thread: number;
  readonly #cells: Int32Array;
  readonly #serverCount: number;
  readonly #queueCount: number;
  readonly #ticketsAt: number;
  readonly #lengthsAt: number;
  readonly #servedAt: number;
  readonly #rowsAt: number;
  readonly #headsAt: number;
  readonly #grantsAt: number;

  /** @param cells {@linkcode QueueCells.sharedBytes} long. @param thread This one's number, from 0. */
  constructor(cells: Int32Array, columns: QueueColumns, threadCount: number, thread: number) {
    this.#cells = cells;
    this.threadCount = threadCount;
    this.thread = thread;
    this.#serverCount = columns.serverCount;
    this.#queueCount = columns.serverCount + columns.backendCount;
    this.#ticketsAt = threadCount;
    this.#lengthsAt = this.#ticketsAt + columns.backendCount;
    this.#servedAt = this.#lengthsAt + this.#queueCount;
    this.#rowsAt = this.#servedAt + this.#queueCount;
    this.#headsAt = this.#rowsAt + threadCount * this.#queueCount;
    this.#grantsAt = this.#headsAt + threadCount * this.#queueCount;
  }

  /** Cells of a process with one thread. */
  static ofOneThread(columns: QueueColumns): QueueCells {
    return new QueueCells(new Int32Array(cellCount(columns, 1)), columns, 1, 0);
  }

  /** Bytes that `threadCount` threads share. */
  static sharedBytes(columns: QueueColumns, threadCount: number): number {
    return cellCount(columns, threadCount) * Int32Array.BYTES_PER_ELEMENT;
  }

  get isShared(): boolean {
    return this.threadCount > 1;
  }

  queueOfServer(server: number): number {
    return server;
  }

  queueOfBackend(backend: number): number {
    return this.#serverCount + backend;
  }

  /** What rings for `thread`; -1 when nothing does. */
  bell(thread: number): number {
    return Atomics.load(this.#cells, thread) - 1;
  }

  /** What rings for this thread from now on. */
  setBell(bell: number): void {
    Atomics.store(this.#cells, this.thread, bell + 1);
  }

  nextTicket(backend: number): number {
    return Atomics.add(this.#cells, this.#ticketsAt + backend, 1);
  }

  /** Waiters of all threads. */
  length(queue: number): number {
    return Atomics.load(this.#cells, this.#lengthsAt + queue);
  }

  lengthOfThread(queue: number, thread: number): number {
    return Atomics.load(this.#cells, this.#rowAt(queue, thread));
  }

  /** Counts a waiter of this thread; false when there are `max` already. */
  tryJoin(queue: number, max: number): boolean {
    const at = this.#lengthsAt + queue;
    for (;;) {
      const length = Atomics.load(this.#cells, at);
      if (length >= max) return false;
      if (Atomics.compareExchange(this.#cells, at, length, length + 1) === length) break;
    }
    Atomics.add(this.#cells, this.#rowAt(queue, this.thread), 1);
    return true;
  }

  /** A waiter of this thread left. */
  leave(queue: number): void {
    Atomics.sub(this.#cells, this.#rowAt(queue, this.thread), 1);
    Atomics.sub(this.#cells, this.#lengthsAt + queue, 1);
  }

  served(queue: number): number {
    return Atomics.load(this.#cells, this.#servedAt + queue);
  }

  countServed(queue: number): void {
    Atomics.add(this.#cells, this.#servedAt + queue, 1);
  }

  /** The key of a thread's first waiter; 0: nobody. */
  head(queue: number, thread: number): number {
    return Atomics.load(this.#cells, this.#headsAt + thread * this.#queueCount + queue);
  }

  publishHead(queue: number, key: number): void {
    Atomics.store(this.#cells, this.#headsAt + this.thread * this.#queueCount + queue, key);
  }

  /** Gives a slot that was taken to a thread. */
  grant(server: number, thread: number): void {
    Atomics.add(this.#cells, this.#grantAt(server, thread), 1);
  }

  grants(server: number, thread: number): number {
    return Atomics.load(this.#cells, this.#grantAt(server, thread));
  }

  /** Takes over one slot that was granted to this thread; false when there is none. */
  takeGrant(server: number): boolean {
    const at = this.#grantAt(server, this.thread);
    if (Atomics.load(this.#cells, at) === 0) return false;
    // Others only add.
    Atomics.sub(this.#cells, at, 1);
    return true;
  }

  /** Forgets the waiters of this thread: it died. @param giveBack Told of every slot of a server that it had been granted. */
  clear(giveBack: (server: number) => void): void {
    for (let queue = 0; queue < this.#queueCount; queue++) {
      this.publishHead(queue, 0);
      const was = Atomics.exchange(this.#cells, this.#rowAt(queue, this.thread), 0);
      Atomics.sub(this.#cells, this.#lengthsAt + queue, was);
    }
    for (let server = 0; server < this.#serverCount; server++) {
      const granted = Atomics.exchange(this.#cells, this.#grantAt(server, this.thread), 0);
      for (let i = 0; i < granted; i++) giveBack(server);
    }
  }

  #rowAt(queue: number, thread: number): number {
    return this.#rowsAt + thread * this.#queueCount + queue;
  }

  #grantAt(server: number, thread: number): number {
    return this.#grantsAt + thread * this.#serverCount + server;
  }
}

function cellCount({ serverCount, backendCount }: QueueColumns, threadCount: number): number {
  const queueCount = serverCount + backendCount;
  return threadCount + backendCount + 2 * queueCount + threadCount * (2 * queueCount + serverCount);
}
