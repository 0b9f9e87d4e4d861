/**
 * Client connections open now, of the process and of each listener, over all threads.
 *
 *     row per thread   | all | listener 0 | listener 1 | …      a thread writes its own row only, and reads all
 *
 * With one thread there is one row. With several the rows lie in shared memory; a limit may then be passed by one connection
 * a thread, since looking and counting are two steps. The row of a thread that died is cleared by who starts it again.
 *
 * May import: nothing.
 *
 * @module
 */

/** See the module's text. */
export class ConnectionCounts {
  readonly #cells: Int32Array;
  readonly #columnCount: number;
  readonly #rowAt: number;

  /** @param cells `rows * (1 + listenerCount)` integers. @param row This thread's. */
  constructor(cells: Int32Array, listenerCount: number, row: number) {
    this.#cells = cells;
    this.#columnCount = 1 + listenerCount;
    this.#rowAt = row * this.#columnCount;
  }

  /** Counts of a process with one thread. */
  static ofOneThread(listenerCount: number): ConnectionCounts {
    return new ConnectionCounts(new Int32Array(1 + listenerCount), listenerCount, 0);
  }

  /** Bytes that `rows` threads share. */
  static sharedBytes(listenerCount: number, rows: number): number {
    return rows * (1 + listenerCount) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** A connection of listener `index` was accepted. */
  add(index: number): void {
    this.#change(this.#rowAt, 1);
    this.#change(this.#rowAt + 1 + index, 1);
  }

  /** A connection of listener `index` was closed. */
  remove(index: number): void {
    this.#change(this.#rowAt, -1);
    this.#change(this.#rowAt + 1 + index, -1);
  }

  /** Whether other threads count too. */
  get isShared(): boolean {
    return this.#cells.length > this.#columnCount;
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
    for (let i = 0; i < this.#columnCount; i++) Atomics.store(this.#cells, this.#rowAt + i, 0);
  }

  #change(at: number, delta: number): void {
    Atomics.store(this.#cells, at, this.#cells[at]! + delta);
  }

  #sum(column: number): number {
    let sum = 0;
    for (let at = column; at < this.#cells.length; at += this.#columnCount) {
      sum += Atomics.load(this.#cells, at);
    }
    return sum;
  }
}
