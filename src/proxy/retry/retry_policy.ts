/**
 * A backend's `retry-on`, compiled: which failure of which request is tried again.
 *
 * May import: config, protocol/http, proxy/retry.
 *
 * @module
 */
import type { RetryConfig } from "../../config/model_retry.ts";
import { isIdempotentMethod } from "../../protocol/http/method.ts";
import { RetryBudget } from "./retry_budget.ts";

/** What a server may do to a request that it was sent. An answer with a status is {@linkcode RetryPolicy.admitsStatus}'s. */
export const RetryEvent = { EMPTY_RESPONSE: 1, RESPONSE_TIMEOUT: 2, JUNK_RESPONSE: 4 } as const;

const STATUS_MAX = 999;

/** See the module's text. */
export class RetryPolicy {
  readonly budget: RetryBudget;
  readonly #events: number;
  readonly #hasStatus = new Uint8Array(STATUS_MAX + 1);
  readonly #nonIdempotent: boolean;

  constructor(config: RetryConfig, threadCount: number) {
    this.budget = new RetryBudget(config.budget, threadCount);
    this.#events = (config.onEmptyResponse ? RetryEvent.EMPTY_RESPONSE : 0) |
      (config.onResponseTimeout ? RetryEvent.RESPONSE_TIMEOUT : 0) |
      (config.onJunkResponse ? RetryEvent.JUNK_RESPONSE : 0);
    for (const status of config.statuses) this.#hasStatus[status] = 1;
    this.#nonIdempotent = config.nonIdempotent;
  }

  /** Whether requests with this method may be sent twice (RFC 9110 section 9.2.2). */
  admitsMethod(methodId: number): boolean {
    return this.#nonIdempotent || isIdempotentMethod(methodId);
  }

  /** @param event A {@linkcode RetryEvent}. */
  admitsEvent(event: number): boolean {
    return (this.#events & event) !== 0;
  }

  admitsStatus(status: number): boolean {
    return this.#hasStatus[status] === 1;
  }
}
