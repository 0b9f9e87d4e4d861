/**
 * Where smooth weighted choices begin: each thread somewhere else in the same round, so that the first streams of several threads do
 * not all go to the first server.
 *
 * May import: proxy/balance.
 *
 * @module
 */
import type { BalanceView, Candidate } from "./candidate.ts";

/** Returns the credits after the choices that the threads before this one would begin with. */
export function startCredits(candidates: readonly Candidate[], view: BalanceView): Int32Array {
  const credits = new Int32Array(candidates.length);
  const active = candidates.flatMap(({ isBackup, weight }, i) => !isBackup && weight > 0 ? [i] : []);
  const skipCount = Math.floor((active.length * view.thread) / view.threadCount);
  const sum = active.reduce((total, i) => total + candidates[i]!.weight, 0);
  for (let skipped = 0; skipped < skipCount; skipped++) {
    let chosen = active[0]!;
    for (const i of active) {
      credits[i]! += candidates[i]!.weight;
      if (credits[i]! > credits[chosen]!) chosen = i;
    }
    credits[chosen]! -= sum;
  }
  return credits;
}
