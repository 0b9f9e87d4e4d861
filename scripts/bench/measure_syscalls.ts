/**
 * syscalls: how often a proxy asks the kernel for something, per request.
 *
 * strace slows a proxy down by an order of magnitude, so more is ready whenever it looks: its waits serve more requests than without.
 *
 * @module
 */
import { type BenchCase, caseOf } from "./cases.ts";
import { listTree } from "./cpu_time.ts";
import { type BenchContext, forEachRow, type LiveRow, makeDirectory } from "./live_row.ts";
import { rowsOf } from "./peers.ts";
import { RunningProgram, sleep } from "./process.ts";
import type { Absence, Column, MeasurementFigures, MeasurementRow } from "./results.ts";
import { describeCalls, parseStraceSummary } from "./strace_output.ts";
import { runWrk } from "./wrk.ts";

const CASE_NAMES = ["http-keepalive", "http-new"] as const;
const TRACED_S = 1;
const ATTACH_MS_MAX = 3_000;

const COLUMNS: readonly Column[] = CASE_NAMES.map((name) => ({ key: name, title: name, digits: 2 }));

interface Trace {
  readonly row: string;
  readonly calls: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly faults: readonly string[];
}

export async function measureSyscalls(
  backendPort: number,
  context: BenchContext,
): Promise<MeasurementFigures> {
  const { strace } = context.programs;
  if (strace === null) throw new Error("strace was not found");
  const traces = new Map<string, Trace[]>();
  const absences: Absence[] = [];
  for (const name of CASE_NAMES) {
    const bench = caseOf(name);
    const trace = (live: LiveRow) => traceRow(live, bench, strace, context);
    const result = await forEachRow(bench, `syscalls-${name}`, backendPort, context, trace);
    traces.set(name, result.done);
    absences.push(...result.absences.map(({ row, reason }) => ({ row, reason: `${name}: ${reason}` })));
  }
  const names = rowsOf(caseOf("http-keepalive"), context.options.peers).map(({ name }) => name);
  const notes = [...traces].flatMap(([name, list]) =>
    list.map(({ row, calls, requests }) => `${name}, ${row}: ${describeCalls(calls, requests)}`)
  );
  const method =
    `\`strace -c -f -p PID\` on all processes of a proxy during wrk runs of ${TRACED_S} s, after a second without it. ` +
    "strace slows a proxy down, so more is ready whenever it looks: without it there are more waits.";
  const rows = names.flatMap((row) => toRow(row, traces));
  return { method, columns: COLUMNS, summary: CASE_NAMES, rows, notes, absences };
}

function toRow(row: string, traces: ReadonlyMap<string, readonly Trace[]>): MeasurementRow[] {
  const figures: Record<string, number | null> = {};
  const faults: string[] = [];
  for (const [name, list] of traces) {
    const trace = list.find((item) => item.row === row);
    const total = [...trace?.calls.values() ?? []].reduce((sum, count) => sum + count, 0);
    figures[name] = trace === undefined ? null : total / trace.requests;
    faults.push(...(trace?.faults ?? []).map((fault) => `${name}: ${fault}`));
  }
  return Object.values(figures).every((figure) => figure === null) ? [] : [{ row, figures, faults }];
}

async function traceRow(
  live: LiveRow,
  bench: BenchCase,
  file: string,
  context: BenchContext,
): Promise<Trace> {
  const cwd = await makeDirectory(context, `strace-${bench.name}-${live.row.name}`);
  const pids = await listTree(live.program.pid);
  const args = ["-c", "-f", "-o", "summary", ...pids.flatMap((pid) => ["-p", String(pid)])];
  const strace = new RunningProgram({ file, args, cwd });
  try {
    await waitUntilAttached(strace, pids.length, context);
    const { requests, faults } = await runWrk(bench, live.port, TRACED_S, context);
    await strace.stop();
    if (requests === 0) throw new Error("no request was answered under strace");
    const calls = parseStraceSummary(await Deno.readTextFile(`${cwd}/summary`));
    context.report(`syscalls ${bench.name}: ${live.row.name} ${describeCalls(calls, requests)}`);
    return { row: live.row.name, calls, requests, faults };
  } finally {
    await strace.stop();
  }
}

async function waitUntilAttached(
  strace: RunningProgram,
  count: number,
  context: BenchContext,
): Promise<void> {
  const limitMs = performance.now() + ATTACH_MS_MAX;
  while (strace.stderrText.split(" attached").length <= count) {
    if (strace.hasEnded || performance.now() > limitMs) {
      throw new Error(`strace did not attach: ${strace.stderrText.trim().slice(-200)}`);
    }
    await sleep(20, context.signal);
  }
}
