/**
 * What can be wrong with a header block: a code, words for the log, and how far the damage goes.
 *
 *     codes                  damage                                          answer
 *     up to EXCESSIVE_LIST   the tables of both ends may differ from now on  the connection ends, COMPRESSION_ERROR
 *     EXCESSIVE_LIST         the peer makes hadro work beyond measure        the connection ends, ENHANCE_YOUR_CALM
 *     after it               none: the tables are right                      this request alone: 431
 *
 * May import: nothing.
 *
 * @module
 */

/** Codes of errors; stable within one version of hadro only. */
export const HpackError = {
  NONE: 0,
  TRUNCATED: 1,
  INTEGER_TOO_LARGE: 2,
  BAD_INDEX: 3,
  BAD_HUFFMAN: 4,
  BAD_PADDING: 5,
  LATE_SIZE_UPDATE: 6,
  SIZE_UPDATE_TOO_LARGE: 7,
  MISSING_SIZE_UPDATE: 8,
  EXCESSIVE_LIST: 9,
  LIST_TOO_LARGE: 10,
  TOO_MANY_FIELDS: 11,
} as const;

const WORDS: readonly string[] = [
  "no error",
  "header block that ends inside a field",
  "integer above 2^27-1 or longer than 5 bytes in a header block",
  "index in a header block that no table has",
  "Huffman code that means nothing",
  "Huffman text with wrong padding",
  "table size update after the first field of a header block",
  "table size update above the announced size",
  "no table size update after the announced size became smaller",
  "header list many times larger than allowed",
  "header list too large",
  "too many headers",
];

/** Returns what an error code means, in words for the log. */
export function describeHpackError(code: number): string {
  return WORDS[code] ?? `unknown header block error ${code}`;
}

/** Whether the connection cannot go on: the tables of both ends may differ, or the peer means harm. */
export function isFatalHpackError(code: number): boolean {
  return code !== HpackError.NONE && code <= HpackError.EXCESSIVE_LIST;
}
