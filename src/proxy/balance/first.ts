/**
 * First: the first server that can be used, in the order written (HAProxy's first): with maxconn, the next one only when it is full.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { type Balancer, type Candidate, chooseBackup, isEligible } from "./candidate.ts";

/** See the module's text. */
export class First implements Balancer {
  readonly #candidates: readonly Candidate[];

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
  }

  choose(tried: Bitmap | null): number {
    for (let i = 0; i < this.#candidates.length; i++) {
      if (isEligible(this.#candidates[i], i, tried)) return i;
    }
    return chooseBackup(this.#candidates, tried);
  }

  onServerChange(): void {}

  onResponse(): void {}
}
