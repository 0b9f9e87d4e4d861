/**
 * Least connections: the server with the fewest streams for its weight (HAProxy's and nginx's leastconn). Among equally loaded ones, as
 * are all when there is little to do, the choice is smooth by weight, so that each gets its share at any load.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { type Balancer, type BalanceView, type Candidate, chooseBackup, isEligible } from "./candidate.ts";
import { startCredits } from "./smooth.ts";

/** See the module's text. */
export class LeastConn implements Balancer {
  readonly #candidates: readonly Candidate[];
  /** As in round robin, but only servers that are equally loaded take part. */
  readonly #credits: Int32Array;

  constructor(candidates: readonly Candidate[], view: BalanceView) {
    this.#candidates = candidates;
    this.#credits = startCredits(candidates, view);
  }

  choose(tried: Bitmap | null): number {
    let least = -1;
    for (let i = 0; i < this.#candidates.length; i++) {
      if (!isEligible(this.#candidates[i], i, tried)) continue;
      if (least < 0 || isLessLoaded(this.#candidates[i], this.#candidates[least])) least = i;
    }
    return least < 0 ? chooseBackup(this.#candidates, tried) : this.#chooseAmongEqual(least, tried);
  }

  onServerChange(index: number): void {
    if (!this.#candidates[index].usable) this.#credits[index] = 0;
  }

  onResponse(): void {}

  #chooseAmongEqual(least: number, tried: Bitmap | null): number {
    let chosen = -1;
    let sum = 0;
    for (let i = least; i < this.#candidates.length; i++) {
      const candidate = this.#candidates[i];
      if (!isEligible(candidate, i, tried) || isLessLoaded(this.#candidates[least], candidate)) continue;
      sum += candidate.weight;
      this.#credits[i] += candidate.weight;
      if (chosen < 0 || this.#credits[i] > this.#credits[chosen]) chosen = i;
    }
    this.#credits[chosen] -= sum;
    return chosen;
  }
}

/** Compares connections per weight, without dividing. */
export function isLessLoaded(a: Candidate, b: Candidate): boolean {
  return a.currentConns * b.weight < b.currentConns * a.weight;
}
