/**
 * The configuration of health: part of {@link "./model.ts"}, plain data as all of it.
 *
 * May import: nothing.
 *
 * @module
 */

/** Which traffic counts as a sign of a server's health: HAProxy's `observe` (layer4, layer7). */
export type ObserveLevel = "off" | "l4" | "l7";

/** What too many errors of traffic do: HAProxy's `on-error`. */
export type OnError = "fastinter" | "fail-check" | "sudden-death" | "mark-down";

/** What happens to the sessions of a server that goes down: HAProxy's `on-marked-down`. */
export type OnMarkedDown = "none" | "shutdown-sessions";

/** Methods that a check may have. */
export type CheckMethod = "GET" | "HEAD" | "OPTIONS";

/** What an answer must be for its check to pass; `text` as written. */
export type Expect =
  | {
    readonly kind: "status";
    readonly text: string;
    /** First and last status of each range. */
    readonly ranges: readonly (readonly [number, number])[];
  }
  | {
    readonly kind: "body";
    readonly text: string; /** What must occur in the body. */
    readonly needle: string;
  };

/** The request of an http check. */
export interface CheckRequest {
  readonly method: CheckMethod;
  readonly path: string;
  /** "": the server as it was written. */
  readonly host: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly expect: Expect;
  /** A 404 of a server that is up makes it NOLB: HAProxy's `http-check disable-on-404`. */
  readonly disableOn404: boolean;
}

/** Active checks of a backend's servers. */
export interface CheckConfig {
  /** null: a connect is enough (tcp). */
  readonly request: CheckRequest | null;
  readonly interMs: number;
  /** While it goes up or down; 0: as `interMs`. */
  readonly fastInterMs: number;
  /** While it is down; 0: as `interMs`. */
  readonly downInterMs: number;
  /** Checks that must pass in a row for a server to be up, and fail for it to be down. */
  readonly rise: number;
  readonly fall: number;
  /** HAProxy's `timeout check`; 0: the whole check has `interMs`. */
  readonly timeoutMs: number;
}

/** All that decides which servers of a backend may be used. */
export interface HealthConfig {
  /** null: off. */
  readonly check: CheckConfig | null;
  readonly observe: ObserveLevel;
  /** Errors in a row. */
  readonly errorLimit: number;
  readonly onError: OnError;
  /** How long the first ejection lasts, where there are no checks; 0: never. */
  readonly ejectMs: number;
  /** 0: its whole weight at once. */
  readonly slowStartMs: number;
  readonly onMarkedDown: OnMarkedDown;
}
