/**
 * Which slot of a template has which member (an address, or an SRV record): a state machine. Pure.
 *
 *     VACANT --a member comes--> TAKEN(member) --it is gone--> VACANT, which remembers the member
 *
 *     a member that comes takes, of the vacant slots, the first of
 *       the one that it had before
 *       one that nobody had, the lowest
 *       the one that is vacant for the longest time
 *     none is vacant: it waits, and comes when one is
 *
 * So only slots whose member is gone or new change, and two members never have one slot. A slot's version changes with its member.
 *
 * May import: nothing.
 *
 * @module
 */

interface Slot {
  /** "": vacant. */
  member: string;
  /** Whose it was last; "": nobody's. */
  former: string;
  /** Grows with each slot that becomes vacant. */
  leftAt: number;
  version: number;
}

/** What became of a slot. */
export interface SlotChange {
  readonly slot: number;
  /** "": it was, or is, vacant. */
  readonly before: string;
  readonly after: string;
}

/** See the module's text. */
export class SlotAssignment {
  readonly #slots: Slot[];
  #leftCount = 0;
  #waiting: readonly string[] = [];

  constructor(slotCount: number) {
    this.#slots = Array.from(
      { length: slotCount },
      () => ({ member: "", former: "", leftAt: 0, version: 0 }),
    );
  }

  /** Who has a slot; "" when it is vacant. */
  member(slot: number): string {
    return this.#slots[slot]!.member;
  }

  /** Grows whenever it has another member, or none any more. */
  version(slot: number): number {
    return this.#slots[slot]!.version;
  }

  get takenCount(): number {
    return this.#slots.filter(({ member }) => member !== "").length;
  }

  /** Members that have no slot. */
  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /** These are all members now; their order decides only who has to wait. Returns what changed, slot by slot. */
  assign(members: readonly string[]): SlotChange[] {
    const before = this.#slots.map(({ member }) => member);
    const coming = new Set(members);
    for (const slot of this.#slots) {
      if (slot.member !== "" && !coming.delete(slot.member)) this.#vacate(slot);
    }
    for (const member of coming) {
      const own = this.#slots.find((slot) => slot.member === "" && slot.former === member);
      if (own !== undefined && coming.delete(member)) take(own, member);
    }
    for (const member of coming) {
      const slot = this.#longestVacant();
      if (slot === null) break;
      coming.delete(member);
      take(slot, member);
    }
    this.#waiting = [...coming];
    return before.flatMap((was, slot) => {
      const after = this.member(slot);
      return was === after ? [] : [{ slot, before: was, after }];
    });
  }

  #vacate(slot: Slot): void {
    slot.former = slot.member;
    slot.member = "";
    slot.leftAt = ++this.#leftCount;
    slot.version++;
  }

  /** One that nobody had left at 0. */
  #longestVacant(): Slot | null {
    let longest: Slot | null = null;
    for (const slot of this.#slots) {
      if (slot.member === "" && (longest === null || slot.leftAt < longest.leftAt)) longest = slot;
    }
    return longest;
  }
}

function take(slot: Slot, member: string): void {
  slot.member = member;
  slot.version++;
}
