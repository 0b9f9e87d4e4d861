/**
 * Medians and the ratio of runs that lie side by side in time; pure.
 *
 * Machines that measure are shared: their speed drifts by more than what is looked for. Two runs of one round met the same machine, so
 * the ratio is taken within a round first, and the median over the rounds after.
 *
 * @module
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A figure, and the round it was measured in. */
export interface Measure {
  readonly round: number;
  readonly value: number;
}

/** @throws for no value, which has no median. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("No median of no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that this share of all values does not exceed: the nearest rank. @throws for no value. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error("No percentile of no values");
  const sorted = Float64Array.from(values).sort();
  // 99.9 % of 1000 is a little more than 999 in binary.
  const rank = Math.ceil((percent / 100) * sorted.length - 1e-6);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1];
}

/** Null when there is no value. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Over the rounds in which both were measured: value of the subject by value of the other. */
export function pairwiseRatio(subject: readonly Measure[], other: readonly Measure[]): Spread | null {
  const ratios: number[] = [];
  for (const { round, value } of subject) {
    const peer = other.find((measure) => measure.round === round);
    if (peer !== undefined && peer.value > 0) ratios.push(value / peer.value);
  }
  return spreadOf(ratios);
}

/** The list, beginning with another element each round: who runs first, or after whom, favours nobody. */
export function rotate<T>(list: readonly T[], round: number): T[] {
  const start = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
