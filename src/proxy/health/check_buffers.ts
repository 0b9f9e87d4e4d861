/**
 * The buffers of an engine's http checks: their own, so that checks go on when traffic has taken all memory, and few.
 *
 *     BUFFERS_MAX of 16 kB (128 kB a thread, beside --max-mem), made when first needed. A check takes one when its answer begins to
 *     come and gives it back with its verdict: servers that hang hold none. When all are taken the next check waits in line; one
 *     that runs out of time there is void, for the server may well have answered.
 *
 * May import: proxy/health.
 *
 * @module
 */
import { CheckAnswer } from "./check_answer.ts";

/** Answers being read at once. */
export const BUFFERS_MAX = 8;

/** Waits for a buffer. */
export interface BufferTaker {
  /** One became free, and is its own now. */
  onBuffer(answer: CheckAnswer): void;
}

/** See the module's text. */
export class CheckBuffers {
  readonly #spare: CheckAnswer[] = [];
  readonly #waiting: BufferTaker[] = [];
  #madeCount = 0;

  /** A buffer, or null: `taker` then waits in line. */
  take(taker: BufferTaker): CheckAnswer | null {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    if (this.#madeCount < BUFFERS_MAX) {
      this.#madeCount++;
      return new CheckAnswer();
    }
    this.#waiting.push(taker);
    return null;
  }

  /** Takes a buffer back: it is for the first in line. */
  give(answer: CheckAnswer): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#spare.push(answer);
    else next.onBuffer(answer);
  }

  /** Takes somebody out of the line. */
  leave(taker: BufferTaker): void {
    const index = this.#waiting.indexOf(taker);
    if (index >= 0) this.#waiting.splice(index, 1);
  }
}
