/**
 * Runs the cases: starts the proxies of a case side by side, warms each up, then lets wrk at them in turn, round after round.
 *
 * The proxies of a case live until its last round, so a round is only as long as its runs, and what disturbs the machine meets all of
 * them. Each case has new ones: what a program learned from one load, as hadro's compiler does, would colour the next.
 *
 * @module
 */
import {
  type BenchCase,
  fitConnections,
  HUGE_BODY_BYTES,
  LARGE_BODY_BYTES,
  secondsOf,
  wrkLine,
} from "./cases.ts";
import { backendConfig } from "./configurations.ts";
import { takeCpuSnapshot } from "./cpu_time.ts";
import { type BenchContext, type LiveRow, makeDirectory, textOf, withRows } from "./live_row.ts";
import { nginxLaunch, rowsOf, subjectOf } from "./peers.ts";
import { waitUntilReady } from "./probe.ts";
import { findFreePorts, RunningProgram, sleep } from "./process.ts";
import { measureCpu } from "./proc_stat.ts";
import type { Absence, CaseResult, Sample } from "./results.ts";
import { rotate } from "./statistics.ts";
import { runWrk } from "./wrk.ts";

/** After wrk: the ends of its connections belong to the run they come from. */
const SETTLE_MS = 100;

/** The one server behind all proxies. */
export interface Backend {
  readonly port: number;
  readonly config: string;
  stop(): Promise<void>;
}

export async function startBackend(context: BenchContext, bench: BenchCase): Promise<Backend> {
  const [port] = findFreePorts(1);
  const directory = await makeDirectory(context, "backend");
  const config = backendConfig(port, context.maxConnections);
  await Deno.writeTextFile(`${directory}/nginx.conf`, config);
  await Deno.writeFile(`${directory}/1m`, new Uint8Array(LARGE_BODY_BYTES).fill(0x2e));
  // Sparse: zeros that no disk holds.
  await Deno.writeFile(`${directory}/1g`, new Uint8Array(0));
  await Deno.truncate(`${directory}/1g`, HUGE_BODY_BYTES);
  const program = new RunningProgram(nginxLaunch(context.programs.nginx, directory));
  try {
    await waitUntilReady(program, port, bench, context.signal);
  } catch (error) {
    await program.stop();
    context.signal.throwIfAborted();
    throw new Error(`The backend ${textOf(error)}`);
  }
  return { port, config, stop: () => program.stop() };
}

/** A row that cannot start, or dies, is an absence; the others go on. */
export async function runCase(
  wanted: BenchCase,
  backendPort: number,
  context: BenchContext,
): Promise<CaseResult> {
  const { options, signal } = context;
  const { bench, notes } = fitConnections(wanted, context.maxConnections);
  const rows = rowsOf(bench, options.peers, options.hasThreads);
  const plan = { rows, bench, scope: bench.name, backendPort };
  const result = await withRows(plan, context, async (live, absences) => {
    const samples: Sample[] = [];
    for (let round = 0; round < options.rounds; round++) {
      for (const entry of rotate(live, round)) {
        const sample = await measureOrExplain(entry, bench, round, context);
        if ("reason" in sample) absences.push(sample);
        else samples.push(sample);
      }
      context.report(progressLine(bench, round, options.rounds, samples));
    }
    return {
      rows: live.map(({ row }) => row.name),
      setups: live.map(({ setup }) => setup),
      samples,
      absences,
    };
  });
  signal.throwIfAborted();
  return {
    name: bench.name,
    about: bench.about,
    wrk: wrkLine(bench, options.seconds),
    subject: subjectOf(rows)?.name ?? null,
    ...result,
    notes,
  };
}

async function measureOrExplain(
  live: LiveRow,
  bench: BenchCase,
  round: number,
  context: BenchContext,
): Promise<Sample | Absence> {
  try {
    return await measure(live, bench, round, context);
  } catch (error) {
    context.signal.throwIfAborted();
    const said = live.program.hasEnded ? `; it said: ${live.program.stderrText.trim().slice(-300)}` : "";
    return { row: live.row.name, reason: `round ${round + 1}: ${textOf(error)}${said}` };
  }
}

async function measure(
  live: LiveRow,
  bench: BenchCase,
  round: number,
  context: BenchContext,
): Promise<Sample> {
  const before = await takeCpuSnapshot(live.program.pid);
  const wrk = await runWrk(bench, live.port, secondsOf(bench, context.options.seconds), context);
  await sleep(SETTLE_MS, context.signal);
  const cpu = measureCpu(before, await takeCpuSnapshot(live.program.pid));
  return {
    row: live.row.name,
    round,
    requests: wrk.requests,
    requestsPerS: wrk.requestsPerS,
    cpuNs: cpu.ns,
    cpuSource: cpu.source,
    cpuUsPerRequest: wrk.requests === 0 ? null : cpu.ns / 1_000 / wrk.requests,
    cpuShare: cpu.ns / 1_000_000_000 / wrk.durationS,
    p50Us: wrk.p50Us,
    p99Us: wrk.p99Us,
    faults: wrk.faults,
  };
}

function progressLine(bench: BenchCase, round: number, rounds: number, samples: readonly Sample[]): string {
  const parts = samples.filter((sample) => sample.round === round).map(({ row, cpuUsPerRequest, faults }) =>
    `${row} ${cpuUsPerRequest?.toFixed(1) ?? "-"}${faults.length > 0 ? "!" : ""}`
  );
  return `${bench.name} ${round + 1}/${rounds}: ${parts.join(", ")} us/request`;
}
