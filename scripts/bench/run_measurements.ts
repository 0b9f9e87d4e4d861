/**
 * Runs the measurements that were chosen, one after another.
 *
 * @module
 */
import type { BenchContext } from "./live_row.ts";
import { measureHttpBulk, measureTcpBulk, measureUploadBulk } from "./measure_bulk.ts";
import { measureLatency } from "./measure_latency.ts";
import { measureMemory } from "./measure_memory.ts";
import { measureMixed } from "./measure_mixed.ts";
import { measureStart } from "./measure_start.ts";
import { measureSyscalls } from "./measure_syscalls.ts";
import { type Measurement, MEASUREMENTS } from "./measurements.ts";
import type { MeasurementFigures, MeasurementResult } from "./results.ts";

type Measure = (backendPort: number, context: BenchContext) => Promise<MeasurementFigures>;

const MEASURES: Readonly<Record<Measurement["name"], Measure>> = {
  "tcp-1g": measureTcpBulk,
  "http-1g": measureHttpBulk,
  "http-upload-1g": measureUploadBulk,
  "memory-idle": measureMemory,
  start: measureStart,
  latency: measureLatency,
  mixed: measureMixed,
  syscalls: measureSyscalls,
};

export async function runMeasurements(
  backendPort: number,
  context: BenchContext,
): Promise<MeasurementResult[]> {
  const results: MeasurementResult[] = [];
  for (const { name, about } of MEASUREMENTS) {
    if (!context.options.cases.includes(name)) continue;
    if (name === "syscalls" && context.programs.strace === null) continue;
    results.push({ name, about, ...await MEASURES[name](backendPort, context) });
  }
  return results;
}
