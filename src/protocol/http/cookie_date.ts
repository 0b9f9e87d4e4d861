/**
 * Dates in HAProxy's persistence cookies: `s1|<last seen>|<first seen>`, each the seconds since 1970 in steps of four, 30 bits in five
 * letters of base64, the most significant first.
 *
 * May import: nothing.
 *
 * @module
 */

/** Letters of a date. */
export const DATE_LETTERS = 5;
/** What stands before a date. */
export const DATE_DELIMITER = 0x7c;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CODES: Uint8Array = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
const NO_LETTER = 0xff;
const VALUES: Uint8Array = buildValues();

/** Writes the date of this second, rounded up to the next step, at `at`; returns where it ends. */
export function writeCookieDate(out: Uint8Array, at: number, seconds: number): number {
  const steps = Math.floor((seconds + 3) / 4) & 0x3fff_ffff;
  for (let i = 0; i < DATE_LETTERS; i++) out[at + i] = CODES[(steps >>> (24 - 6 * i)) & 0x3f]!;
  return at + DATE_LETTERS;
}

/** Reads the date at `at`, of which all letters lie before `end`; 0 when it is none. */
export function readCookieDate(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < DATE_LETTERS) return 0;
  let steps = 0;
  for (let i = 0; i < DATE_LETTERS; i++) {
    const value = VALUES[bytes[at + i]!]!;
    if (value === NO_LETTER) return 0;
    steps = (steps << 6) | value;
  }
  return steps * 4;
}

function buildValues(): Uint8Array {
  const values = new Uint8Array(256).fill(NO_LETTER);
  for (let i = 0; i < CODES.length; i++) values[CODES[i]!] = i;
  return values;
}
