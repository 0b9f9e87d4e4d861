/**
 * Runs the measurements that were chosen, one after another.
 *
 * @module
 */
import type { BenchContext } from "./live_row.ts";
import { measureLatency } from "./measure_latency.ts";
import { measureMemory } from "./measure_memory.ts";
import { measureStart } from "./measure_start.ts";
import { measureSyscalls } from "./measure_syscalls.ts";
import { type Measurement, MEASUREMENTS } from "./measurements.ts";
import type { MeasurementFigures, MeasurementResult } from "./results.ts";

type Measure = (backendPort: number, context: BenchContext) => Promise<MeasurementFigures>;

const MEASURES: Readonly<Record<Measurement["name"], Measure>> = {
  "memory-idle": measureMemory,
  start: measureStart,
  latency: measureLatency,
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
