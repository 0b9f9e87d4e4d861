/**
 * Which server owns which slot: weighted rendezvous hashing (Thaler, Ravishankar 1998; weights: Mosharaf, Schindler 2014), worked
 * out once for each slot, so that a choice is a look-up.
 *
 *     score(slot, server) = -ln(u) / weight,  u = hash(slot, server) in (0, 1);  the least score owns the slot
 *
 * A score depends on its server alone. So a server that is added takes its share of slots, evenly from all others, and no slot
 * changes between two others; the order of servers does not count. Servers are known by a name; of equal names the first is
 * taken for `name`, the second for `name#2` …
 *
 * Cost: SLOT_COUNT hashes a server once, 2 bytes a slot.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { hashText, mix } from "./hash_key.ts";

/** A power of two. Shares are off by sqrt(servers / slots): 0.7 % with 3 servers, 4 % with 100. */
export const SLOT_COUNT = 65_536;
/** Owner of a slot when no server has a weight. */
export const NO_OWNER = 0xffff;

/** 2^32 divided by the golden ratio: consecutive slots are far apart. */
const GOLDEN = 0x9e3779b9;
const TO_UNIT = 1 / 0x1_0000_0000;

/** Returns a number for each name, by which its scores differ from those of all others. */
export function serverIds(names: readonly string[]): Int32Array {
  const seen = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return mix(hashText(count === 1 ? name : `${name}#${count}`));
  });
}

/** Returns u of a place (a slot, or a key) and a server: above 0 and below 1. */
export function unitOf(place: number, id: number): number {
  return ((mix((id + Math.imul(place + 1, GOLDEN)) | 0) >>> 0) + 0.5) * TO_UNIT;
}

/** Returns the owner of each slot. @param weights 0: owns none. */
export function slotOwners(ids: Int32Array, weights: ArrayLike<number>): Uint16Array {
  assert(ids.length < NO_OWNER, "an owner has 16 bits");
  const owners = new Uint16Array(SLOT_COUNT).fill(NO_OWNER);
  const least = new Float64Array(SLOT_COUNT).fill(Infinity);
  for (let i = 0; i < ids.length; i++) {
    if (weights[i]! > 0) claimSlots(owners, least, i, ids, weights[i]!);
  }
  return owners;
}

/**
 * Returns the owners after some servers changed, as {@linkcode slotOwners} would, at less cost: only slots that a changed server
 * owned, or may own now, are looked at whole.
 *
 * @param changed Whether a server's id or weight is another than `owners` were made of.
 */
export function renewedOwners(
  owners: Uint16Array,
  ids: Int32Array,
  weights: ArrayLike<number>,
  changed: readonly boolean[],
): Uint16Array {
  const all = Array.from(ids, (_, i) => i);
  const anew = all.filter((i) => changed[i]!);
  const renewed = new Uint16Array(SLOT_COUNT);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = owners[slot]!;
    renewed[slot] = owner === NO_OWNER || changed[owner]!
      ? bestOf(all, NO_OWNER, slot, ids, weights)
      : bestOf(anew, owner, slot, ids, weights);
  }
  return renewed;
}

/** The one with the least score, of `indices` and `owner`. */
function bestOf(
  indices: readonly number[],
  owner: number,
  slot: number,
  ids: Int32Array,
  weights: ArrayLike<number>,
): number {
  let best = owner;
  let least = owner === NO_OWNER ? Infinity : scoreOf(slot, ids[owner]!, weights[owner]!);
  for (const i of indices) {
    if (weights[i]! <= 0) continue;
    const score = scoreOf(slot, ids[i]!, weights[i]!);
    if (score > least || (score === least && best !== NO_OWNER && ids[i]! >= ids[best]!)) continue;
    least = score;
    best = i;
  }
  return best;
}

function scoreOf(slot: number, id: number, weight: number): number {
  return -Math.log(unitOf(slot, id)) / weight;
}

function claimSlots(
  owners: Uint16Array,
  least: Float64Array,
  index: number,
  ids: Int32Array,
  weight: number,
): void {
  const id = ids[index]!;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const unit = unitOf(slot, id);
    // 1 - u is never above -ln(u): most servers are out of the race before the logarithm.
    if (1 - unit > least[slot]! * weight) continue;
    const score = -Math.log(unit) / weight;
    const isTie = score === least[slot]! && id < ids[owners[slot]!]!;
    if (score < least[slot]! || isTie) {
      least[slot] = score;
      owners[slot] = index;
    }
  }
}
