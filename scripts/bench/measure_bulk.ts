/**
 * tcp-1g, http-1g, http-upload-1g: what a GiB through one connection costs.
 *
 * @module
 */
import { download, upload } from "./bulk_client.ts";
import { type BenchCase, caseOf, HUGE_BODY_BYTES } from "./cases.ts";
import { takeCpuSnapshot } from "./cpu_time.ts";
import { type BenchContext, type LiveRow, textOf, withRows } from "./live_row.ts";
import { rowsOf } from "./peers.ts";
import { waitUntilReady } from "./probe.ts";
import { findFreePorts, RunningProgram, sleep } from "./process.ts";
import { measureCpu } from "./proc_stat.ts";
import { RATIO_COLUMN, withRatioOf } from "./ratios.ts";
import type { Absence, Column, MeasurementFigures, MeasurementRow } from "./results.ts";
import { median, rotate, spreadOf } from "./statistics.ts";

const GIB = 1_073_741_824;
/** A transfer that takes longer stands still. */
const TRANSFER_MS_MAX = 120_000;
const SETTLE_MS = 100;

const COLUMNS: readonly Column[] = [
  { key: "cpuSPerGib", title: "CPU s/GiB", digits: 3 },
  { key: "cpuSPerGibMin", title: "min", digits: 3 },
  { key: "cpuSPerGibMax", title: "max", digits: 3 },
  { key: "mibPerS", title: "MiB/s", digits: 0 },
  RATIO_COLUMN,
];

interface Transfer {
  readonly round: number;
  readonly cpuSPerGib: number;
  readonly seconds: number;
}

type Move = (port: number, signal: AbortSignal) => Promise<void>;

const DOWNLOAD: Move = (port, signal) => download(port, "/1g", HUGE_BODY_BYTES, signal);
const UPLOAD: Move = (port, signal) => upload(port, "/upload", HUGE_BODY_BYTES, signal);

export function measureTcpBulk(backendPort: number, context: BenchContext): Promise<MeasurementFigures> {
  return measureMoves("tcp-1g", caseOf("tcp-1m"), DOWNLOAD, backendPort, context);
}

export function measureHttpBulk(backendPort: number, context: BenchContext): Promise<MeasurementFigures> {
  return measureMoves("http-1g", caseOf("http-1m"), DOWNLOAD, backendPort, context);
}

/** Before a backend of its own, which drops what comes. */
export async function measureUploadBulk(_: number, context: BenchContext): Promise<MeasurementFigures> {
  const bench = caseOf("http-upload-1m");
  const [port] = findFreePorts(1);
  const script = new URL("sink_server.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-check", "--allow-net", script, String(port)];
  const sink = new RunningProgram({ file: Deno.execPath(), args, cwd: context.directory });
  try {
    await waitUntilReady(sink, port, bench, context.signal);
    return await measureMoves("http-upload-1g", bench, UPLOAD, port, context);
  } finally {
    await sink.stop();
  }
}

async function measureMoves(
  name: string,
  bench: BenchCase,
  move: Move,
  backendPort: number,
  context: BenchContext,
): Promise<MeasurementFigures> {
  const { rounds, peers } = context.options;
  const plan = { rows: rowsOf(bench, peers), bench, scope: name, backendPort };
  return await withRows(plan, context, async (live, absences) => {
    // Once without a proxy: the backend's file comes into the page cache, and no round is colder than another.
    await move(backendPort, context.signal);
    const transfers = new Map<string, Transfer[]>(live.map(({ row }) => [row.name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const entry of rotate(live, round)) {
        const done = await moveOrExplain(entry, move, round, context);
        if ("reason" in done) absences.push(done);
        else transfers.get(entry.row.name)?.push(done);
      }
      context.report(progressLine(name, round, rounds, transfers));
    }
    const rows = [...transfers].flatMap(([row, list]) => toBulkRow(row, list));
    const measuresOf = (row: string) =>
      (transfers.get(row) ?? []).map(({ round, cpuSPerGib }) => ({ round, value: cpuSPerGib }));
    const method =
      "CPU time of the proxy alone, one connection, medians over the rounds. The client, in Deno, shares the cores.";
    const compared = withRatioOf(rows, measuresOf);
    return { method, columns: COLUMNS, summary: ["cpuSPerGib"], rows: compared, notes: [], absences };
  });
}

async function moveOrExplain(
  { row, port, program }: LiveRow,
  move: Move,
  round: number,
  context: BenchContext,
): Promise<Transfer | Absence> {
  const limit = AbortSignal.timeout(TRANSFER_MS_MAX);
  try {
    const before = await takeCpuSnapshot(program.pid);
    const beganMs = performance.now();
    await move(port, AbortSignal.any([context.signal, limit]));
    const seconds = (performance.now() - beganMs) / 1_000;
    await sleep(SETTLE_MS, context.signal);
    const { ns } = measureCpu(before, await takeCpuSnapshot(program.pid));
    return { round, cpuSPerGib: ns / 1e9 / (HUGE_BODY_BYTES / GIB), seconds };
  } catch (error) {
    context.signal.throwIfAborted();
    const reason = limit.aborted ? `no end within ${TRANSFER_MS_MAX / 1_000} s` : textOf(error);
    return { row: row.name, reason: `round ${round + 1}: ${reason}` };
  }
}

/** Medians over the rounds; pure. */
export function toBulkRow(row: string, transfers: readonly Transfer[]): MeasurementRow[] {
  const spread = spreadOf(transfers.map(({ cpuSPerGib }) => cpuSPerGib));
  if (spread === null) return [];
  const figures = {
    cpuSPerGib: spread.median,
    cpuSPerGibMin: spread.min,
    cpuSPerGibMax: spread.max,
    mibPerS: HUGE_BODY_BYTES / 1_048_576 / median(transfers.map(({ seconds }) => seconds)),
  };
  return [{ row, figures, faults: [] }];
}

function progressLine(
  name: string,
  round: number,
  rounds: number,
  transfers: ReadonlyMap<string, readonly Transfer[]>,
): string {
  const parts = [...transfers].map(([row, list]) =>
    `${row} ${list.find((one) => one.round === round)?.cpuSPerGib.toFixed(2) ?? "-"}`
  );
  return `${name} ${round + 1}/${rounds}: ${parts.join(", ")} s/GiB`;
}
