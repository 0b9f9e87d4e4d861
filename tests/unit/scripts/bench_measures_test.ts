/**
 * What measurements make of their runs: bulk transfers, small requests beside bulk, and the ratio to hadro.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { caseOf } from "../../../scripts/bench/cases.ts";
import { toBulkRow } from "../../../scripts/bench/measure_bulk.ts";
import { mixedRows, toMixedRow } from "../../../scripts/bench/measure_mixed.ts";
import { rowsOf } from "../../../scripts/bench/peers.ts";
import { withRatio, withRatioOf } from "../../../scripts/bench/ratios.ts";
import { bodyLength } from "../../../scripts/bench/sink_server.ts";

describe("toBulkRow", () => {
  it("has medians over the rounds", () => {
    const transfers = [0.5, 0.9, 0.6].map((cpuSPerGib, round) => ({ round, cpuSPerGib, seconds: 2 }));
    expect(toBulkRow("hadro", transfers)).toEqual([{
      row: "hadro",
      figures: { cpuSPerGib: 0.6, cpuSPerGibMin: 0.5, cpuSPerGibMax: 0.9, mibPerS: 512 },
      faults: [],
    }]);
    expect(toBulkRow("hadro", [])).toEqual([]);
  });
});

describe("mixed", () => {
  it("has hadro twice, and who has a second listener", () => {
    const rows = mixedRows(rowsOf(caseOf("http-keepalive"), ["hadro", "haproxy", "nginx", "caddy"]));
    expect(rows.map(({ name, isPreferred }) => [name, isPreferred ?? false])).toEqual([
      ["hadro", false],
      ["hadro-prio", true],
      ["haproxy", false],
      ["nginx", false],
    ]);
  });
  it("has latencies of the small ones and the rate of the bulk", () => {
    const run = { latenciesMs: [1, 2, 3], latenessMs: [0], unanswered: 0, faults: [], bulkFaults: [] };
    const [row] = toMixedRow("nginx", [
      { ...run, bulkMibPerS: 100 },
      { ...run, bulkMibPerS: 300, bulkFaults: ["socket errors: read 1"] },
    ]);
    expect(row.figures).toMatchObject({ p50Ms: 2, p99Ms: 3, lateP99Ms: 0, bulkMibPerS: 200 });
    expect(row.faults).toEqual(["round 2, bulk: socket errors: read 1"]);
    expect(toMixedRow("nginx", [])).toEqual([]);
  });
});

describe("ratios", () => {
  const rowOf = (row: string, bytes: number | null) => ({ row, figures: { bytes }, faults: [] });
  it("are hadro by each other row", () => {
    const rows = withRatio([rowOf("hadro", 30), rowOf("haproxy", 20), rowOf("nginx", null)], "bytes");
    expect(rows.map(({ figures }) => figures.ratio)).toEqual([null, 1.5, null]);
    expect(rows[0].figures.bytes).toBe(30);
  });
  it("are nothing without hadro", () => {
    expect(withRatio([rowOf("haproxy", 20)], "bytes")[0].figures.ratio).toBeNull();
  });
  it("are taken within rounds", () => {
    const measures = {
      hadro: [{ round: 0, value: 10 }, { round: 1, value: 100 }],
      nginx: [{ round: 1, value: 50 }],
    };
    const rows = withRatioOf(
      [rowOf("hadro", 1), rowOf("nginx", 1)],
      (row) => measures[row as keyof typeof measures],
    );
    expect(rows[1].figures.ratio).toBe(2);
  });
});

describe("bodyLength", () => {
  it("is what the head says", () => {
    expect(bodyLength("POST / HTTP/1.1\r\ncontent-length: 1073741824\r\n\r\n")).toBe(1_073_741_824);
    expect(bodyLength("GET / HTTP/1.1\r\nX-Content-Length: 3\r\n\r\n")).toBe(0);
  });
});
