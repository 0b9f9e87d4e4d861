/**
 * Rates as people write them.
 *
 *     rate    = [ key ":" ] count "/" [ number ] ( "s" / "m" / "h" ) [ ":burst=" count ]
 *     key     = ( "src" / "hdr:" name ) [ "@" path ] / "path:" path
 *
 *     100/s                     100 requests a second of each client
 *     src@/login:5/m:burst=3    of each client to /login and below: 5 a minute, 3 at once
 *     hdr:X-Api-Key:10/s        of each value of a header; requests without it are not limited
 *     path:/search:50/s         of all clients together
 *
 * The burst is `count` unless it is written. An IPv6 client counts as its /64: a single machine has that many addresses.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError, type WordPlace } from "./config_error.ts";
import type { RateConfig } from "./model_limits.ts";
import { readCount } from "./values.ts";

const PATTERN =
  /^(?:(?:(src)|hdr:([^:@]+))(?:@([^:]+))?:|path:([^:]+):)?(\d{1,9})\/(\d{0,5})(s|m|h)(?::burst=(\d{1,9}))?$/;
const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const PERIOD_MS_MAX = 24 * 3_600_000;

/** @throws {ConfigError} */
export function readRate(what: string, text: string, place: WordPlace): RateConfig {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what} "${text}": ${state}; write 100/s, 5/m:burst=2, hdr:X-Key:10/s, path:/login:5/m or src@/login:5/m`,
      place,
    );
  };
  const match = PATTERN.exec(text);
  if (match === null) return fail("it is no rate");
  const [, , header, scope, path, count, number, unit, burst] = match;
  const pathPrefix = scope ?? path ?? "";
  if (pathPrefix !== "" && !/^\/[\x21-\x7e]*$/.test(pathPrefix)) fail(`"${pathPrefix}" is no path`);
  if (/[?#]/.test(pathPrefix)) fail("a path has no ? or #");
  if (header !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) {
    fail(`"${header}" is no header name`);
  }
  const periodMs = (number === "" ? 1 : Number(number)) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (periodMs < 1_000 || periodMs > PERIOD_MS_MAX) fail("the time must be from 1s to 24h");
  return {
    text,
    key: header !== undefined ? "hdr" : path !== undefined ? "path" : "src",
    header: (header ?? "").toLowerCase(),
    pathPrefix,
    count: readCount(what, count!, place, 1),
    periodMs,
    burst: readCount(`burst of ${what}`, burst ?? count!, place, 1),
  };
}

/** A rate of connections: it has no key but the client. @throws {ConfigError} */
export function readConnRate(what: string, text: string, place: WordPlace): RateConfig {
  const rate = readRate(what, text, place);
  if (rate.key === "src" && rate.pathPrefix === "") return rate;
  throw new ConfigError(
    `Cannot use ${what} "${text}": connections have neither headers nor a path; write 100/s or 100/s:burst=200`,
    place,
  );
}
