/**
 * One name that is looked up again and again: what it had, what of it is held, and when it is looked at next.
 *
 *     ASKING --all answers are there--> told what changed --> RESTS everyMs           --> ASKING
 *                                                        or  RESTS 1 s, 2 s, 4 s … everyMs after a failure
 *
 * A server: its name's addresses. A template: those, or the SRV records and then the addresses of their targets, of which those that
 * came along with the records are not asked for.
 *
 * Servers are told before people, who may act on it. What people are told: that a name fails, once, while what it had is held (`held`), and that it resolves again; what becomes of slots
 * (slot_book.ts). That a server's name has no address is the server's to tell.
 *
 * May import: base, config, net.
 *
 * @module
 */
import { formatDurationMs } from "../base/units.ts";
import type { AddressFamily, ResolveConfig } from "../config/model_names.ts";
import type { AskQueue } from "./ask_queue.ts";
import type { ServiceRecord } from "./dns/message_reader.ts";
import { HeldName } from "./held_name.ts";
import { HeldRecords, holdMs } from "./held_records.ts";
import type { AnswerStatus, NameAnswer, QuestionType } from "./name_answer.ts";
import { type NameCallback, type NameQuestion, type NameUpdate, updateOf } from "./name_source.ts";
import { SlotBook } from "./slot_book.ts";
import { addressMembers, memberText, serviceMembers } from "./template_members.ts";

const RETRY_MS_MIN = 1_000;

/** What a watch needs of its resolver. */
export interface WatchContext {
  readonly config: ResolveConfig;
  readonly queue: AskQueue;
  readonly nowMs: () => number;
  /** Calls `run` once after `delayMs`; returns how to take it back. */
  readonly schedule: (delayMs: number, run: () => void) => () => void;
  readonly report: (message: string) => void;
}

/** See the module's text. */
export class NameWatch {
  /** null: a server. */
  readonly slots: SlotBook | null;
  readonly #context: WatchContext;
  readonly #question: NameQuestion;
  readonly #callback: NameCallback;
  readonly #types: readonly QuestionType[];
  readonly #prefer: AddressFamily;
  readonly #own: HeldName;
  readonly #services: HeldRecords<ServiceRecord>;
  #targets = new Map<string, HeldName>();
  #told: NameUpdate | null = null;
  #retryMs = RETRY_MS_MIN;
  #isHolding = false;
  #pending = 0;
  /** What people are to be told. */
  #news: string[] = [];
  #cancel = () => {};

  constructor(context: WatchContext, question: NameQuestion, callback: NameCallback) {
    const { hold, nameServers } = context.config;
    this.#context = context;
    this.#question = question;
    this.#callback = callback;
    this.#types = nameServers.length > 0 ? ["A", "AAAA"] : ["ANY"];
    this.#prefer = question.kind === "slots" ? question.template.prefer : question.prefer;
    this.#own = new HeldName(this.#types, hold);
    this.#services = new HeldRecords(hold);
    this.slots = question.kind === "slots"
      ? new SlotBook(question.backend, question.template, (message) => this.#news.push(message))
      : null;
  }

  /** Looks the name up now. */
  begin(): void {
    if (!this.#isService) {
      this.#askAddresses(this.#host, this.#own);
      return;
    }
    this.#pending++;
    this.#context.queue.ask(this.#host, "SRV", (answer) => {
      this.#takeServices(answer);
      this.#answered();
    });
  }

  /** Looks no more. */
  close(): void {
    this.#cancel();
  }

  get #host(): string {
    const question = this.#question;
    return question.kind === "slots" ? question.template.host : question.endpoint.host;
  }

  get #isService(): boolean {
    return this.#question.kind === "slots" && this.#question.template.kind === "srv";
  }

  #askAddresses(host: string, held: HeldName): void {
    this.#pending += held.types.length;
    for (const type of held.types) {
      this.#context.queue.ask(host, type, (answer) => {
        held.take(type, answer, this.#context.nowMs());
        this.#answered();
      });
    }
  }

  #takeServices({ status, services, others, detail }: NameAnswer): void {
    const nowMs = this.#context.nowMs();
    const records = new Map(services.map((record) => [memberText(record.target, record.port), record]));
    this.#services.take(status, records, detail, nowMs);
    const known = this.#targets;
    this.#targets = new Map();
    for (const { target } of this.#services.values()) {
      if (this.#targets.has(target)) continue;
      const held = known.get(target) ?? new HeldName(this.#types, this.#context.config.hold);
      this.#targets.set(target, held);
      const along = others.get(target) ?? [];
      if (along.length > 0) held.takeAlong(along, nowMs);
      else this.#askAddresses(target, held);
    }
  }

  #answered(): void {
    if (--this.#pending > 0) return;
    const { status, detail } = this.#isService ? this.#services : this.#own;
    const { everyMs } = this.#context.config;
    const isValid = status === "valid";
    const delayMs = isValid ? everyMs : Math.min(this.#retryMs, everyMs);
    this.#retryMs = isValid ? RETRY_MS_MIN : this.#retryMs * 2;
    this.#cancel = this.#context.schedule(delayMs, () => this.begin());
    this.#tellHolding(status, detail);
    const failure = isValid ? "" : `${this.#host} does not resolve (${detail})`;
    if (this.slots !== null) this.#tellSlots(this.slots, failure);
    else this.#tellServer(failure);
    for (const message of this.#news.splice(0)) this.#context.report(message);
  }

  #tellServer(failure: string): void {
    const { endpoint } = this.#question as Extract<NameQuestion, { kind: "server" }>;
    const hosts = this.#own.addresses(this.#prefer);
    const reason = hosts.length > 0 ? "" : `name ${failure}`;
    const before = this.#told;
    const isSame = before !== null && hosts.length === before.addresses.length &&
      hosts.every((host, i) => {
        const other = before.addresses[i]!;
        return other.kind === "tcp" && other.host === host;
      });
    // Why there is none is told once.
    if (isSame) return;
    this.#told = updateOf(hosts.map((host) => ({ kind: "tcp", host, port: endpoint.port })), reason);
    this.#callback(this.#told);
  }

  #tellSlots(slots: SlotBook, failure: string): void {
    const { template } = this.#question as Extract<NameQuestion, { kind: "slots" }>;
    const members = this.#isService
      ? serviceMembers(
        this.#services.values(),
        (target) => this.#targets.get(target)!.addresses(this.#prefer),
      )
      : addressMembers(template, this.#own.addresses(this.#prefer));
    const isFirst = this.#told === null;
    const hasChanged = slots.take(members, failure);
    if (isFirst && failure !== "") {
      this.#news.push(`name ${failure}; its ${template.slotCount} slots wait`);
    }
    const reason = failure || this.#describeVacancy(members.length);
    if (!isFirst && !hasChanged && this.#told!.reason === reason) return;
    this.#told = { addresses: [], slots: slots.states, reason };
    this.#callback(this.#told);
  }

  /** Why a slot is vacant though the name resolves. */
  #describeVacancy(memberCount: number): string {
    const recordCount = this.#services.size;
    if (!this.#isService || recordCount === memberCount) {
      return `${this.#host} has ${memberCount} address${memberCount === 1 ? "" : "es"}`;
    }
    const target = [...this.#targets].find(([, held]) => held.status !== "valid");
    const why = target === undefined ? "" : `; ${target[0]} does not resolve (${target[1].detail})`;
    return `${this.#host} has ${recordCount} SRV records, ${memberCount} with an address${why}`;
  }

  #tellHolding(status: AnswerStatus, detail: string): void {
    const { config } = this.#context;
    const keepsAny = this.#isService ? this.#services.size > 0 : this.#own.addresses(this.#prefer).length > 0;
    const isHolding = status !== "valid" && keepsAny;
    if (isHolding && !this.#isHolding) {
      const limit = formatDurationMs(holdMs(config.hold, status));
      this.#news.push(`name ${this.#host} does not resolve (${detail}); what it had is kept for ${limit}`);
    } else if (this.#isHolding && status === "valid") {
      this.#news.push(`name ${this.#host} resolves again`);
    }
    this.#isHolding = isHolding;
  }
}
