/**
 * The addresses of one name: what its questions brought (A and AAAA apart, or both at once from the system), each held for itself, so
 * that a family whose question fails loses nothing while the other one resolves. Pure.
 *
 * May import: base, config, net.
 *
 * @module
 */
import { canonicalHost } from "../base/ip_address.ts";
import type { AddressFamily, HoldConfig } from "../config/model_names.ts";
import { HeldRecords } from "./held_records.ts";
import type { AnswerStatus, NameAnswer, QuestionType } from "./name_answer.ts";

/** See the module's text. */
export class HeldName {
  readonly types: readonly QuestionType[];
  readonly #parts: ReadonlyMap<QuestionType, HeldRecords<string>>;

  constructor(types: readonly QuestionType[], hold: HoldConfig) {
    this.types = types;
    this.#parts = new Map(types.map((type) => [type, new HeldRecords<string>(hold)]));
  }

  /** Takes the answer to the question of this type. */
  take(type: QuestionType, { status, addresses, detail }: NameAnswer, nowMs: number): void {
    const hosts = addresses.map(canonicalHost);
    this.#parts.get(type)!.take(status, new Map(hosts.map((host) => [host, host])), detail, nowMs);
  }

  /** Takes addresses that came along with another answer; a family that none came of keeps what it has. */
  takeAlong(addresses: readonly string[], nowMs: number): void {
    for (const [type, part] of this.#parts) {
      const hosts = addresses.map(canonicalHost).filter((host) =>
        type === "ANY" || familyType(host) === type
      );
      if (hosts.length > 0) part.take("valid", new Map(hosts.map((host) => [host, host])), "", nowMs);
    }
  }

  /** What counts now, the preferred family first, each in the order of its texts: 127.0.0.1 comes before 127.0.0.2. */
  addresses(prefer: AddressFamily): string[] {
    const all = new Set([...this.#parts.values()].flatMap((part) => part.values()));
    const rank = (host: string) => host.includes(":") === (prefer === "ipv6") ? 0 : 1;
    return [...all].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }

  /** Valid when any question was answered so, else that of the question that says most. */
  get status(): AnswerStatus {
    return this.#telling.status;
  }

  /** Why it is not valid, in words. */
  get detail(): string {
    return this.#telling.detail;
  }

  /** A family may have no addresses, which is no failure beside one that has; nor is it the news beside one that fails. */
  get #telling(): HeldRecords<string> {
    const parts = [...this.#parts.values()];
    return parts.find(({ status }) => status === "valid") ?? parts.find(({ status }) => status !== "nx") ??
      parts[0]!;
  }
}

function familyType(host: string): QuestionType {
  return host.includes(":") ? "AAAA" : "A";
}
