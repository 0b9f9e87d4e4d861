/**
 * The document of a run and the tables of other measurements.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import {
  renderDocument,
  renderRepetition,
  renderSummary,
  summarizeMeasurements,
} from "../../../scripts/bench/document.ts";
import { parseOptions } from "../../../scripts/bench/options.ts";
import { renderReport } from "../../../scripts/bench/report.ts";
import { renderMeasurement } from "../../../scripts/bench/report_measurements.ts";
import type { BenchResult, CaseResult, MeasurementResult, Sample } from "../../../scripts/bench/results.ts";

function sample(row: string, cpuUsPerRequest: number): Sample {
  return {
    row,
    round: 0,
    requests: 1_000,
    requestsPerS: 500,
    cpuNs: 1,
    cpuSource: "schedstat",
    cpuUsPerRequest,
    cpuShare: 0.5,
    p50Us: 1_500,
    p99Us: null,
    faults: [],
  };
}

function caseResult(name: string, samples: Sample[]): CaseResult {
  return {
    name,
    about: "what it is",
    wrk: "wrk URL",
    subject: "hadro",
    rows: samples.map(({ row }) => row),
    setups: [],
    samples,
    absences: [],
    notes: [],
  };
}

const MEASUREMENT: MeasurementResult = {
  name: "start",
  about: "how long",
  method: "Five times.",
  columns: [{ key: "ms", title: "first ms", digits: 1 }, { key: "mb", title: "MB", digits: 0 }],
  summary: ["ms"],
  rows: [
    { row: "hadro", figures: { ms: 12.34, mb: null }, faults: [] },
    { row: "nginx", figures: { ms: 5, mb: 8 }, faults: ["it was slow"] },
  ],
  notes: ["a detail"],
  absences: [{ row: "caddy", reason: "it is away" }],
};

const CASE_RESULTS = [
  caseResult("http-new", [sample("hadro", 30), sample("caddy", 99.96)]),
  caseResult("tcp-new", [sample("hadro", 12)]),
];

function resultOf(args: string[]): BenchResult {
  const options = parseOptions(args);
  if (options === null) throw new Error("help");
  return {
    date: "2026-01-02",
    machine: {
      cpu: "a CPU",
      cores: 2,
      kernel: "6",
      architecture: "x86_64",
      loadBefore: [1],
      loadAfter: [2],
    },
    versions: { hadro: "1.2.3" },
    options,
    backend: "events {}",
    cases: CASE_RESULTS,
    measurements: [MEASUREMENT],
    absences: [{ row: "node-http-proxy", reason: "no node" }],
  };
}

describe("renderMeasurement", () => {
  const text = renderMeasurement(MEASUREMENT).join("\n\n");
  it("is a table with what disturbed it below", () => {
    expect(text).toContain("| hadro     |     12.3 |   - |");
    expect(text).toContain("| nginx (!) |      5.0 |   8 |");
    expect(text).toContain("- a detail\n- not measured: caddy: it is away\n- (!) nginx: it was slow");
  });
  it("has no table without a row", () => {
    const empty = renderMeasurement({ ...MEASUREMENT, rows: [] }).join("\n");
    expect(empty).not.toContain("|");
    expect(empty).toContain("not measured: caddy");
  });
});

describe("renderSummary", () => {
  it("has a row per case, blank where a peer was not measured", () => {
    expect(renderSummary(CASE_RESULTS)[1].split("\n").slice(2)).toEqual([
      "| http-new |  30.0 | 100.0 |",
      "| tcp-new  |  12.0 |       |",
    ]);
  });
  it("shows the row with a log where logs are compared", () => {
    const result = caseResult("http-log", [sample("hadro-log", 14), sample("hadro", 12)]);
    expect(renderSummary([result])[1].split("\n")).toEqual([
      "| case     | hadro |",
      "| -------- | ----: |",
      "| http-log |  14.0 |",
    ]);
  });
  it("says when there was no case", () => expect(renderSummary([])).toEqual(["No case of load was run."]));
});

describe("summarizeMeasurements", () => {
  it("has a row per column that counts", () => {
    expect(
      summarizeMeasurements([MEASUREMENT, { ...MEASUREMENT, name: "other", summary: [] }])[1].split("\n"),
    ).toEqual([
      "| measurement     | hadro | nginx |",
      "| --------------- | ----: | ----: |",
      "| start: first ms |  12.3 |   5.0 |",
    ]);
  });
  it("is nothing where nothing was measured", () => {
    expect(summarizeMeasurements([])).toEqual([]);
    expect(summarizeMeasurements([{ ...MEASUREMENT, rows: [] }])).toEqual([]);
  });
});

describe("renderRepetition", () => {
  it("quotes for a shell", () => {
    const text = renderRepetition(["--rounds", "3", "--hadro-args", "it's", "--markdown", "docs/a.md"]);
    expect(text).toContain("\ndeno task bench --rounds 3 --hadro-args 'it'\\''s' --markdown docs/a.md\n");
    expect(renderRepetition([])).toContain("\ndeno task bench\n");
  });
  it("leaves out what changes no figure", () => {
    const text = renderRepetition([
      "--json=a",
      "--threads",
      "--note",
      "Full.",
      "--json",
      "b",
      "--rounds",
      "3",
    ]);
    expect(text).toContain("\ndeno task bench --threads --rounds 3\n");
  });
});

describe("renderDocument", () => {
  const text = renderDocument(resultOf(["--note", "Others worked on it."]), ["--threads"]);
  it("has machine, versions, note, tables, configurations, in this order", () => {
    const order = [
      "deno task bench --threads",
      "2 cores, a CPU",
      "- hadro: 1.2.3",
      "- not measured: node-http-proxy: no node",
      "Others worked on it.",
      "## Summary",
      "Other measurements:",
      "## http-new",
      "## start",
      "## Configurations",
      "3 runs of wrk",
    ].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
  it("counts what was not measured", () => {
    // 3 samples, one measurement; caddy in it and http-proxy in all.
    expect(text).toContain("3 runs of wrk, 0 with errors; 1 measurements besides; 2 not measured.");
  });
});

describe("renderReport", () => {
  it("has the tables last, where a terminal shows them", () => {
    const text = renderReport(resultOf([]));
    expect(text.indexOf("## start")).toBeGreaterThan(text.indexOf("## Configurations"));
  });
});
