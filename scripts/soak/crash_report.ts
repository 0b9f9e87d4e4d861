/**
 * What the processes of the cases crash and chaos tell the one that runs it: a line of JSON each, on standard output.
 *
 * @module
 */

export interface Report {
  /** Of a server, first of all. */
  readonly port?: number;
  /** What was not what it should be, in words. */
  readonly wrong?: string;
  /** Of a server: requests that are with it, more than ever. */
  readonly most?: number;
  /** What is worth a look. */
  readonly note?: string;
  /** How often what was done, since the last report. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Written at once and whole: who says it may be killed the next moment. */
export function writeReport(report: Report): void {
  let bytes = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
