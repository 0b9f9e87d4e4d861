/**
 * Whether a client that is waited for keeps a pace: `--min-rate`, against bodies sent and answers taken byte by byte.
 *
 *     UNSEEN --first look--> SILENT --first bytes--> TIMED: GRACE_MS are left
 *
 * TIMED, what is left goes down with the time in which the client is waited for, and up with each byte, by 1 / rate, to GRACE_MS at
 * most: a fast start earns nothing for later. Time in which the server is waited for is not held against it. One that is silent from
 * the start (it waits for 100 Continue, perhaps) is timeout-client's business.
 *
 * May import: event.
 *
 * @module
 */
import { NEVER_MS } from "../../event/task.ts";

/** How far behind the rate a client may be. */
const GRACE_MS = 5_000;

/** Of one stream at a time. */
export class Pace {
  #hasBegun = false;
  #isWaited = false;
  /** -1: UNSEEN. */
  #seenBytes = -1;
  #seenMs = 0;
  #leftMs = 0;

  /** For another stream. */
  reset(): void {
    this.#hasBegun = this.#isWaited = false;
    this.#seenBytes = -1;
  }

  /** Notes how much the client has moved; returns until when it must have moved more, NEVER_MS if there is no such time. */
  follow(isWaited: boolean, bytes: number, bytesPerSecond: number, nowMs: number): number {
    if (this.#isWaited) this.#leftMs -= nowMs - this.#seenMs;
    if (this.#seenBytes >= 0 && bytes > this.#seenBytes) {
      const earnedMs = (bytes - this.#seenBytes) * 1_000 / bytesPerSecond;
      this.#leftMs = this.#hasBegun ? Math.min(this.#leftMs + earnedMs, GRACE_MS) : GRACE_MS;
      this.#hasBegun = true;
    }
    this.#isWaited = isWaited;
    this.#seenBytes = bytes;
    this.#seenMs = nowMs;
    return isWaited && this.#hasBegun ? nowMs + this.#leftMs : NEVER_MS;
  }

  isLate(nowMs: number): boolean {
    return this.#isWaited && this.#hasBegun && nowMs - this.#seenMs >= this.#leftMs;
  }
}
