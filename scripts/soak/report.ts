/**
 * The table at the end; pure.
 *
 * @module
 */
import type { Claim, Figure } from "./soak_case.ts";

/** What is longer was told in full when it happened. */
const CELL_CHARS_MAX = 100;

/** A finding and the case that it is of. */
export interface Row {
  readonly caseName: string;
  readonly finding: Figure | Claim;
}

/** Markdown that is aligned, so that a terminal shows a table too. */
export function renderTable(rows: readonly Row[]): string {
  const cells = [
    ["case", "claim or figure", "seen", "holds"],
    ...rows.map(({ caseName, finding }) => [caseName, finding.text, finding.seen, verdictOf(finding)]),
  ].map((row) => row.map(clip));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)));
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)));
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

function clip(text: string): string {
  const line = text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  return line.length > CELL_CHARS_MAX ? `${line.slice(0, CELL_CHARS_MAX)}…` : line;
}

function verdictOf(finding: Figure | Claim): string {
  if (finding.kind === "figure") return "";
  return finding.holds ? "yes" : "NO";
}
