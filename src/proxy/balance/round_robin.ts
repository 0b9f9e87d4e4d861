/**
 * Smooth weighted round robin, as nginx does it: each choice adds every server's weight to its credit, the highest credit wins and pays
 * the sum. Over a round each server comes as often as its weight says, spread as evenly as can be: 5,1,1 gives a a b a c a a.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { type Balancer, type BalanceView, type Candidate, chooseBackup, isEligible } from "./candidate.ts";
import { startCredits } from "./smooth.ts";

/** See the module's text. A server that returns begins with no credit. */
export class RoundRobin implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #credits: Int32Array;

  constructor(candidates: readonly Candidate[], view: BalanceView) {
    this.#candidates = candidates;
    this.#credits = startCredits(candidates, view);
  }

  choose(tried: Bitmap | null): number {
    let chosen = -1;
    let sum = 0;
    for (let i = 0; i < this.#candidates.length; i++) {
      const candidate = this.#candidates[i];
      if (!isEligible(candidate, i, tried)) continue;
      sum += candidate.weight;
      this.#credits[i] += candidate.weight;
      if (chosen < 0 || this.#credits[i] > this.#credits[chosen]) chosen = i;
    }
    if (chosen < 0) return chooseBackup(this.#candidates, tried);
    this.#credits[chosen] -= sum;
    return chosen;
  }

  onServerChange(index: number): void {
    if (!this.#candidates[index].usable) this.#credits[index] = 0;
  }

  onResponse(): void {}
}
