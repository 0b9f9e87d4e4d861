/**
 * The slots of one template, from the members that names give to what servers are told, and what people are.
 *
 *     server app/app1 has 10.0.0.1:8080 of app.service, 1 of 5 slots taken
 *     server app/app1 is MAINT: 10.0.0.1:8080 is gone from app.service, 0 of 5 slots taken
 *     server app/app1 is MAINT: app.service does not resolve (NXDOMAIN), 0 of 5 slots taken
 *     server app/app1 has weight 20 now, of _http._tcp.app.service
 *     app.service has 8 members for 5 slots of app: 3 have none
 *
 * May import: config, net.
 *
 * @module
 */
import type { TemplateConfig } from "../config/model_names.ts";
import type { SlotState } from "./name_source.ts";
import { SlotAssignment, type SlotChange } from "./slot_assignment.ts";
import type { Member } from "./template_members.ts";

const VACANT: Member = { member: "", addresses: [], weight: 0, backupRank: 0 };

/** See the module's text. */
export class SlotBook {
  /** Members that came to a slot, and that left one. */
  arrivals = 0;
  departures = 0;
  readonly #backend: string;
  readonly #template: TemplateConfig;
  readonly #report: (message: string) => void;
  readonly #assignment: SlotAssignment;
  #states: readonly SlotState[];
  #waitingCount = 0;

  constructor(backend: string, template: TemplateConfig, report: (message: string) => void) {
    this.#backend = backend;
    this.#template = template;
    this.#report = report;
    this.#assignment = new SlotAssignment(template.slotCount);
    this.#states = Array.from({ length: template.slotCount }, () => ({ ...VACANT, version: 0 }));
  }

  get states(): readonly SlotState[] {
    return this.#states;
  }

  get takenCount(): number {
    return this.#assignment.takenCount;
  }

  /** These are all members now; returns whether anything changed. @param failure Why there are none, in words; "" when the name resolves. */
  take(members: readonly Member[], failure: string): boolean {
    const byName = new Map(members.map((member) => [member.member, member]));
    const changes = this.#assignment.assign([...byName.keys()]);
    const before = this.#states;
    this.#states = before.map((_, slot): SlotState => ({
      ...byName.get(this.#assignment.member(slot)) ?? VACANT,
      version: this.#assignment.version(slot),
    }));
    let takenCount = before.filter(({ member }) => member !== "").length;
    for (const change of changes) takenCount = this.#tellChange(change, failure, takenCount);
    this.#tellWeights(before);
    this.#tellWaiting(members.length);
    return changes.length > 0 || JSON.stringify(before) !== JSON.stringify(this.#states);
  }

  /** Returns how many slots are taken after it. */
  #tellChange({ slot, before, after }: SlotChange, failure: string, takenCount: number): number {
    const { host, slotCount } = this.#template;
    let count = takenCount;
    const taken = () => `${count} of ${slotCount} slots taken`;
    if (before !== "") {
      count--;
      this.departures++;
      const why = failure || `${before} is gone from ${host}`;
      this.#report(`${this.#server(slot)} is MAINT: ${why}, ${taken()}`);
    }
    if (after !== "") {
      count++;
      this.arrivals++;
      this.#report(`${this.#server(slot)} has ${after} of ${host}, ${taken()}`);
    }
    return count;
  }

  #tellWeights(before: readonly SlotState[]): void {
    for (const [slot, { version, weight }] of this.#states.entries()) {
      const was = before[slot]!;
      if (version !== was.version || weight === was.weight) continue;
      this.#report(`${this.#server(slot)} has weight ${weight} now, of ${this.#template.host}`);
    }
  }

  #tellWaiting(memberCount: number): void {
    const waitingCount = this.#assignment.waiting.length;
    if (waitingCount === this.#waitingCount) return;
    this.#waitingCount = waitingCount;
    const { host, slotCount } = this.#template;
    const lack = waitingCount === 0 ? "all have one" : `${waitingCount} have none`;
    this.#report(`${host} has ${memberCount} members for ${slotCount} slots of ${this.#backend}: ${lack}`);
  }

  #server(slot: number): string {
    return `server ${this.#backend}/${this.#template.prefix}${slot + 1}`;
  }
}
