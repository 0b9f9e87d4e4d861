/**
 * What came of a question about a name, and how a name server's answer is understood.
 *
 *     valid     records
 *     nx        there is no such name, or nothing of the kind asked for
 *     refused   a name server refuses to answer
 *     timeout   no name server answers
 *     other     SERVFAIL and the like, garbage, a name that cannot be
 *
 * Pure.
 *
 * May import: net/dns.
 *
 * @module
 */
import type { DnsResult } from "./dns/dns_client.ts";
import { ResponseCode, type ServiceRecord } from "./dns/message_reader.ts";

/** What is asked for; `ANY` is what the system's resolver says: addresses of both families. */
export type QuestionType = "A" | "AAAA" | "ANY" | "SRV";

export type AnswerStatus = "valid" | "nx" | "refused" | "timeout" | "other";

/** See the module's text. */
export interface NameAnswer {
  readonly status: AnswerStatus;
  /** IP literals. */
  readonly addresses: readonly string[];
  readonly services: readonly ServiceRecord[];
  /** Addresses of other names that came along. */
  readonly others: ReadonlyMap<string, readonly string[]>;
  /** Why it is not valid, in words; "" when it is. */
  readonly detail: string;
}

/** Asks one question. Calls `done` once: at once, or later. */
export type Asker = (name: string, type: QuestionType, done: (answer: NameAnswer) => void) => void;

const NO_OTHERS: ReadonlyMap<string, readonly string[]> = new Map();

/** An answer with addresses, which may be none. */
export function addressAnswer(addresses: readonly string[]): NameAnswer {
  if (addresses.length === 0) return failedAnswer("nx", "no address");
  return { status: "valid", addresses, services: [], others: NO_OTHERS, detail: "" };
}

/** An answer without records. */
export function failedAnswer(status: Exclude<AnswerStatus, "valid">, detail: string): NameAnswer {
  return { status, addresses: [], services: [], others: NO_OTHERS, detail };
}

/** What a name server's answer means. */
export function answerOf(result: DnsResult, type: QuestionType): NameAnswer {
  if ("status" in result) return failedAnswer(result.status, result.detail);
  const { code, addresses, services, others } = result;
  if (code === ResponseCode.NO_SUCH_NAME) return failedAnswer("nx", "NXDOMAIN");
  if (code === ResponseCode.REFUSED) return failedAnswer("refused", "REFUSED");
  if (code === ResponseCode.SERVER_FAILED) return failedAnswer("other", "SERVFAIL");
  if (code !== ResponseCode.OK) return failedAnswer("other", `response code ${code}`);
  if (result.isMalformed) return failedAnswer("other", "a malformed answer");
  if (result.isTruncated) return failedAnswer("other", "a truncated answer");
  if (addresses.length + services.length > 0) {
    return { status: "valid", addresses, services, others, detail: "" };
  }
  return failedAnswer("nx", type === "SRV" ? "no SRV record" : "no address");
}
