/**
 * Connections open now, over all threads: of clients, of the process and of each listener; of servers, of each and of each backend.
 *
 *     row per thread   | all | listener 0 | … | server 0 | … | backend 0 | …      a thread writes its own row only, and reads all
 *     last row         |                      | server 0 | … | backend 0 | …      sums over the threads, for choosing a server
 *
 * With one thread there is one row, and the sums. With several the rows lie in shared memory; a limit may then be passed by one
 * connection a thread, since looking and counting are two steps. The row of a thread that died is cleared by who starts it again.
 *
 * May import: config.
 *
 * @module
 */
import type { Config } from "../config/model.ts";

/** What is counted, beside all. */
export interface CountColumns {
  readonly listenerCount: number;
  /** Over all backends. */
  readonly serverCount: number;
  readonly backendCount: number;
}

/** The columns of a configuration. Servers are numbered in its order, backend after backend. */
export function countColumns({ listeners, backends }: Config): CountColumns {
  return {
    listenerCount: listeners.length,
    serverCount: backends.reduce((sum, { servers }) => sum + servers.length, 0),
    backendCount: backends.length,
  };
}

/** See the module's text. */
export class ConnectionCounts {
  /** This thread's, from 0. */
  readonly row: number;
  readonly rowCount: number;
  readonly #cells: Int32Array;
  readonly #columnCount: number;
  readonly #rowAt: number;
  readonly #sumsAt: number;
  readonly #serversAt: number;
  readonly #backendsAt: number;

  /** @param cells {@linkcode ConnectionCounts.sharedBytes} long. */
  constructor(cells: Int32Array, columns: CountColumns, row: number) {
    this.#cells = cells;
    this.#columnCount = columnCount(columns);
    this.row = row;
    this.rowCount = cells.length / this.#columnCount - 1;
    this.#rowAt = row * this.#columnCount;
    this.#sumsAt = this.rowCount * this.#columnCount;
    this.#serversAt = 1 + columns.listenerCount;
    this.#backendsAt = this.#serversAt + columns.serverCount;
  }

  /** Counts of a process with one thread. */
  static ofOneThread(columns: CountColumns): ConnectionCounts {
    return new ConnectionCounts(new Int32Array(2 * columnCount(columns)), columns, 0);
  }

  /** Bytes that `rows` threads share. */
  static sharedBytes(columns: CountColumns, rows: number): number {
    return (rows + 1) * columnCount(columns) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** A connection of listener `index` was accepted. */
  add(index: number): void {
    this.#change(0, 1);
    this.#change(1 + index, 1);
  }

  /** A connection of listener `index` was closed. */
  remove(index: number): void {
    this.#change(0, -1);
    this.#change(1 + index, -1);
  }

  /** A stream goes to a server, or leaves it. @param delta 1 or -1. */
  changeServer(server: number, backend: number, delta: number): void {
    this.#changeSummed(this.#serversAt + server, delta);
    this.#changeSummed(this.#backendsAt + backend, delta);
  }

  /**
   * Takes a place on a server that has fewer than `limit` streams, of all threads; false when it has as many. The place belongs to
   * no thread until one {@linkcode ConnectionCounts.adopt}s it, or gives it back.
   */
  tryTake(server: number, limit: number): boolean {
    const at = this.#sumsAt + this.#serversAt + server;
    for (;;) {
      const count = Atomics.load(this.#cells, at);
      if (count >= limit) return false;
      if (Atomics.compareExchange(this.#cells, at, count, count + 1) === count) return true;
    }
  }

  /** A stream of this thread has a place that was taken. */
  adopt(server: number, backend: number): void {
    this.#change(this.#serversAt + server, 1);
    this.#changeSummed(this.#backendsAt + backend, 1);
  }

  /** A place that was taken is free again. */
  giveBack(server: number): void {
    Atomics.sub(this.#cells, this.#sumsAt + this.#serversAt + server, 1);
  }

  /** Streams on a server. */
  ofServer(server: number): number {
    return Atomics.load(this.#cells, this.#sumsAt + this.#serversAt + server);
  }

  /** Streams on all servers of a backend. */
  ofBackend(backend: number): number {
    return Atomics.load(this.#cells, this.#sumsAt + this.#backendsAt + backend);
  }

  /** Whether other threads count too. */
  get isShared(): boolean {
    return this.rowCount > 1;
  }

  /** Of this thread alone. */
  get own(): number {
    return this.#cells[this.#rowAt]!;
  }

  get total(): number {
    return this.#sum(0);
  }

  ofListener(index: number): number {
    return this.#sum(1 + index);
  }

  /** Forgets what this row counted: its thread died. */
  clear(): void {
    for (let column = 0; column < this.#columnCount; column++) {
      const was = Atomics.exchange(this.#cells, this.#rowAt + column, 0);
      if (column >= this.#serversAt) Atomics.sub(this.#cells, this.#sumsAt + column, was);
    }
  }

  #change(column: number, delta: number): void {
    const at = this.#rowAt + column;
    Atomics.store(this.#cells, at, this.#cells[at]! + delta);
  }

  #changeSummed(column: number, delta: number): void {
    this.#change(column, delta);
    Atomics.add(this.#cells, this.#sumsAt + column, delta);
  }

  #sum(column: number): number {
    let sum = 0;
    for (let at = column; at < this.#sumsAt; at += this.#columnCount) {
      sum += Atomics.load(this.#cells, at);
    }
    return sum;
  }
}

function columnCount({ listenerCount, serverCount, backendCount }: CountColumns): number {
  return 1 + listenerCount + serverCount + backendCount;
}
