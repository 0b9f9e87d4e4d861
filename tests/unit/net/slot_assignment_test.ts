/** Which slot has which member: a table of cases, and what must hold whatever comes and goes. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { SlotAssignment } from "../../../src/net/slot_assignment.ts";

const SEEDS = 4_000;

/** `a b -`: who has each slot. */
function shown(assignment: SlotAssignment, slotCount: number): string {
  return Array.from({ length: slotCount }, (_, slot) => assignment.member(slot) || "-").join(" ");
}

describe("members that come and go", () => {
  it.each<[string, number, readonly string[], string]>([
    ["take the lowest slots, in their order", 3, ["b a"], "b a -"],
    ["leave the others where they are", 3, ["a b c", "a c"], "a - c"],
    ["take their former slot again", 3, ["a b c", "c", "b c"], "- b c"],
    [
      "take a slot that nobody had before one that somebody may come back to",
      3,
      ["a b", "b", "b c"],
      "- b c",
    ],
    ["take the slot that is vacant the longest", 2, ["a b", "a", "", "c"], "- c"],
    ["wait when there is no slot", 2, ["a b c"], "a b"],
    ["come when a slot is vacant, though it was another's", 2, ["a b c", "b c"], "c b"],
    ["lose their former slot to another that needs it", 2, ["a b", "b c", "a b c", "a b"], "a b"],
    ["are counted once", 2, ["a a"], "a -"],
  ])("%s", (_, slotCount, steps, expected) => {
    const assignment = new SlotAssignment(slotCount);
    for (const step of steps) assignment.assign(step.split(" ").filter((member) => member !== ""));
    expect(shown(assignment, slotCount)).toBe(expected);
  });

  it("are told slot by slot", () => {
    const assignment = new SlotAssignment(2);
    expect(assignment.assign(["a", "b", "c"])).toEqual([{ slot: 0, before: "", after: "a" }, {
      slot: 1,
      before: "",
      after: "b",
    }]);
    expect([assignment.takenCount, assignment.waiting]).toEqual([2, ["c"]]);
    expect(assignment.assign(["b", "c"])).toEqual([{ slot: 0, before: "a", after: "c" }]);
    expect(assignment.assign(["b", "c"])).toEqual([]);
  });
});

describe("whatever comes and goes", () => {
  it("only slots change whose member went or is new; nobody has two; nobody waits beside a vacant slot", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const prng = new Prng(seed);
      const slotCount = 1 + prng.nextBelow(6);
      const assignment = new SlotAssignment(slotCount);
      const slots = () => Array.from({ length: slotCount }, (_, slot) => assignment.member(slot));
      const lastSlot = new Map<string, number>();
      for (let step = 0; step < 12; step++) {
        const members = Array.from({ length: 9 }, (_, i) => `m${i}`).filter(() => prng.chance(0.4));
        members.sort(() => prng.chance(0.5) ? 1 : -1);
        const before = slots();
        const versions = before.map((_, slot) => assignment.version(slot));
        const freedFormer = before.map((member, slot) =>
          member === "" || !members.includes(member) ? slot : -1
        );
        const changes = assignment.assign(members);
        const after = slots();
        const where = `seed ${seed} step ${step}: ${before} + ${members} -> ${after}`;
        const taken = after.filter((member) => member !== "");
        expect(new Set(taken).size, where).toBe(taken.length);
        expect([...taken, ...assignment.waiting].sort(), where).toEqual([...members].sort());
        expect(assignment.waiting.length === 0 || taken.length === slotCount, where).toBe(true);
        for (let slot = 0; slot < slotCount; slot++) {
          if (members.includes(before[slot]!)) expect(after[slot], where).toBe(before[slot]);
          const hasChanged = before[slot] !== after[slot];
          expect(changes.some((change) => change.slot === slot), where).toBe(hasChanged);
          expect(assignment.version(slot) > versions[slot]!, where).toBe(hasChanged);
          const member = after[slot]!;
          // One that was here before is here again, unless another has its slot meanwhile.
          const former = lastSlot.get(member);
          if (hasChanged && member !== "" && former !== undefined && former !== slot) {
            const isFree = freedFormer[former] === former && lastOf(lastSlot, former) === member;
            expect(isFree, where).toBe(false);
          }
        }
        for (const [slot, member] of after.entries()) {
          if (member === "") continue;
          for (const [other, at] of lastSlot) if (at === slot && other !== member) lastSlot.delete(other);
          lastSlot.set(member, slot);
        }
      }
    }
  });
});

function lastOf(lastSlot: ReadonlyMap<string, number>, slot: number): string | undefined {
  return [...lastSlot].find(([, at]) => at === slot)?.[0];
}
