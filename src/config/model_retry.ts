/**
 * What a backend does when a server fails a request: plain data, a part of model.ts.
 *
 * May import: nothing.
 *
 * @module
 */

/** After what a request is tried again: HAProxy's `retry-on`. */
export interface RetryConfig {
  /** No connection was had; nothing was sent. The only one for `tcp`. */
  readonly onConnFailure: boolean;
  /** Closed or reset before any byte of an answer. */
  readonly onEmptyResponse: boolean;
  /** No answer within the server's timeout. */
  readonly onResponseTimeout: boolean;
  /** Something that is no answer, or the beginning of one. */
  readonly onJunkResponse: boolean;
  /** Answers with one of these. */
  readonly statuses: readonly number[];
  /** Also requests whose method may do twice what it does once (POST, PATCH, unknown ones). */
  readonly nonIdempotent: boolean;
  readonly budget: RetryBudgetConfig;
}

/** Requests sent again at most, within ten seconds: so many percent of the requests, and so many a second besides. */
export interface RetryBudgetConfig {
  readonly percent: number;
  readonly perSecond: number;
}
