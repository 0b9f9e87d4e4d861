/**
 * Random with two choices: draws two servers by weight, takes the less loaded (HAProxy's random(2)). It needs no shared state, so many
 * proxies in front of the same servers do not choose in step.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import type { Prng } from "../../base/prng.ts";
import { type Balancer, type Candidate, chooseBackup, isEligible } from "./candidate.ts";
import { isLessLoaded } from "./least_conn.ts";

/** See the module's text. */
export class RandomTwo implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #prng: Prng;

  constructor(candidates: readonly Candidate[], prng: Prng) {
    this.#candidates = candidates;
    this.#prng = prng;
  }

  choose(tried: Bitmap | null): number {
    let sum = 0;
    for (let i = 0; i < this.#candidates.length; i++) {
      if (isEligible(this.#candidates[i], i, tried)) sum += this.#candidates[i].weight;
    }
    if (sum === 0) return chooseBackup(this.#candidates, tried);
    const one = this.#draw(this.#prng.nextBelow(sum), tried);
    const other = this.#draw(this.#prng.nextBelow(sum), tried);
    return isLessLoaded(this.#candidates[other], this.#candidates[one]) ? other : one;
  }

  onServerChange(): void {}

  onResponse(): void {}

  /** The eligible server at a place of the summed weights. */
  #draw(place: number, tried: Bitmap | null): number {
    let rest = place;
    for (let i = 0; i < this.#candidates.length; i++) {
      if (!isEligible(this.#candidates[i], i, tried)) continue;
      rest -= this.#candidates[i].weight;
      if (rest < 0) return i;
    }
    return -1;
  }
}
