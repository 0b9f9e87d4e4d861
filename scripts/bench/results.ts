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
  /** What was not as the case says. */
  readonly notes: readonly string[];
}

/** A figure that a measurement has of each row. */
export interface Column {
  readonly key: string;
  /** With its unit. */
  readonly title: string;
  /** Behind the point. */
  readonly digits: number;
}

export interface MeasurementRow {
  readonly row: string;
  /** By key of the column; null where there is none. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** In words; empty when all went well. */
  readonly faults: readonly string[];
}

/** What is measured besides CPU time per request. */
export interface MeasurementResult extends MeasurementFigures {
  readonly name: string;
  readonly about: string;
}

export interface MeasurementFigures {
  /** How, in a sentence or two. */
  readonly method: string;
  readonly columns: readonly Column[];
  /** Keys of the columns that the summary of the document shows. */
  readonly summary: readonly string[];
  readonly rows: readonly MeasurementRow[];
  /** Details, a line each. */
  readonly notes: readonly string[];
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
  readonly measurements: readonly MeasurementResult[];
  /** Peers that were not there at all. */
  readonly absences: readonly Absence[];
}
