/**
 * What is known from the answers to one question, and for how long it counts (HAProxy: `hold`). Pure.
 *
 *     answer             what was known before
 *     valid              a record that it has is seen now; one that it lacks goes when it was seen `obsolete` ago or earlier
 *     nx, refused,
 *     timeout, other     stays until the last valid answer is hold[…] ago; then all of it goes
 *
 * Nothing goes but by an answer: a name that is not looked up changes nothing.
 *
 * May import: config, net.
 *
 * @module
 */
import type { HoldConfig } from "../config/model_names.ts";
import type { AnswerStatus } from "./name_answer.ts";

/** How long what is known outlasts a failure. */
export function holdMs(hold: HoldConfig, status: AnswerStatus): number {
  switch (status) {
    case "nx":
      return hold.nxMs;
    case "refused":
      return hold.refusedMs;
    case "timeout":
      return hold.timeoutMs;
    case "other":
      return hold.otherMs;
    case "valid":
      return hold.obsoleteMs;
  }
}

/** See the module's text. A record is known by its key. */
export class HeldRecords<T> {
  /** Of the last answer; "nx" before the first. */
  status: AnswerStatus = "nx";
  /** Why the last answer was none, in words. */
  detail = "";
  readonly #hold: HoldConfig;
  readonly #records = new Map<string, { readonly value: T; readonly seenMs: number }>();
  #validMs = -Infinity;

  constructor(hold: HoldConfig) {
    this.#hold = hold;
  }

  /** Takes an answer over. @param records By their keys; of no meaning unless `status` is valid. */
  take(status: AnswerStatus, records: ReadonlyMap<string, T>, detail: string, nowMs: number): void {
    this.status = status;
    this.detail = detail;
    const limitMs = holdMs(this.#hold, status);
    if (status !== "valid") {
      if (nowMs - this.#validMs >= limitMs) this.#records.clear();
      return;
    }
    this.#validMs = nowMs;
    for (const [key, { seenMs }] of this.#records) {
      if (!records.has(key) && nowMs - seenMs >= limitMs) this.#records.delete(key);
    }
    for (const [key, value] of records) this.#records.set(key, { value, seenMs: nowMs });
  }

  get size(): number {
    return this.#records.size;
  }

  values(): T[] {
    return [...this.#records.values()].map(({ value }) => value);
  }
}
