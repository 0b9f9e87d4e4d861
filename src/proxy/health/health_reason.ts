/**
 * Why a server's health is as it is: two integers, which threads share, and their words.
 *
 * May import: base, config, protocol.
 *
 * @module
 */
import { errnoName } from "../../base/errno.ts";
import type { Expect } from "../../config/model_health.ts";
import { describeParseError } from "../../protocol/h1/parse_error.ts";

/** What happened; behind it what the detail is. */
export const HealthReason = {
  NONE: 0,
  /** Negated error number. */
  CONNECT: 1,
  /** Milliseconds. */
  CONNECT_TIMEOUT: 2,
  /** Milliseconds. */
  ANSWER_TIMEOUT: 3,
  /** Negated error number, or 0 for an end in order. */
  CLOSED: 4,
  /** Status. */
  STATUS: 5,
  /** 1 when the answer did not fit. */
  BODY: 6,
  /** A ParseError; 0: the head is too large. */
  BAD_ANSWER: 7,
  UNRESOLVED: 8,
  /** The last {@linkcode TrafficError}, or a status from 100 on. */
  ERRORS: 9,
} as const;

/** What is wrong with traffic; a status from 500 on stands for itself. */
export const TrafficError = { CONNECT: 1, BAD_ANSWER: 2, CLOSED: 3, TIMEOUT: 4 } as const;

const TRAFFIC_WORDS: readonly string[] = [
  "",
  "a failed connect",
  "a bad answer",
  "a connection that ended without an answer",
  "no answer in time",
];

/** Facts that the integers do not hold. */
export interface ReasonFacts {
  /** What an answer must be; null when none is asked for. */
  readonly expect: Expect | null;
  /** Why the name has no address, in words; "" when it has. */
  readonly unresolved: string;
}

/** The words of a reason: "connection refused (ECONNREFUSED)". */
export function describeReason(reason: number, detail: number, count: number, facts: ReasonFacts): string {
  switch (reason) {
    case HealthReason.CONNECT:
      return describeConnect(detail);
    case HealthReason.CONNECT_TIMEOUT:
      return `it did not accept a connection within ${detail} ms`;
    case HealthReason.ANSWER_TIMEOUT:
      return `it did not answer within ${detail} ms`;
    case HealthReason.CLOSED:
      return detail === 0
        ? "it closed the connection before its answer was complete"
        : `the connection broke before its answer was complete (${errnoName(detail)})`;
    case HealthReason.STATUS:
      return `it answered ${detail}${facts.expect?.kind === "status" ? `, not ${facts.expect.text}` : ""}`;
    case HealthReason.BODY:
      return `${detail === 1 ? "the beginning of its answer" : "its answer"} has no "${
        facts.expect?.kind === "body" ? facts.expect.needle : ""
      }"`;
    case HealthReason.BAD_ANSWER:
      return detail === 0
        ? "the head of its answer is too large"
        : `bad answer: ${describeParseError(detail)}`;
    case HealthReason.UNRESOLVED:
      return facts.unresolved || "its name does not resolve";
    case HealthReason.ERRORS:
      return `${count} errors in a row, the last one ${TRAFFIC_WORDS[detail] ?? `status ${detail}`}`;
    default:
      return "";
  }
}

function describeConnect(errno: number): string {
  const name = errnoName(errno);
  return name === "ECONNREFUSED" ? `connection refused (${name})` : `no connection (${name})`;
}
