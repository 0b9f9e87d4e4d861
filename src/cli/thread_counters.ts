/**
 * The counters of all threads: asks each, and sums what comes in time, with what the main isolate counts itself.
 *
 * Of `…Max` and `…Longest…` the sum is the greatest; `threads` is how many answered.
 *
 * May import: nothing.
 *
 * @module
 */

/** How long threads may take to answer. */
const ANSWER_MS = 2_000;

type Counters = Record<string, number>;

/** See the module's text. */
export class ThreadCounters {
  readonly #print: (sums: Counters) => void;
  readonly #own: () => Counters;
  /** Threads that are to answer yet; null when nothing was asked. */
  #waited: Set<number> | null = null;
  #answers: Counters[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(print: (sums: Counters) => void, own: () => Counters = () => ({})) {
    this.#print = print;
    this.#own = own;
  }

  /** Begins to wait for these threads; returns false while an answer is on its way already. */
  begin(threads: Iterable<number>): boolean {
    if (this.#waited !== null) return false;
    this.#waited = new Set(threads);
    this.#answers = [];
    this.#timer = setTimeout(() => this.#end(), ANSWER_MS);
    this.#endIfAll();
    return true;
  }

  add(thread: number, counters: Counters): void {
    if (this.#waited?.delete(thread) !== true) return;
    this.#answers.push(counters);
    this.#endIfAll();
  }

  /** A thread ended: it will not answer. */
  forget(thread: number): void {
    if (this.#waited?.delete(thread) === true) this.#endIfAll();
  }

  /** Prints no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waited = null;
  }

  #endIfAll(): void {
    if (this.#waited?.size === 0) this.#end();
  }

  #end(): void {
    this.stop();
    this.#print({ ...sum(this.#answers), ...this.#own() });
  }
}

function sum(all: readonly Counters[]): Counters {
  const sums: Counters = { threads: all.length };
  for (const counters of all) {
    for (const [name, value] of Object.entries(counters)) {
      const isGreatest = name.includes("Longest") || name.endsWith("Max");
      sums[name] = isGreatest ? Math.max(sums[name] ?? 0, value) : (sums[name] ?? 0) + value;
    }
  }
  return sums;
}
