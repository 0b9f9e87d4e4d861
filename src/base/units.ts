/**
 * Durations and sizes as people write them.
 *
 *     duration   500ms 5s 1m 2h 1d, or a plain number of milliseconds (as HAProxy)
 *     size       16k 64m 1g, powers of 1,024, or a plain number of bytes; small letters or capitals
 *
 * May import: nothing.
 *
 * @module
 */

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 };

/** The longest duration: timers of the runtime hold 31 bits of milliseconds. */
export const DURATION_MS_MAX = 24 * 86_400_000;

/** The largest size, 1024g: what is counted in buffers of it still fits an array. */
export const SIZE_BYTES_MAX = 1_024 ** 4;

/** A text that is no duration or size; the message says what would be right. */
export class UnitError extends Error {
  override name = "UnitError";
}

/** Returns milliseconds, 0 to {@linkcode DURATION_MS_MAX}. @throws {UnitError} */
export function parseDurationMs(text: string): number {
  const value = parseWithUnit(text, DURATION_UNITS_MS);
  if (value === null) throw new UnitError(`"${text}" is no duration; write 500ms, 5s, 1m, 2h or 1d`);
  if (value > DURATION_MS_MAX) throw new UnitError(`"${text}" is too long; at most 24d`);
  return value;
}

/** Returns bytes, 0 to {@linkcode SIZE_BYTES_MAX}. @throws {UnitError} */
export function parseSizeBytes(text: string): number {
  const value = parseWithUnit(text.toLowerCase(), SIZE_UNITS);
  if (value === null) throw new UnitError(`"${text}" is no size; write 16k, 64m or 1g`);
  if (value > SIZE_BYTES_MAX) throw new UnitError(`"${text}" is too large; at most 1024g`);
  return value;
}

/** Returns the text in the largest unit that leaves a whole number, which parses back to the same: 90000 is "90s". */
export function formatDurationMs(valueMs: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = DURATION_UNITS_MS[unit];
    if (valueMs > 0 && valueMs % size === 0) return `${valueMs / size}${unit}`;
  }
  return `${valueMs}ms`;
}

/** Returns the text in the largest unit that leaves a whole number, which parses back to the same: 65536 is "64k". */
export function formatSizeBytes(bytes: number): string {
  for (const unit of ["g", "m", "k"]) {
    const size = SIZE_UNITS[unit];
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d{1,15})([a-z]*)$/.exec(text);
  if (match === null || !Object.hasOwn(units, match[2])) return null;
  return Number(match[1]) * units[match[2]];
}
