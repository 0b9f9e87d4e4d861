/**
 * A proxy that runs before the backend, and what all cases and measurements share.
 *
 * @module
 */
import type { BenchCase } from "./cases.ts";
import type { ProxyPlan } from "./configurations.ts";
import type { BenchOptions } from "./options.ts";
import { prepareRow, reasonToSkip, type Row, type RowLaunch, rowsOf } from "./peers.ts";
import { waitUntilReady } from "./probe.ts";
import { findFreePorts, RunningProgram } from "./process.ts";
import type { Programs } from "./programs.ts";
import type { Absence, RowSetup } from "./results.ts";
import { runWrk } from "./wrk.ts";

const WARM_UP_S = 1;

/** What all cases share. */
export interface BenchContext {
  readonly options: BenchOptions;
  readonly programs: Programs;
  /** Emptied by the caller. */
  readonly directory: string;
  readonly maxConnections: number;
  readonly signal: AbortSignal;
  /** A line of progress. */
  readonly report: (line: string) => void;
}

export interface LiveRow {
  readonly row: Row;
  readonly port: number;
  /** Of a row that was asked to have it. */
  readonly bulkPort: number | null;
  readonly program: RunningProgram;
  readonly setup: RowSetup;
}

/** Starts the row, asks it by hand, warms it up with wrk. `scope` names its directory: one per case or measurement. */
export async function startOrExplain(
  row: Row,
  bench: BenchCase,
  scope: string,
  backendPort: number,
  context: BenchContext,
  hasBulk = false,
): Promise<LiveRow | Absence> {
  const reason = reasonToSkip(row, bench, context.programs);
  if (reason !== null) return { row: row.name, reason };
  const { launch, port, bulkPort } = await layOut(row, bench, scope, backendPort, context, hasBulk);
  const program = new RunningProgram(launch);
  try {
    await waitUntilReady(program, port, bench, context.signal);
    await runWrk(bench, port, WARM_UP_S, context);
  } catch (error) {
    await program.stop();
    context.signal.throwIfAborted();
    return { row: row.name, reason: textOf(error) };
  }
  const setup = { row: row.name, description: launch.description, said: program.stderrText };
  return { row, port, bulkPort, program, setup };
}

/** A free port, and a directory with the row's configuration. */
export async function layOut(
  row: Row,
  bench: BenchCase,
  scope: string,
  backendPort: number,
  context: BenchContext,
  hasBulk = false,
): Promise<{ launch: RowLaunch; port: number; bulkPort: number | null }> {
  const [port, second] = findFreePorts(2);
  const bulkPort = hasBulk ? second : null;
  const plan: ProxyPlan = {
    mode: bench.mode,
    port,
    backendPort,
    isLogged: row.isLogged,
    isForwarding: context.options.isForwarding,
    maxConnections: context.maxConnections,
    clients: bench.connections,
    variant: row.variant,
    bulkPort,
  };
  const directory = await makeDirectory(context, `${scope}-${row.name}`);
  return { launch: await prepareRow(row, plan, { ...context, directory }), port, bulkPort };
}

/** What rows that run side by side stand before. */
export interface RowsPlan {
  readonly rows: readonly Row[];
  readonly bench: BenchCase;
  /** Names their directories. */
  readonly scope: string;
  readonly backendPort: number;
  /** Whether each listens on a second port, {@linkcode LiveRow.bulkPort}. @default {false} */
  readonly hasBulk?: boolean;
}

/** Starts all rows, runs `measure` on those that live, and stops them; who cannot start is an absence. */
export async function withRows<T>(
  { rows, bench, scope, backendPort, hasBulk = false }: RowsPlan,
  context: BenchContext,
  measure: (live: readonly LiveRow[], absences: Absence[]) => Promise<T>,
): Promise<T> {
  const live: LiveRow[] = [];
  const absences: Absence[] = [];
  try {
    for (const row of rows) {
      const started = await startOrExplain(row, bench, scope, backendPort, context, hasBulk);
      if ("reason" in started) absences.push(started);
      else live.push(started);
    }
    return await measure(live, absences);
  } finally {
    await Promise.all(live.map(({ program }) => program.stop()));
  }
}

/** Runs `measure` on each peer, one after another, each started for it; one that fails is an absence. */
export async function forEachRow<T>(
  bench: BenchCase,
  scope: string,
  backendPort: number,
  context: BenchContext,
  measure: (live: LiveRow) => Promise<T>,
): Promise<{ done: T[]; absences: Absence[] }> {
  const done: T[] = [];
  const absences: Absence[] = [];
  for (const row of rowsOf(bench, context.options.peers)) {
    const live = await startOrExplain(row, bench, scope, backendPort, context);
    if ("reason" in live) {
      absences.push(live);
      continue;
    }
    try {
      done.push(await measure(live));
    } catch (error) {
      context.signal.throwIfAborted();
      absences.push({ row: row.name, reason: textOf(error) });
    } finally {
      await live.program.stop();
    }
  }
  return { done, absences };
}

export async function makeDirectory(context: BenchContext, name: string): Promise<string> {
  const directory = `${context.directory}/${name}`;
  await Deno.mkdir(directory);
  return directory;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
