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
  /** What OpenSSL says of the server's certificate (X509_V_ERR_*), 0 when it is not that. */
  TLS: 10,
  /** Milliseconds. */
  TLS_TIMEOUT: 11,
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

/** The usual ones of X509_V_ERR_*, in OpenSSL's words. */
const CERTIFICATE_WORDS: Readonly<Record<number, string>> = {
  9: "certificate is not yet valid",
  10: "certificate has expired",
  18: "self-signed certificate",
  19: "self-signed certificate in certificate chain",
  20: "unable to get local issuer certificate",
  21: "unable to verify the first certificate",
  24: "invalid CA certificate",
  26: "unsuitable certificate purpose",
  62: "hostname mismatch",
  64: "IP address mismatch",
};

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
    case HealthReason.TLS:
      return `the TLS handshake failed${
        detail === 0 ? "" : `: ${CERTIFICATE_WORDS[detail] ?? `certificate error ${detail}`}`
      }`;
    case HealthReason.TLS_TIMEOUT:
      return `it did not complete the TLS handshake within ${detail} ms`;
    default:
      return "";
  }
}

function describeConnect(errno: number): string {
  const name = errnoName(errno);
  return name === "ECONNREFUSED" ? `connection refused (${name})` : `no connection (${name})`;
}
