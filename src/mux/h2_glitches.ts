/**
 * What a client does that is allowed, and that nobody does without wishing harm, counted (HAProxy: glitches, tune.h2.fe.glitches-threshold).
 *
 *     a request taken back before its answer (rapid reset); a stream above the limit; PING; SETTINGS after the first;
 *     an empty DATA or CONTINUATION; PRIORITY; a frame on a closed stream; DATA that a tiny window made tiny
 *
 * One is forgiven each second, and one for each answer that was delivered whole.
 *
 * May import: nothing.
 *
 * @module
 */

const FORGIVE_MS = 1_000;

/** Of one connection. */
export class Glitches {
  count = 0;
  readonly #limit: number;
  #countedMs = 0;

  /** @param limit 0: none. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one; returns whether they are more than allowed. */
  add(nowMs: number): boolean {
    const seconds = Math.floor((nowMs - this.#countedMs) / FORGIVE_MS);
    if (seconds > 0) {
      this.count = Math.max(0, this.count - seconds);
      this.#countedMs = nowMs;
    }
    this.count++;
    return this.#limit > 0 && this.count > this.#limit;
  }

  /** An answer was delivered whole. */
  forgive(): void {
    if (this.count > 0) this.count--;
  }
}
