/**
 * The report, in Markdown that reads as well in a terminal: machine, versions, a table per case, the configurations; pure.
 *
 * @module
 */
import { renderMeasurement } from "./report_measurements.ts";
import type { BenchResult, CaseResult, Sample } from "./results.ts";
import { type Measure, pairwiseRatio, type Spread, spreadOf } from "./statistics.ts";
import { table } from "./table.ts";

const HEAD = [
  "proxy",
  "CPU us/request",
  "min..max",
  "requests/s",
  "CPUs busy",
  "p50 ms",
  "p99 ms",
] as const;

/** The whole report. */
export function renderReport(result: BenchResult): string {
  const parts = [
    "# hadro and its peers side by side",
    renderMachine(result),
    renderReading(result),
    ...renderConfigurations(result),
    ...result.cases.flatMap(renderCase),
    ...result.measurements.flatMap(renderMeasurement),
    renderVerdict(result),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The texts that all programs ran with. */
export function renderConfigurations(result: BenchResult): string[] {
  return [
    "## Configurations",
    "Verbatim, as they ran; one process each, one directory each. Ports were free ones.",
    fence("backend: nginx -p . -e stderr -c nginx.conf", result.backend),
    ...renderSetups(result.cases),
  ];
}

/** The table of a case, and below it what disturbed it. */
export function renderCase(result: CaseResult): string[] {
  const subject = result.subject;
  const hasRatio = subject !== null && result.rows.includes(subject);
  const head = hasRatio ? [...HEAD, `${subject} / proxy`, "min..max"] : [...HEAD];
  const rows = result.rows.map((row) => {
    const ratio = hasRatio ? ratioCells(result, subject, row) : [];
    return [...figureCells(result.samples.filter((sample) => sample.row === row), row), ...ratio];
  });
  return [
    `## ${result.name}`,
    `${result.about}: \`${result.wrk}\``,
    table([head, ...rows]),
    ...renderNotes(result),
  ];
}

/** The measures of a row by round, without runs that answered nothing. */
export function measuresOf(samples: readonly Sample[], row: string): Measure[] {
  return samples.flatMap((sample) =>
    sample.row === row && sample.cpuUsPerRequest !== null
      ? [{ round: sample.round, value: sample.cpuUsPerRequest }]
      : []
  );
}

/** Date, machine, versions, and who is missing. */
export function renderMachine({ date, machine, versions, options, absences }: BenchResult): string {
  const { cpu, cores, kernel, architecture, loadBefore, loadAfter } = machine;
  const load = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(" ");
  return [
    `- date: ${date}`,
    `- machine: ${cores} cores, ${cpu}, ${architecture}, Linux ${kernel}`,
    `- load averages: ${load(loadBefore)} before, ${load(loadAfter)} after`,
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
    ...absences.map(({ row, reason }) => `- not measured: ${row}: ${reason}`),
    `- ${options.rounds} rounds of ${options.seconds} s`,
  ].join("\n");
}

/** What the figures are. */
export function renderReading({ options }: BenchResult): string {
  const forwarded = options.isForwarding
    ? "All proxies add X-Forwarded-For, -Proto and -Host."
    : "hadro and Caddy add X-Forwarded-For, -Proto and -Host; HAProxy, nginx and http-proxy do not (`--forwarded`: they do).";
  return [
    "CPU time is that of the proxy alone, all threads and processes, user and system, by answers that wrk counted. Figures are",
    "medians over the rounds; a ratio is the median of the ratios within each round, below 1.00 where the first is cheaper. wrk, the",
    "proxy and the backend share the machine's cores, so requests/s and latency say less than CPU time. wrk waits for an answer",
    "before it asks again: its percentiles hide what a stall would do to others.",
    forwarded,
    "http-new: HAProxy with `http-reuse safe`, and hadro as it, open a connection to the backend for a client's first request; nginx",
    "reuses one that it has, so it does less there. active-5000: each may keep as many idle connections to the backend as there are",
    "clients. All proxies have one thread for the work (Caddy: GOMAXPROCS=1), hadro-2 has two.",
  ].join("\n");
}

function renderSetups(cases: readonly CaseResult[]): string[] {
  const shown = new Set<string>();
  const parts: string[] = [];
  for (const { name, setups } of cases) {
    for (const { row, description, said } of setups) {
      // Cases differ in ports, seldom in more.
      const key = `${row} ${description.replaceAll(/127\.0\.0\.1:\d+/g, "")}`;
      if (shown.has(key)) continue;
      shown.add(key);
      const words = said.trim() === "" ? "" : `\n# it said:\n${said.trim().replaceAll(/^/gm, "#   ")}\n`;
      parts.push(fence(`${row}, first in ${name}`, `${description}${words}`));
    }
  }
  return parts;
}

function fence(title: string, text: string): string {
  return `${title}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\``;
}

function figureCells(samples: readonly Sample[], row: string): string[] {
  const cpu = spreadOf(measuresOf(samples, row).map(({ value }) => value));
  const hasFaults = samples.some(({ faults }) => faults.length > 0);
  const middle = (values: (number | null)[], digits: number) =>
    spreadOf(values.filter((value) => value !== null))?.median.toFixed(digits) ?? "-";
  return [
    hasFaults ? `${row} (!)` : row,
    cpu?.median.toFixed(1) ?? "-",
    renderRange(cpu, 1),
    middle(samples.map(({ requestsPerS }) => requestsPerS), 0),
    middle(samples.map(({ cpuShare }) => cpuShare), 2),
    middle(samples.map(({ p50Us }) => p50Us === null ? null : p50Us / 1_000), 2),
    middle(samples.map(({ p99Us }) => p99Us === null ? null : p99Us / 1_000), 2),
  ];
}

function ratioCells(result: CaseResult, subject: string, row: string): string[] {
  if (row === subject) return ["", ""];
  const ratio = pairwiseRatio(measuresOf(result.samples, subject), measuresOf(result.samples, row));
  return [ratio?.median.toFixed(2) ?? "-", renderRange(ratio, 2)];
}

function renderRange(spread: Spread | null, digits: number): string {
  return spread === null ? "-" : `${spread.min.toFixed(digits)}..${spread.max.toFixed(digits)}`;
}

function renderNotes({ samples, absences, notes }: CaseResult): string[] {
  const faults = samples.flatMap(({ row, round, faults, requests }) =>
    faults.map((fault) => `- (!) ${row}, round ${round + 1}: ${fault} (${requests} requests)`)
  );
  const lines = [
    ...notes.map((note) => `- ${note}`),
    ...absences.map(({ row, reason }) => `- not measured: ${row}: ${reason}`),
    ...faults,
  ];
  return lines.length === 0 ? [] : [lines.join("\n")];
}

/** How many runs there were, and how many went wrong. */
export function renderVerdict({ cases, measurements, absences }: BenchResult): string {
  const runs = cases.flatMap(({ samples }) => samples);
  const faulty = runs.filter(({ faults }) => faults.length > 0).length;
  const absent = [{ absences }, ...cases, ...measurements].reduce(
    (sum, item) => sum + item.absences.length,
    0,
  );
  return `${runs.length} runs of wrk, ${faulty} with errors; ${measurements.length} measurements besides; ${absent} not measured.`;
}
