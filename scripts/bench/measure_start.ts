/**
 * start: how long a program takes until it serves, and what it has in memory then.
 *
 * @module
 */
import { caseOf } from "./cases.ts";
import { readResidentBytes } from "./cpu_time.ts";
import { KeepaliveClient } from "./keepalive_client.ts";
import { type BenchContext, layOut, textOf } from "./live_row.ts";
import { type Row, rowsOf } from "./peers.ts";
import { RunningProgram, sleep } from "./process.ts";
import type { Absence, Column, MeasurementFigures, MeasurementRow } from "./results.ts";
import { median, rotate } from "./statistics.ts";

const STARTS = 5;
const START_MS_MAX = 10_000;
const SETTLE_MS = 500;

const COLUMNS: readonly Column[] = [
  { key: "connectionMs", title: "first connection ms", digits: 0 },
  { key: "answerMs", title: "first answer ms", digits: 0 },
  { key: "residentMb", title: "MB after it", digits: 1 },
];

interface Start {
  readonly connectionMs: number;
  readonly answerMs: number;
  readonly residentBytes: number;
}

export async function measureStart(backendPort: number, context: BenchContext): Promise<MeasurementFigures> {
  const rows = rowsOf(caseOf("http-keepalive"), context.options.peers);
  const starts = new Map<Row, Start[]>(rows.map((row) => [row, []]));
  const absences: Absence[] = [];
  for (let round = 0; round < STARTS; round++) {
    for (const row of rotate(rows, round)) {
      try {
        starts.get(row)?.push(await startOnce(row, round, backendPort, context));
      } catch (error) {
        context.signal.throwIfAborted();
        absences.push({ row: row.name, reason: `start ${round + 1}: ${textOf(error)}` });
      }
    }
    context.report(`start ${round + 1}/${STARTS}`);
  }
  const done = rows.flatMap((row) => toMedians(row, starts.get(row) ?? []));
  const method =
    `Medians of ${STARTS} starts, files in the page cache; a connection is tried every millisecond or two.`;
  return { method, columns: COLUMNS, summary: ["answerMs", "residentMb"], rows: done, notes: [], absences };
}

function toMedians(row: Row, starts: readonly Start[]): MeasurementRow[] {
  if (starts.length === 0) return [];
  return [{
    row: row.name,
    figures: {
      connectionMs: median(starts.map(({ connectionMs }) => connectionMs)),
      answerMs: median(starts.map(({ answerMs }) => answerMs)),
      residentMb: median(starts.map(({ residentBytes }) => residentBytes)) / 1_000_000,
    },
    faults: [],
  }];
}

async function startOnce(
  row: Row,
  round: number,
  backendPort: number,
  context: BenchContext,
): Promise<Start> {
  const bench = caseOf("http-keepalive");
  const { launch, port } = await layOut(row, bench, `start-${round}`, backendPort, context);
  const beganMs = performance.now();
  const program = new RunningProgram(launch);
  try {
    const client = await connect(program, port, beganMs + START_MS_MAX, context);
    try {
      const connectionMs = performance.now() - beganMs;
      await client.get();
      const answerMs = performance.now() - beganMs;
      await sleep(SETTLE_MS, context.signal);
      return { connectionMs, answerMs, residentBytes: await readResidentBytes(program.pid) };
    } finally {
      client.close();
    }
  } finally {
    await program.stop();
  }
}

async function connect(
  program: RunningProgram,
  port: number,
  limitMs: number,
  context: BenchContext,
): Promise<KeepaliveClient> {
  for (;;) {
    try {
      return await KeepaliveClient.open(port);
    } catch {
      if (program.hasEnded || performance.now() > limitMs) {
        throw new Error(`did not listen: ${program.stderrText.trim().slice(-300)}`);
      }
    }
    await sleep(1, context.signal);
  }
}
