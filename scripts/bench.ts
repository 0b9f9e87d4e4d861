/**
 * Measures hadro, HAProxy, nginx and others side by side in one run: CPU time per request first, then rate, latency, memory, start.
 *
 * CPU time, since it is the cost of a proxy that depends least on what else the machine does; side by side, since two runs on two days
 * compare the days. All proxies stand before the same backend, get the same load from wrk in rotating order, and are compared within a
 * round. `deno task bench --help` lists the flags, scripts/bench/cases.ts the cases.
 *
 * The report goes to stdout, progress to stderr. Whatever was started is stopped, and its files removed, at an error and a signal too.
 *
 * @module
 */
import { CASES } from "./bench/cases.ts";
import { connectionsFor } from "./bench/configurations.ts";
import type { BenchContext } from "./bench/live_row.ts";
import { renderDocument } from "./bench/document.ts";
import { type BenchOptions, HELP, parseOptions, UsageError } from "./bench/options.ts";
import { settlePeers } from "./bench/optional_peers.ts";
import { findPrograms, readVersions } from "./bench/programs.ts";
import { renderReport } from "./bench/report.ts";
import type { BenchResult, CaseResult, Machine, MeasurementResult } from "./bench/results.ts";
import { runMeasurements } from "./bench/run_measurements.ts";
import { runCase, startBackend } from "./bench/runner.ts";

/** 128 and the signal's number, as a shell reports it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The person, or the system, called the run off. */
class CalledOff extends Error {
  constructor(readonly exitCode: number) {
    super("called off");
  }
}

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const abort = new AbortController();
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    Deno.addSignalListener(name as keyof typeof EXIT_CODES, () => abort.abort(new CalledOff(code)));
  }
  try {
    if (Deno.build.os !== "linux") throw new UsageError("CPU time is read from /proc: Linux only");
    const options = parseOptions(Deno.args);
    if (options === null) {
      write(Deno.stdout, HELP);
      return 0;
    }
    const result = await bench(options, abort.signal);
    const report = renderReport(result);
    if (options.jsonFile !== null) {
      await Deno.writeTextFile(options.jsonFile, `${JSON.stringify(result, null, 1)}\n`);
    }
    if (options.markdownFile !== null) await writeDocument(options.markdownFile, result);
    write(Deno.stdout, report);
    const isWhole = result.cases.every(hasMeasured) &&
      result.measurements.every(hasFigures);
    return isWhole ? 0 : 1;
  } catch (error) {
    // Whatever broke because of the signal, the signal is the reason.
    if (abort.signal.reason instanceof CalledOff) return abort.signal.reason.exitCode;
    if (!(error instanceof UsageError)) throw error;
    write(Deno.stderr, `bench: ${error.message}\n`);
    return 1;
  }
}

/** In the form that `deno fmt --check` asks of every document. */
async function writeDocument(file: string, result: BenchResult): Promise<void> {
  await Deno.writeTextFile(file, renderDocument(result, Deno.args));
  const args = ["fmt", "--quiet", "--no-config", "--line-width", "110", "--ext", "md", file];
  await new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "null" }).output();
}

/** A peer may be missing, as nginx without its stream module; what is to be compared may not. */
function hasMeasured({ subject, samples }: CaseResult): boolean {
  return samples.length > 0 && (subject === null || samples.some(({ row }) => row === subject));
}

/** The same of the other measurements. */
function hasFigures({ rows, absences }: MeasurementResult): boolean {
  return rows.length > 0 && !absences.some(({ row }) => row === "hadro");
}

async function bench(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  const programs = await findPrograms(options);
  const versions = await readVersions(programs);
  const loadBefore = Deno.loadavg();
  const directory = await Deno.makeTempDir({ prefix: "hadro-bench-" });
  const context: BenchContext = {
    options,
    programs,
    directory,
    maxConnections: connectionsFor(await readOpenFilesMax()),
    signal,
    report: (line) => write(Deno.stderr, `bench: ${line}\n`),
  };
  try {
    // Workers of nginx that root started run as another user and must get to the backend's file.
    await Deno.chmod(directory, 0o755);
    const { peers, absences } = await settlePeers(options, programs, directory, signal);
    const results = await runCases({ ...context, options: { ...options, peers } });
    const machine = await readMachine(loadBefore);
    return { date: new Date().toISOString(), machine, versions, options, ...results, absences };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function runCases(
  context: BenchContext,
): Promise<Pick<BenchResult, "backend" | "cases" | "measurements">> {
  const chosen = CASES.filter(({ name }) => context.options.cases.includes(name));
  const backend = await startBackend(context, chosen[0] ?? CASES[0]);
  try {
    const cases: CaseResult[] = [];
    for (const item of chosen) cases.push(await runCase(item, backend.port, context));
    const measurements = await runMeasurements(backend.port, context);
    return { backend: backend.config, cases, measurements };
  } finally {
    await backend.stop();
  }
}

async function readMachine(loadBefore: number[]): Promise<Machine> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    // Processors of ARM have no name there.
    cpu: /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? "unnamed CPU",
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
    loadBefore,
    loadAfter: Deno.loadavg(),
  };
}

/** The hard limit: the programs raise their own up to it. */
async function readOpenFilesMax(): Promise<number> {
  const limits = await Deno.readTextFile("/proc/self/limits");
  const count = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? NaN);
  return Number.isNaN(count) ? Infinity : count;
}

function write(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  let bytes = new TextEncoder().encode(text);
  // A pipe takes what fits.
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
