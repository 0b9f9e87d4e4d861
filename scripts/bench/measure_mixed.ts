/**
 * mixed: small requests at a fixed rate on one listener while answers of 1 MiB keep another listener of the same process busy.
 *
 * @module
 */
import { caseOf, LARGE_BODY_BYTES } from "./cases.ts";
import { type BenchContext, textOf, withRows } from "./live_row.ts";
import { type OpenLoopResult, runOpenLoop } from "./open_loop.ts";
import { describeStalls, PERCENTILES, type Target, toLatencyRow } from "./measure_latency.ts";
import { type Row, rowsOf } from "./peers.ts";
import { sleep } from "./process.ts";
import type { Absence, Column, MeasurementFigures, MeasurementRow } from "./results.ts";
import { median, percentile, rotate } from "./statistics.ts";
import { runWrk } from "./wrk.ts";

const PLAN = { connections: 16, requestsPerS: 1_000 } as const;
/** The bulk begins before the small requests, and ends after them. */
const LEAD_S = 1;
const LEAD_MS = 400;
/** Those that a second listener is written for. */
const PROGRAMS: readonly string[] = ["hadro", "base", "haproxy", "nginx"];

const COLUMNS: readonly Column[] = [
  ...PERCENTILES,
  { key: "lateP99Ms", title: "generator late p99 ms", digits: 2 },
  { key: "bulkMibPerS", title: "bulk MiB/s", digits: 0 },
];

/** Its second listener as well. */
interface MixedTarget extends Target {
  readonly bulkPort: number;
}

interface Run extends OpenLoopResult {
  readonly bulkMibPerS: number;
  readonly bulkFaults: readonly string[];
}

export async function measureMixed(backendPort: number, context: BenchContext): Promise<MeasurementFigures> {
  const { options } = context;
  const bench = caseOf("http-keepalive");
  const rows = mixedRows(rowsOf(bench, options.peers));
  const plan = { rows, bench, scope: "mixed", backendPort, hasBulk: true };
  return await withRows(plan, context, async (live, absences) => {
    const targets: MixedTarget[] = [
      ...live.map(({ row, port, bulkPort }) => ({ row: row.name, port, bulkPort: bulkPort ?? port })),
      { row: "no proxy", port: backendPort, bulkPort: backendPort },
    ];
    const done = await measureTargets(targets, absences, context);
    const { requestsPerS, connections } = PLAN;
    const method =
      `${requestsPerS} small requests/s over ${connections} connections for ${options.seconds} s, ` +
      `from a generator in Deno, beside \`wrk -t1 -c${
        caseOf("http-1m").connections
      }\` on the other listener; medians over ` +
      `${options.rounds} rounds. hadro-prio: the listener of the small ones has prio=high.`;
    return {
      method,
      columns: COLUMNS,
      summary: ["p99Ms"],
      rows: done,
      notes: describeStalls(done),
      absences,
    };
  });
}

/** hadro a second time, with priorities; pure. */
export function mixedRows(rows: readonly Row[]): Row[] {
  return rows.filter(({ program }) => PROGRAMS.includes(program)).flatMap((row) =>
    row.program === "hadro" ? [row, { ...row, name: "hadro-prio", isPreferred: true }] : [row]
  );
}

async function measureTargets(
  targets: readonly MixedTarget[],
  absences: Absence[],
  context: BenchContext,
): Promise<MeasurementRow[]> {
  const { rounds } = context.options;
  const runs = new Map<MixedTarget, Run[]>(targets.map((target) => [target, []]));
  for (let round = 0; round < rounds; round++) {
    for (const target of rotate(targets, round)) {
      try {
        const run = await runBoth(target, context);
        runs.get(target)?.push(run);
        const p99Ms = percentile(run.latenciesMs, 99).toFixed(2);
        context.report(`mixed ${round + 1}/${rounds}: ${target.row} p99 ${p99Ms} ms`);
      } catch (error) {
        context.signal.throwIfAborted();
        absences.push({ row: target.row, reason: `round ${round + 1}: ${textOf(error)}` });
      }
    }
  }
  return targets.flatMap(({ row }, i) => toMixedRow(row, runs.get(targets[i]) ?? []));
}

async function runBoth({ port, bulkPort }: MixedTarget, context: BenchContext): Promise<Run> {
  const { seconds } = context.options;
  const bulk = runWrk(caseOf("http-1m"), bulkPort, seconds + LEAD_S, context);
  try {
    await sleep(LEAD_MS, context.signal);
    const small = await runOpenLoop({ ...PLAN, port, seconds }, context.signal);
    const { requests, durationS, faults } = await bulk;
    return { ...small, bulkMibPerS: requests * LARGE_BODY_BYTES / 1_048_576 / durationS, bulkFaults: faults };
  } finally {
    // Whoever is measured next has the machine for itself.
    await bulk.catch(() => {});
  }
}

/** Latencies as in a run without bulk, and what the bulk had; pure. */
export function toMixedRow(row: string, runs: readonly Run[]): MeasurementRow[] {
  return toLatencyRow(row, runs).map(({ figures, faults }) => ({
    row,
    figures: { ...figures, bulkMibPerS: median(runs.map(({ bulkMibPerS }) => bulkMibPerS)) },
    faults: [
      ...faults,
      ...runs.flatMap(({ bulkFaults }, i) => bulkFaults.map((fault) => `round ${i + 1}, bulk: ${fault}`)),
    ],
  }));
}
