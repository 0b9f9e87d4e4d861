/**
 * Least time: the server that answers soonest, as far as one can tell: the average time of its answers × (its streams + 1), for its
 * weight. The average is exponential in time: what was HALF_LIFE_MS ago counts half.
 *
 *     server                      its time counts as
 *     never measured, idle        0: it is tried at once, by one stream
 *     never measured, busy        the average of all servers, until its first answer
 *     measured, busy              its average
 *     measured, idle              its average, halved every HALF_LIFE_MS since its last answer: however slow it was, it is tried
 *                                 again, by one stream, which makes it busy
 *
 * An error never counts as a quick answer: a server that fails at once would draw all traffic. Each thread measures for itself;
 * streams are counted over all threads. Among equals the choice is smooth by weight.
 *
 * May import: base, proxy/balance.
 *
 * @module
 */
import type { Bitmap } from "../../base/bitmap.ts";
import { type Balancer, type BalanceView, type Candidate, chooseBackup, isEligible } from "./candidate.ts";
import { startCredits } from "./smooth.ts";

/** After so long an old answer counts half. */
export const HALF_LIFE_MS = 5_000;
/** Answers of one turn come at the same time: each counts as if a little later than the one before. */
const STEP_MS_MIN = 1;
/** 0 means never measured. */
const TIME_MIN = 1;

/** See the module's text. Times of answers are whole microseconds. */
export class LeastTime implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #view: BalanceView;
  /** The average of each server, in microseconds; 0: never measured. The last place is that of all servers. */
  readonly #averages: Float64Array;
  /** When each was measured last. */
  readonly #measuredMs: Float64Array;
  /** Of the choice at hand. */
  readonly #costs: Float64Array;
  readonly #credits: Int32Array;

  constructor(candidates: readonly Candidate[], view: BalanceView) {
    this.#candidates = candidates;
    this.#view = view;
    this.#averages = new Float64Array(candidates.length + 1);
    this.#measuredMs = new Float64Array(candidates.length + 1);
    this.#costs = new Float64Array(candidates.length);
    this.#credits = startCredits(candidates, view);
  }

  choose(tried: Bitmap | null): number {
    let least = Infinity;
    for (let i = 0; i < this.#candidates.length; i++) {
      const candidate = this.#candidates[i]!;
      const cost = isEligible(candidate, i, tried) ? this.#cost(candidate, i) : Infinity;
      this.#costs[i] = cost;
      if (cost < least) least = cost;
    }
    return least === Infinity ? chooseBackup(this.#candidates, tried) : this.#chooseAmongEqual(least);
  }

  onServerChange(index: number): void {
    if (!this.#candidates[index]!.usable) this.#credits[index] = 0;
  }

  onResponse(index: number, elapsedUs: number, isError: boolean): void {
    const all = this.#candidates.length;
    const elapsed = isError ? Math.max(elapsedUs, this.#averages[all]!, this.#averages[index]!) : elapsedUs;
    this.#measure(index, Math.max(TIME_MIN, elapsed));
    this.#measure(all, Math.max(TIME_MIN, elapsed));
  }

  #measure(place: number, elapsedUs: number): void {
    const { nowMs } = this.#view;
    const average = this.#averages[place]!;
    const sinceMs = Math.max(STEP_MS_MIN, nowMs - this.#measuredMs[place]!);
    this.#averages[place] = average === 0
      ? elapsedUs
      : elapsedUs + (average - elapsedUs) * 2 ** (-sinceMs / HALF_LIFE_MS);
    this.#measuredMs[place] = nowMs;
  }

  #cost({ currentConns, weight }: Candidate, index: number): number {
    const average = this.#averages[index]!;
    if (currentConns > 0) {
      const busy = average === 0 ? this.#averages[this.#candidates.length]! : average;
      return (Math.max(TIME_MIN, busy) * (currentConns + 1)) / weight;
    }
    if (average === 0) return 0;
    return (average * 2 ** ((this.#measuredMs[index]! - this.#view.nowMs) / HALF_LIFE_MS)) / weight;
  }

  #chooseAmongEqual(least: number): number {
    let chosen = -1;
    let sum = 0;
    for (let i = 0; i < this.#candidates.length; i++) {
      if (this.#costs[i] !== least) continue;
      const { weight } = this.#candidates[i]!;
      sum += weight;
      this.#credits[i]! += weight;
      if (chosen < 0 || this.#credits[i]! > this.#credits[chosen]!) chosen = i;
    }
    this.#credits[chosen]! -= sum;
    return chosen;
  }
}
