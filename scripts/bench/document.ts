/**
 * The document of a run, docs/benchmarks.md: a summary, how to repeat it, the tables, the configurations at the end; pure.
 *
 * @module
 */
import {
  measuresOf,
  renderCase,
  renderConfigurations,
  renderMachine,
  renderReading,
  renderVerdict,
} from "./report.ts";
import { renderMeasurement } from "./report_measurements.ts";
import type { BenchResult, CaseResult, MeasurementResult } from "./results.ts";
import { spreadOf } from "./statistics.ts";
import { table } from "./table.ts";

/** `args`: the command line of this run. */
export function renderDocument(result: BenchResult, args: readonly string[]): string {
  const parts = [
    "# Benchmarks",
    "hadro and its peers side by side in one run: what they cost the machine, per request, connection and start. Written by\n" +
    "`scripts/bench.ts`, not by hand; every figure is from the run below.",
    "## How to repeat",
    renderRepetition(args),
    "## The machine",
    renderMachine(result),
    renderCaution(result),
    "## Summary",
    ...renderSummary(result.cases),
    ...summarizeMeasurements(result.measurements),
    "## How to read the figures",
    renderReading(result),
    ...result.cases.flatMap(renderCase),
    ...result.measurements.flatMap(renderMeasurement),
    ...renderConfigurations(result),
    renderVerdict(result),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The command line that made it, quoted for a shell, without what changes no figure. */
export function renderRepetition(args: readonly string[]): string {
  const telling = args.filter((arg, i) =>
    !/^--(note|json)(=|$)/.test(arg) && (i === 0 || !/^--(note|json)$/.test(args[i - 1]))
  );
  const quoted = telling.map((arg) => /^[\w./,=:-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);
  return [
    "```",
    "apt-get install -y haproxy nginx libnginx-mod-stream wrk    # caddy, nodejs npm, strace: as far as wanted",
    "deno task build",
    `deno task bench ${quoted.join(" ")}`.trimEnd(),
    "```",
    "",
    "`deno task bench --help` lists the flags: fewer cases or peers, longer runs, another hadro beside this one (`--base`), every\n" +
    "sample as JSON. Linux only.",
  ].join("\n");
}

/** CPU time per request of all cases, one row each; of a case about logs, that with a log. */
export function renderSummary(cases: readonly CaseResult[]): string[] {
  const rows = [...new Set(cases.flatMap((result) => result.rows))].filter((row) => !row.endsWith("-log"));
  if (rows.length === 0) return ["No case of load was run."];
  const lines = cases.map((result) => [
    result.name,
    ...rows.map((row) => {
      const shown = result.rows.includes(`${row}-log`) ? `${row}-log` : row;
      return spreadOf(measuresOf(result.samples, shown).map(({ value }) => value))?.median.toFixed(1) ?? "";
    }),
  ]);
  return ["CPU microseconds per request, medians:", table([["case", ...rows], ...lines])];
}

/** The columns of the other measurements that count most, one line each; the rows of hadro's variants are in their tables. */
export function summarizeMeasurements(measurements: readonly MeasurementResult[]): string[] {
  const shown = measurements.filter(({ rows, summary }) => rows.length > 0 && summary.length > 0);
  if (shown.length === 0) return [];
  const rows = [...new Set(shown.flatMap((result) => result.rows.map(({ row }) => row)))];
  const lines = shown.flatMap(({ name, summary, columns, rows: measured }) =>
    columns.filter(({ key }) => summary.includes(key)).map(({ key, title, digits }) => [
      `${name}: ${title}`,
      ...rows.map((row) => measured.find((one) => one.row === row)?.figures[key]?.toFixed(digits) ?? ""),
    ])
  );
  return ["Other measurements:", table([["measurement", ...rows], ...lines])];
}

/** What the load averages say of the others on the machine. */
function renderCaution({ machine, options }: BenchResult): string {
  const sentences = [
    `wrk, backend and proxy shared the ${machine.cores} cores: rates and latencies are those of a full machine. CPU time depends`,
    "least on that, but caches are shared too: ranges that overlap (min..max) mean that no difference was seen.",
  ];
  if (options.note !== null) sentences.push(options.note);
  return sentences.join("\n");
}
