/**
 * Reads what wrk prints after a run: requests done, rate, latency percentiles and everything that went wrong.
 *
 * Pure, since a benchmark that misreads its tool measures nothing; tests hold real outputs. wrk is a closed loop: a slow answer delays
 * the next request, so its percentiles are kinder than those of independent clients.
 *
 * @module
 */

export interface WrkResult {
  /** Answers received, those with an error status included. */
  readonly requests: number;
  readonly durationS: number;
  readonly requestsPerS: number;
  /** Null without --latency, or when no request was answered. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** Failures in words ("socket errors: read 3"); empty for a clean run. */
  readonly faults: readonly string[];
}

const UNIT_US: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

/** @throws when the text has no summary, as when wrk could not connect. */
export function parseWrkOutput(text: string): WrkResult {
  const summary = /^\s*(\d+) requests in ([\d.]+(?:us|ms|s|m|h)),/m.exec(text);
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text);
  if (summary === null || rate === null) {
    throw new Error(`wrk printed no summary: ${text.trim().split("\n").at(-1) ?? ""}`);
  }
  const requests = Number(summary[1]);
  const faults = parseFaults(text);
  if (requests === 0) faults.push("no request was answered");
  return {
    requests,
    durationS: parseDurationUs(summary[2]) / 1_000_000,
    requestsPerS: Number(rate[1]),
    p50Us: requests === 0 ? null : parsePercentile(text, "50"),
    p99Us: requests === 0 ? null : parsePercentile(text, "99"),
    faults,
  };
}

/** Microseconds of wrk's "612.00us", "1.03ms", "2.10s". @throws for anything else. */
export function parseDurationUs(text: string): number {
  const match = /^([\d.]+)(us|ms|s|m|h)$/.exec(text);
  const value = match === null ? NaN : Number(match[1]);
  if (match === null || Number.isNaN(value)) throw new Error(`Not a duration of wrk: "${text}"`);
  return value * UNIT_US[match[2]];
}

function parsePercentile(text: string, percent: string): number | null {
  const match = new RegExp(`^\\s*${percent}(?:\\.0+)?%\\s+([\\d.]+(?:us|ms|s|m|h))\\s*$`, "m").exec(text);
  return match === null ? null : parseDurationUs(match[1]);
}

function parseFaults(text: string): string[] {
  const faults: string[] = [];
  const sockets = /^\s*Socket errors: (.+)$/m.exec(text);
  if (sockets !== null) {
    // wrk prints all four counters as soon as one is not zero.
    const counts = sockets[1].split(",").map((part) => part.trim()).filter((part) => !part.endsWith(" 0"));
    if (counts.length > 0) faults.push(`socket errors: ${counts.join(", ")}`);
  }
  const statuses = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text);
  if (statuses !== null && statuses[1] !== "0") faults.push(`${statuses[1]} answers not 2xx or 3xx`);
  return faults;
}
