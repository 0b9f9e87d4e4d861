/**
 * Reads tests/fixtures/config/refusals.md: a sentence, then a block with a command line and what it writes to standard error.
 *
 * @module
 */

/** One block. */
export interface Refusal {
  /** The sentence above the block, without its full stop. */
  readonly title: string;
  /** The command line, as `tests/support/config/written.ts` reads it. */
  readonly line: string;
  /** All that is behind `hadro: `. */
  readonly report: string;
}

/** Returns the blocks of a Markdown text. */
export function readRefusals(markdown: string): Refusal[] {
  const blocks = markdown.matchAll(/^(\S.*)\.\n\n```text\n(.*)\nhadro: ([^]*?)\n```$/gm);
  return [...blocks].map(([, title, line, report]) => ({ title: title!, line: line!, report: report! }));
}
