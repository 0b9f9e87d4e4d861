/**
 * The table of a case, from samples.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { measuresOf, renderCase } from "../../../scripts/bench/report.ts";
import type { CaseResult, Sample } from "../../../scripts/bench/results.ts";
import { table } from "../../../scripts/bench/table.ts";

function sample(row: string, round: number, cpuUsPerRequest: number | null): Sample {
  return {
    row,
    round,
    requests: cpuUsPerRequest === null ? 0 : 1_000,
    requestsPerS: 500,
    cpuNs: 1,
    cpuSource: "schedstat",
    cpuUsPerRequest,
    cpuShare: 0.5,
    p50Us: 1_500,
    p99Us: null,
    faults: cpuUsPerRequest === null ? ["no request was answered"] : [],
  };
}

const RESULT: CaseResult = {
  name: "http-new",
  about: "what it is",
  wrk: "wrk URL",
  subject: "hadro",
  rows: ["hadro", "nginx"],
  setups: [],
  samples: [
    sample("hadro", 0, 30),
    sample("nginx", 0, 20),
    sample("nginx", 1, null),
    sample("hadro", 1, 60),
    sample("hadro", 2, 40),
    sample("nginx", 2, 20),
  ],
  absences: [{ row: "haproxy", reason: "it is away" }],
  notes: ["fewer connections"],
};

describe("renderCase", () => {
  const text = renderCase(RESULT).join("\n");
  const cellsOf = (row: string) =>
    text.split("\n").find((line) => line.startsWith(`| ${row}`))?.split("|").map((cell) => cell.trim()).slice(
      1,
      -1,
    );
  it("shows medians, and the ratio within rounds", () => {
    expect(cellsOf("hadro ")).toEqual(["hadro", "40.0", "30.0..60.0", "500", "0.50", "1.50", "-", "", ""]);
    expect(cellsOf("nginx")?.slice(1, 3)).toEqual(["20.0", "20.0..20.0"]);
    expect(cellsOf("nginx")?.slice(-2)).toEqual(["1.75", "1.50..2.00"]);
  });
  it("flags what had errors and names what is missing", () => {
    expect(cellsOf("nginx")?.[0]).toBe("nginx (!)");
    expect(text).toContain("- (!) nginx, round 2: no request was answered (0 requests)");
    expect(text).toContain("- fewer connections\n- not measured: haproxy: it is away");
  });
  it("has no ratio without hadro", () => {
    expect(renderCase({ ...RESULT, subject: null }).join("\n")).not.toContain("/ proxy");
  });
});

describe("measuresOf", () => {
  it("leaves out runs without an answer", () => {
    expect(measuresOf(RESULT.samples, "nginx")).toEqual([{ round: 0, value: 20 }, { round: 2, value: 20 }]);
  });
});

describe("table", () => {
  it("aligns", () => {
    expect(table([["a", "figure"], ["long", "1"]])).toBe(
      "| a    | figure |\n| ---- | -----: |\n| long |      1 |",
    );
  });
});
