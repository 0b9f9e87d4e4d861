/**
 * The tables of the measurements besides CPU time per request; pure.
 *
 * @module
 */
import type { Column, MeasurementResult, MeasurementRow } from "./results.ts";
import { table } from "./table.ts";

/** Heading, table, and below it what disturbed it. */
export function renderMeasurement(result: MeasurementResult): string[] {
  const { name, about, method, columns, rows, notes, absences } = result;
  const lines = [
    ...notes.map((note) => `- ${note}`),
    ...absences.map(({ row, reason }) => `- not measured: ${row}: ${reason}`),
    ...rows.flatMap(({ row, faults }) => faults.map((fault) => `- (!) ${row}: ${fault}`)),
  ];
  const head = ["proxy", ...columns.map(({ title }) => title)];
  return [
    `## ${name}`,
    `${about}. ${method}`,
    ...(rows.length === 0 ? [] : [table([head, ...rows.map((row) => cellsOf(row, columns))])]),
    ...(lines.length === 0 ? [] : [lines.join("\n")]),
  ];
}

function cellsOf({ row, figures, faults }: MeasurementRow, columns: readonly Column[]): string[] {
  const name = faults.length > 0 ? `${row} (!)` : row;
  return [name, ...columns.map(({ key, digits }) => figures[key]?.toFixed(digits) ?? "-")];
}
