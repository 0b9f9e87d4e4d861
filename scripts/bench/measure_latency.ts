/**
 * latency: percentiles at a rate that all can serve, beside those of the backend without a proxy.
 *
 * @module
 */
import { caseOf } from "./cases.ts";
import { type BenchContext, textOf, withRows } from "./live_row.ts";
import { type OpenLoopResult, runOpenLoop } from "./open_loop.ts";
import { rowsOf } from "./peers.ts";
import type { Absence, Column, MeasurementFigures, MeasurementRow } from "./results.ts";
import { median, percentile, rotate } from "./statistics.ts";

const PLAN = { connections: 32, requestsPerS: 4_000, seconds: 5 } as const;

/** What is measured is a proxy that has run for a while: those that compile as they go have done so by then. */
const FIRST_WARM_SECONDS = 6;

/** Later than this at the 99th percentile, and the tails are the machine's. */
const LATE_MS_MAX = 5;

/** Of every table of latencies. */
export const PERCENTILES: readonly Column[] = [
  { key: "p50Ms", title: "p50 ms", digits: 2 },
  { key: "p99Ms", title: "p99 ms", digits: 2 },
  { key: "p999Ms", title: "p99.9 ms", digits: 2 },
];

const COLUMNS: readonly Column[] = [
  ...PERCENTILES,
  { key: "lateP50Ms", title: "generator late p50 ms", digits: 2 },
  { key: "lateP99Ms", title: "late p99 ms", digits: 2 },
];

/** A row, or the backend itself. */
export interface Target {
  readonly row: string;
  readonly port: number;
}

export async function measureLatency(
  backendPort: number,
  context: BenchContext,
): Promise<MeasurementFigures> {
  const bench = caseOf("http-keepalive");
  const plan = { rows: rowsOf(bench, context.options.peers), bench, scope: "latency", backendPort };
  return await withRows(plan, context, async (live, absences) => {
    const targets: Target[] = [
      ...live.map(({ row, port }) => ({ row: row.name, port })),
      { row: "no proxy", port: backendPort },
    ];
    const rows = await measureTargets(targets, absences, context);
    const { requestsPerS, connections, seconds } = PLAN;
    const method =
      `${requestsPerS} requests/s over ${connections} connections for ${seconds} s, from a generator in Deno; ` +
      `medians over ${context.options.rounds} rounds, after ${FIRST_WARM_SECONDS} s of the same (1 s from the second round on). The last columns are the generator's own lateness, part of the latencies.`;
    return { method, columns: COLUMNS, summary: ["p99Ms"], rows, notes: describeStalls(rows), absences };
  });
}

async function measureTargets(
  targets: readonly Target[],
  absences: Absence[],
  context: BenchContext,
): Promise<MeasurementRow[]> {
  const { rounds } = context.options;
  const runs = new Map<Target, OpenLoopResult[]>(targets.map((target) => [target, []]));
  for (let round = 0; round < rounds; round++) {
    for (const target of rotate(targets, round)) {
      try {
        const seconds = round === 0 ? FIRST_WARM_SECONDS : 1;
        await runOpenLoop({ ...PLAN, port: target.port, seconds }, context.signal);
        const run = await runOpenLoop({ ...PLAN, port: target.port }, context.signal);
        runs.get(target)?.push(run);
        context.report(
          `latency ${round + 1}/${rounds}: ${target.row} p99 ${
            percentile(run.latenciesMs, 99).toFixed(2)
          } ms`,
        );
      } catch (error) {
        context.signal.throwIfAborted();
        absences.push({ row: target.row, reason: `round ${round + 1}: ${textOf(error)}` });
      }
    }
  }
  return targets.flatMap((target) => toLatencyRow(target.row, runs.get(target) ?? []));
}

/** A word of caution when the machine held up the generator itself; pure. */
export function describeStalls(rows: readonly MeasurementRow[]): string[] {
  const lateMs = Math.max(0, ...rows.map(({ figures }) => figures.lateP99Ms ?? 0));
  if (lateMs <= LATE_MS_MAX) return [];
  return [
    `The generator itself was late by up to ${
      lateMs.toFixed(0)
    } ms (p99): others kept the processors busy, and p99 and p99.9 ` +
    "here are those of the machine, not of the proxies.",
  ];
}

/** Percentiles of each run, medians over the runs; pure. */
export function toLatencyRow(row: string, runs: readonly OpenLoopResult[]): MeasurementRow[] {
  if (runs.length === 0) return [];
  const middle = (key: "latenciesMs" | "latenessMs", percent: number) =>
    median(runs.map((run) => percentile(run[key], percent)));
  const faults = runs.flatMap(({ unanswered, faults }, i) => [
    ...(unanswered > 0 ? [`round ${i + 1}: ${unanswered} requests were not answered in time`] : []),
    ...faults.map((fault) => `round ${i + 1}: ${fault}`),
  ]);
  return [{
    row,
    figures: {
      p50Ms: middle("latenciesMs", 50),
      p99Ms: middle("latenciesMs", 99),
      p999Ms: middle("latenciesMs", 99.9),
      lateP50Ms: middle("latenessMs", 50),
      lateP99Ms: middle("latenessMs", 99),
    },
    faults,
  }];
}
