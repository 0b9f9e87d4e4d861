/**
 * Least connections: the server with the fewest streams for its weight (HAProxy's leastconn). Among equals they take turns: the
 * scan begins behind the last choice.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { type Balancer, type Candidate, chooseBackup, isEligible } from "./candidate.ts";

/** See the module's text. */
export class LeastConn implements Balancer {
  readonly #candidates: readonly Candidate[];
  #last = -1;

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
  }

  choose(tried: Bitmap | null): number {
    const count = this.#candidates.length;
    let chosen = -1;
    for (let step = 1; step <= count; step++) {
      const i = (this.#last + step + count) % count;
      if (!isEligible(this.#candidates[i], i, tried)) continue;
      if (chosen < 0 || isLessLoaded(this.#candidates[i], this.#candidates[chosen])) chosen = i;
    }
    if (chosen < 0) return chooseBackup(this.#candidates, tried);
    this.#last = chosen;
    return chosen;
  }

  onServerChange(): void {}
}

/** Compares connections per weight without dividing; the next stream counts, so that an idle heavy server wins. */
export function isLessLoaded(a: Candidate, b: Candidate): boolean {
  return (a.currentConns + 1) * b.weight < (b.currentConns + 1) * a.weight;
}
