/**
 * The column that compares: what a figure of hadro is by that of each other row; pure.
 *
 * @module
 */
import type { Column, MeasurementRow } from "./results.ts";
import { type Measure, pairwiseRatio } from "./statistics.ts";

const SUBJECT = "hadro";

export const RATIO_COLUMN: Column = { key: "ratio", title: "hadro / proxy", digits: 2 };

/** The rows with {@linkcode RATIO_COLUMN} filled: of the figure `key`. */
export function withRatio(rows: readonly MeasurementRow[], key: string): MeasurementRow[] {
  return withRatioOf(rows, (row) => {
    const value = rows.find((other) => other.row === row)?.figures[key] ?? null;
    return value === null ? [] : [{ round: 0, value }];
  });
}

/** The same from the measures of a row in each round, so that runs are compared that lie side by side in time. */
export function withRatioOf(
  rows: readonly MeasurementRow[],
  measuresOf: (row: string) => readonly Measure[],
): MeasurementRow[] {
  const subject = measuresOf(SUBJECT);
  return rows.map((row) => {
    const ratio = row.row === SUBJECT ? null : pairwiseRatio(subject, measuresOf(row.row))?.median ?? null;
    return { ...row, figures: { ...row.figures, [RATIO_COLUMN.key]: ratio } };
  });
}
