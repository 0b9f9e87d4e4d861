/**
 * How many requests of a backend may be sent again (Finagle's retry budget): of the last ten seconds
 *
 *     repeats <= percent of the requests + WINDOW_S x so many a second
 *
 * so that servers that fail are not asked several times for each request, which would keep them from getting up again. Both are counted in
 * slots of a second; the window is ten slots, the one that has begun included. Each thread keeps its own account, with its part of the
 * count a second. What a backend has connected in vain for is not counted: no server had work from it.
 *
 * May import: config.
 *
 * @module
 */
import type { RetryBudgetConfig } from "../../config/model_retry.ts";

/** Seconds that are looked back. */
const WINDOW_S = 10;

/** See the module's text. */
export class RetryBudget {
  /** Repeats that it did not allow. */
  refusedCount = 0;
  readonly #share: number;
  readonly #base: number;
  readonly #requests = new Int32Array(WINDOW_S);
  readonly #repeats = new Int32Array(WINDOW_S);
  /** Sums of the above. */
  #requestCount = 0;
  #repeatCount = 0;
  /** The second that is being counted. */
  #second = 0;

  constructor(config: RetryBudgetConfig, threadCount = 1) {
    this.#share = config.percent / 100;
    this.#base = config.perSecond * WINDOW_S / threadCount;
  }

  /** Counts a request. */
  noteRequest(nowMs: number): void {
    this.#advance(nowMs);
    this.#requests[this.#second % WINDOW_S]!++;
    this.#requestCount++;
  }

  /** Counts a repeat if there is room for one more; returns whether there was. */
  takeRepeat(nowMs: number): boolean {
    this.#advance(nowMs);
    if (this.#repeatCount + 1 > this.#requestCount * this.#share + this.#base) {
      this.refusedCount++;
      return false;
    }
    this.#repeats[this.#second % WINDOW_S]!++;
    this.#repeatCount++;
    return true;
  }

  /** Empties the slots of the seconds that have begun since. */
  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second <= this.#second) return;
    const first = Math.max(this.#second + 1, second - WINDOW_S + 1);
    for (let i = first; i <= second; i++) {
      const slot = i % WINDOW_S;
      this.#requestCount -= this.#requests[slot]!;
      this.#repeatCount -= this.#repeats[slot]!;
      this.#requests[slot] = this.#repeats[slot] = 0;
    }
    this.#second = second;
  }
}
