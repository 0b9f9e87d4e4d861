/**
 * The same server for the same key: source, uri, hdr, cookie, url_param (HAProxy: `hash-type consistent`).
 *
 *     choose(key) --no key--> round robin
 *         | a walk over slots, which the key alone decides: the first whose owner takes the stream
 *         +--none in PROBES_MAX--> the best of all that take it, by rendezvous (few can be used, or they own few slots)
 *         +--none--> the first usable backup
 *
 * The walk looks at each server by itself, so that a choice depends on nothing but key, names, weights and who can be used: not on
 * the order of servers, on the past, on a seed, on the thread. A server that leaves hands its keys to all others, by their weights,
 * and has them back when it returns; no other key moves. One whose weight has become less (slowstart) turns away that part of its
 * keys, always the same ones. Where a slot of a template gets another address, the table is made anew before the next choice, as it
 * would be by a hadro that never knew the old one.
 *
 * hash-balance-factor: a server takes no stream that makes its load more than so many percent of the average one for its weight
 * (Mirrokni, Thorup, Zadimoghaddam: "Consistent Hashing with Bounded Loads"); the walk goes on. Loads are counted over all threads,
 * who each look and count in two steps: the bound may be passed by one stream a thread.
 *
 * Cost: O(1) while most servers can be used; O(n) at worst.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import {
  type Balancer,
  type BalanceView,
  type Candidate,
  chooseBackup,
  isEligibleToWait,
} from "./candidate.ts";
import { NO_KEY } from "./hash_key.ts";
import { RoundRobin } from "./round_robin.ts";
import { NO_OWNER, renewedOwners, serverIds, SLOT_COUNT, slotOwners, unitOf } from "./slot_table.ts";

/** With half of the weight usable, one key in 2^64 gets so far. */
const PROBES_MAX = 64;
const SLOT_BITS = 16;

/** See the module's text. */
export class ConsistentHash implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #keyless: RoundRobin;
  /** Percent; 0: loads do not count. */
  readonly #factor: number;
  readonly #view: BalanceView;
  readonly #names: string[];
  #ids: Int32Array;
  /** The whole weights. */
  readonly #fullWeights: Float64Array;
  /** Those that the slots were dealt out by; only their proportions count. */
  readonly #slotWeights: Float64Array;
  #owners: Uint16Array;
  /** A whole weight or a name changed: the slots may have to be dealt out anew. */
  #isStale = false;
  /** What each server adds to the sum below. */
  readonly #usableWeights: Float64Array;
  #usableWeightSum = 0;

  constructor(candidates: readonly Candidate[], hashBalanceFactor: number, view: BalanceView) {
    this.#candidates = candidates;
    this.#keyless = new RoundRobin(candidates, view);
    this.#factor = hashBalanceFactor;
    this.#view = view;
    this.#names = candidates.map(({ hashName }) => hashName);
    this.#ids = serverIds(this.#names);
    this.#fullWeights = Float64Array.from(candidates, fullWeightOf);
    this.#slotWeights = this.#fullWeights.slice();
    this.#owners = slotOwners(this.#ids, this.#slotWeights);
    this.#usableWeights = new Float64Array(candidates.length);
    for (let i = 0; i < candidates.length; i++) this.#noteWeight(i);
  }

  choose(tried: Bitmap | null, key: number): number {
    if (key === NO_KEY) return this.#keyless.choose(tried);
    if (this.#isStale) this.#renewSlots();
    const near = this.#walk(tried, key);
    if (near >= 0) return near;
    const best = this.#chooseBest(tried, key, true);
    if (best >= 0) return best;
    // Another thread may have taken the last room.
    const crowded = this.#chooseBest(tried, key, false);
    return crowded >= 0 ? crowded : chooseBackup(this.#candidates, tried);
  }

  onServerChange(index: number): void {
    this.#keyless.onServerChange(index);
    this.#noteWeight(index);
    const candidate = this.#candidates[index]!;
    const fullWeight = fullWeightOf(candidate);
    if (fullWeight === this.#fullWeights[index]! && candidate.hashName === this.#names[index]!) return;
    this.#fullWeights[index] = fullWeight;
    this.#isStale = true;
  }

  onResponse(): void {}

  /** The low bits of a key are its first slot, the others its odd stride: so a walk comes to every slot. */
  #walk(tried: Bitmap | null, key: number): number {
    const owners = this.#owners;
    const stride = ((key >>> SLOT_BITS) << 1) | 1;
    let slot = key & (SLOT_COUNT - 1);
    for (let i = 0; i < PROBES_MAX; i++) {
      const owner = owners[slot]!;
      if (owner !== NO_OWNER && this.#takes(owner, tried, key)) return owner;
      slot = (slot + stride) & (SLOT_COUNT - 1);
    }
    return -1;
  }

  #takes(index: number, tried: Bitmap | null, key: number): boolean {
    const candidate = this.#candidates[index]!;
    if (!isEligibleToWait(candidate, index, tried)) return false;
    const full = this.#fullWeights[index]!;
    if (candidate.weight < full && unitOf(key, this.#ids[index]!) * full >= candidate.weight) return false;
    return this.#factor === 0 || this.#hasRoom(candidate);
  }

  #chooseBest(tried: Bitmap | null, key: number, isBounded: boolean): number {
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < this.#candidates.length; i++) {
      const candidate = this.#candidates[i]!;
      if (!isEligibleToWait(candidate, i, tried)) continue;
      if (isBounded && this.#factor !== 0 && !this.#hasRoom(candidate)) continue;
      const score = -Math.log(unitOf(key, this.#ids[i]!)) / candidate.weight;
      if (score > least || (score === least && this.#ids[i]! > this.#ids[best]!)) continue;
      least = score;
      best = i;
    }
    return best;
  }

  /** Rounded up, so that all together have room for more than there is. */
  #hasRoom({ weight, currentConns }: Candidate): boolean {
    const streams = (this.#view.servedConns + 1) * this.#factor;
    return currentConns < Math.ceil((streams * weight) / (100 * this.#usableWeightSum));
  }

  /** Where all weights have grown alike, as to sixteenths for a slowstart, every slot keeps its owner. */
  #renewSlots(): void {
    this.#isStale = false;
    const oldIds = this.#ids;
    for (const [i, { hashName }] of this.#candidates.entries()) this.#names[i] = hashName;
    this.#ids = serverIds(this.#names);
    const hasNewNames = this.#ids.some((id, i) => id !== oldIds[i]);
    const first = this.#slotWeights.findIndex((weight) => weight > 0);
    const scale = first < 0 ? 0 : this.#fullWeights[first]! / this.#slotWeights[first]!;
    const isAlike = (weight: number, i: number) => weight === this.#slotWeights[i]! * scale;
    if (!hasNewNames && this.#fullWeights.every(isAlike)) return;
    const changed = Array.from(
      oldIds,
      (id, i) => id !== this.#ids[i]! || this.#fullWeights[i] !== this.#slotWeights[i],
    );
    this.#slotWeights.set(this.#fullWeights);
    this.#owners = renewedOwners(this.#owners, this.#ids, this.#slotWeights, changed);
  }

  #noteWeight(index: number): void {
    const { usable, weight, isBackup } = this.#candidates[index]!;
    const counted = usable && !isBackup ? weight : 0;
    this.#usableWeightSum += counted - this.#usableWeights[index]!;
    this.#usableWeights[index] = counted;
  }
}

/** What slots are dealt out by. */
function fullWeightOf({ wholeWeight, isBackup, hashName }: Candidate): number {
  return isBackup || hashName === "" ? 0 : wholeWeight;
}
