/**
 * What a run of the benchmark leaves behind: the shape of the JSON file, and what the report is made of.
 *
 * @module
 */
import type { BenchOptions } from "./options.ts";

/** One run of wrk against one row in one round. */
export interface Sample {
  readonly row: string;
  readonly round: number;
  readonly requests: number;
  readonly requestsPerS: number;
  /** CPU time of the proxy, all threads and processes, over the run. */
  readonly cpuNs: number;
  /** Which files of /proc it is from: schedstat is exact, stat counts ticks. */
  readonly cpuSource: "schedstat" | "stat";
  /** Null when no request was answered. */
  readonly cpuUsPerRequest: number | null;
  /** CPUs that the proxy kept busy: near 1 means that one thread was its limit. */
  readonly cpuShare: number;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** In words; empty for a clean run. */
  readonly faults: readonly string[];
}

/** A row without figures, or without all of them. */
export interface Absence {
  readonly row: string;
  readonly reason: string;
}

export interface RowSetup {
  readonly row: string;
  /** The command line and its configuration. */
  readonly description: string;
  /** What the program said on stderr until it was ready. */
  readonly said: string;
}

export interface CaseResult {
  readonly name: string;
  readonly about: string;
  readonly wrk: string;
  readonly subject: string | null;
  /** Of those that were measured at least once. */
  readonly rows: readonly string[];
  readonly setups: readonly RowSetup[];
  readonly samples: readonly Sample[];
  readonly absences: readonly Absence[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly architecture: string;
  /** Load averages before and after: who else was there. */
  readonly loadBefore: readonly number[];
  readonly loadAfter: readonly number[];
}

export interface BenchResult {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly options: BenchOptions;
  readonly backend: string;
  readonly cases: readonly CaseResult[];
}
