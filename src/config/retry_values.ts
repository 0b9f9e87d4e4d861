/**
 * The values of `retry-on` and `retry-budget`.
 *
 *     retry-on      = event *( "+" event )                            conn-failure+empty-response+503
 *     event         = "conn-failure" / "empty-response" / "response-timeout" / "junk-response" / status
 *                   / "all-retryable-errors" / "none" / "non-idempotent"
 *     retry-budget  = percent "%" [ "+" count "/s" ]                  20%   20%+10/s
 *
 * The words are HAProxy's, whose own spelling with spaces is read too; `non-idempotent` is nginx's. What is written replaces the
 * default: without conn-failure a failed connect is not tried again. A budget without a count keeps the default's.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { RetryBudgetConfig, RetryConfig } from "./model_retry.ts";
import type { SettingText } from "./settings.ts";

/** HAProxy's list. */
const STATUSES: readonly number[] = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504];
/** What all-retryable-errors means in HAProxy, 0rtt-rejected aside. */
const ALL_WORDS = ["conn-failure", "empty-response", "junk-response", "response-timeout"] as const;
const ALL_STATUSES: readonly number[] = [500, 502, 503, 504];
const WORDS: readonly string[] = [...ALL_WORDS, "all-retryable-errors", "none", "non-idempotent"];
const EARLY_DATA = "0rtt-rejected";
const PERCENT_MAX = 1_000;
const PER_SECOND_DEFAULT = 3;
const PER_SECOND_MAX = 100_000;

/**
 * Reads both for a backend of this scheme. The flags are every backend's default; a key is meant for this one, so that on tcp, or where
 * no request is sent again, one that does nothing is refused.
 *
 * @param findOwn The backend's own key. @throws {ConfigError}
 */
export function readRetry(
  scheme: "http" | "tcp",
  findOwn: (key: string) => SettingText | null,
  findFlag: (key: string) => SettingText,
): RetryConfig {
  const ownOn = findOwn("retry-on");
  const ownBudget = findOwn("retry-budget");
  const events = readEvents(ownOn ?? findFlag("retry-on"), scheme === "tcp" && ownOn !== null);
  const budget = readBudget(ownBudget ?? findFlag("retry-budget"));
  const retry = scheme === "http" ? { ...events, budget } : {
    ...events,
    onEmptyResponse: false,
    onResponseTimeout: false,
    onJunkResponse: false,
    statuses: [],
    nonIdempotent: false,
    budget,
  };
  if (ownBudget === null || repeatsRequests(retry)) return retry;
  const state = scheme === "tcp"
    ? "tcp has no requests; it is for http"
    : "without empty-response, response-timeout, junk-response or a status in retry-on no request is sent again";
  throw new ConfigError(`Cannot use retry-budget=${ownBudget.text}: ${state}`, ownBudget.place);
}

/** Whether a request that was sent may be sent again. */
export function repeatsRequests(retry: RetryConfig): boolean {
  return retry.onEmptyResponse || retry.onResponseTimeout || retry.onJunkResponse ||
    retry.statuses.length > 0;
}

/** What is not as usual, a few words each. */
export function formatRetry(retry: RetryConfig): string[] {
  if (!repeatsRequests(retry)) return retry.onConnFailure ? [] : ["retry-on none"];
  const words = [
    ...(retry.onConnFailure ? ["conn-failure"] : []),
    ...(retry.onEmptyResponse ? ["empty-response"] : []),
    ...(retry.onJunkResponse ? ["junk-response"] : []),
    ...(retry.onResponseTimeout ? ["response-timeout"] : []),
    ...retry.statuses,
    ...(retry.nonIdempotent ? ["non-idempotent"] : []),
  ];
  return [`retry-on ${words.join("+")}`, `retry-budget ${retry.budget.percent}%+${retry.budget.perSecond}/s`];
}

function readEvents({ text, place }: SettingText, isTcpOnly: boolean): Omit<RetryConfig, "budget"> {
  const found = new Set<string>();
  const statuses = new Set<number>();
  const words = [...text.matchAll(/[^+\s]+/g)];
  const failAt = (state: string, offset: number): never => {
    throw new ConfigError(`Cannot use retry-on "${text}": ${state}`, {
      ...place,
      column: place.column + offset,
    });
  };
  for (const { 0: word, index } of words) {
    const fail = (state: string): never => failAt(state, index);
    if (isTcpOnly && word !== "conn-failure" && word !== "none") {
      fail(`"${word}" is about requests, which tcp does not have; known for tcp: conn-failure, none`);
    }
    if (word === "none" && words.length > 1) fail("none is said alone");
    if (/^\d+$/.test(word)) statuses.add(readStatus(word, fail));
    else if (word === "all-retryable-errors") {
      for (const event of ALL_WORDS) found.add(event);
      for (const status of ALL_STATUSES) statuses.add(status);
    } else if (WORDS.includes(word)) found.add(word);
    else if (word === EARLY_DATA) fail(`${EARLY_DATA} is of TLS, which hadro does not speak to servers yet`);
    else fail(`"${word}" is no event${suggest(word, WORDS)}`);
  }
  if (words.length === 0) failAt("it is empty; write none", 0);
  const retry = {
    onConnFailure: found.has("conn-failure"),
    onEmptyResponse: found.has("empty-response"),
    onResponseTimeout: found.has("response-timeout"),
    onJunkResponse: found.has("junk-response"),
    statuses: [...statuses].toSorted((a, b) => a - b),
    nonIdempotent: found.has("non-idempotent"),
  };
  if (retry.nonIdempotent && found.size === 1 && statuses.size === 0) {
    failAt("non-idempotent says which requests, not when; write empty-response+non-idempotent", 0);
  }
  return retry;
}

function readStatus(word: string, fail: (state: string) => never): number {
  const status = Number(word);
  return STATUSES.includes(status) ? status : fail(`${word} is none of ${STATUSES.join(", ")}`);
}

/** @throws {ConfigError} */
function readBudget({ text, place }: { text: string; place: WordPlace }): RetryBudgetConfig {
  const match = /^(\d{1,6})%(?:\+(\d{1,6})\/s)?$/.exec(text);
  const percent = Number(match?.[1]);
  const perSecond = Number(match?.[2] ?? PER_SECOND_DEFAULT);
  if (match !== null && percent <= PERCENT_MAX && perSecond <= PER_SECOND_MAX) return { percent, perSecond };
  const state = match === null
    ? "it is no share of the requests"
    : `it must be from 0% to ${PERCENT_MAX}%, and ${PER_SECOND_MAX}/s at most`;
  throw new ConfigError(`Cannot use retry-budget "${text}": ${state}; write 20% or 20%+10/s`, place);
}
