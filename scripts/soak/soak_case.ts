/**
 * What a case of the soak is: a situation, the figures that it shows, and the claims that it holds or breaks.
 *
 * @module
 */

/** What was measured; for the reader to judge. */
export interface Figure {
  readonly kind: "figure";
  readonly text: string;
  readonly seen: string;
}

/** A sentence that is true or not. */
export interface Claim {
  readonly kind: "claim";
  readonly text: string;
  readonly seen: string;
  readonly holds: boolean;
}

/** How the cases are run. */
export interface SoakContext {
  readonly isQuick: boolean;
  /** Further flags for hadro. */
  readonly hadroArgs: readonly string[];
  readonly seed: number;
  /** How long the cases crash and chaos go on; null: as long as they find right. */
  readonly seconds: number | null;
  /** Stops `thing` when the case ends; what was kept last is stopped first. */
  keep<T extends AsyncDisposable>(thing: T): T;
  /** Progress, for who waits. */
  say(text: string): void;
}

export interface SoakCase {
  readonly name: string;
  /** One line for the help. */
  readonly text: string;
  run(context: SoakContext, findings: Findings): Promise<void>;
}

/** The findings of a case, in the order in which they were made. */
export class Findings {
  readonly all: (Figure | Claim)[] = [];

  figure(text: string, seen: string | number): void {
    this.all.push({ kind: "figure", text, seen: String(seen) });
  }

  claim(text: string, holds: boolean, seen: string | number): void {
    this.all.push({ kind: "claim", text, holds, seen: String(seen) });
  }

  get broken(): Claim[] {
    return this.all.filter((finding): finding is Claim => finding.kind === "claim" && !finding.holds);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs `work` for 0 to `count` - 1, at most `atOnce` of them at a time. The first error ends it. */
export async function runMany(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** Runs a case half of its time with one thread, half with two; as often as --hadro-args says where they say it (`threads` null). */
export async function runVariants(
  context: SoakContext,
  findings: Findings,
  times: { readonly usualSeconds: number; readonly quickSeconds: number },
  variant: (
    context: SoakContext,
    findings: Findings,
    threads: number | null,
    seconds: number,
  ) => Promise<void>,
): Promise<void> {
  const seconds = context.seconds ?? (context.isQuick ? times.quickSeconds : times.usualSeconds);
  findings.figure("seed", context.seed);
  const variants = context.hadroArgs.includes("--threads") ? [null] : [1, 2];
  for (const threads of variants) await variant(context, findings, threads, seconds / variants.length);
}

/** The value that `share` of all values do not exceed; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
