/**
 * Values of the keys that concern health checks.
 *
 *     check          off | tcp | http | "/" path            http is GET of /
 *     expect         status *( "," status ) | "body:" text  status = 2xx | 200-399 | 404
 *     check-header   name ":" value
 *     check-addr     server | IP address | host name
 *
 * In an item a comma is the end of a value: expect="200,404", or expect=200\,404.
 *
 * May import: base, config.
 *
 * @module
 */
import { canonicalHost, isIpLiteral } from "../base/ip_address.ts";
import { ConfigError, type WordPlace } from "./config_error.ts";
import type { Expect } from "./model_health.ts";
import { readHeaderRule } from "./values.ts";

const STATUS_MIN = 100;
const STATUS_MAX = 599;
/** Statuses and ranges in one value. */
const RANGES_MAX = 16;
const NEEDLE_BYTES_MAX = 256;
const PATH_BYTES_MAX = 1_024;

/** null: off; "": tcp; else the path of an http check. @throws {ConfigError} */
export function readCheck(what: string, text: string, place: WordPlace): string | null {
  if (text === "off") return null;
  if (text === "tcp") return "";
  if (text === "http") return "/";
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what} "${text}": ${state}; write off, tcp, http, or a path as /healthz`,
      place,
    );
  };
  if (!text.startsWith("/")) return fail("no such check");
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes("#")) {
    return fail("a path has visible ASCII characters, and no #");
  }
  return text.length > PATH_BYTES_MAX ? fail(`a path has at most ${PATH_BYTES_MAX} bytes`) : text;
}

/** @throws {ConfigError} pointing at the part that is wrong. */
export function readExpect(what: string, text: string, place: WordPlace): Expect {
  if (text.startsWith("body:")) return readNeedle(what, text, place);
  let column = place.column;
  const ranges = text.split(",").map((part): readonly [number, number] => {
    const range = readStatusRange(part);
    if (range !== null) {
      column += part.length + 1;
      return range;
    }
    throw new ConfigError(
      `Cannot use ${what} "${text}": "${part}" is no status from ${STATUS_MIN} to ${STATUS_MAX}; ` +
        "write 2xx, 200-399, 200,404 or body:TEXT",
      { ...place, column },
    );
  });
  if (ranges.length > RANGES_MAX) {
    throw new ConfigError(`Cannot use ${what}: it has more than ${RANGES_MAX} statuses and ranges`, place);
  }
  return { kind: "status", text, ranges };
}

function readStatusRange(part: string): readonly [number, number] | null {
  const hundreds = /^([1-5])xx$/.exec(part);
  if (hundreds !== null) return [Number(hundreds[1]) * 100, Number(hundreds[1]) * 100 + 99];
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(part);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= STATUS_MIN && first <= last && last <= STATUS_MAX ? [first, last] : null;
}

function readNeedle(what: string, text: string, place: WordPlace): Expect {
  const needle = text.slice("body:".length);
  const sizeBytes = new TextEncoder().encode(needle).length;
  if (sizeBytes >= 1 && sizeBytes <= NEEDLE_BYTES_MAX) return { kind: "body", text, needle };
  throw new ConfigError(
    `Cannot use ${what} "${text}": write body:TEXT with 1 to ${NEEDLE_BYTES_MAX} bytes of text`,
    place,
  );
}

/** `Name: value`. @throws {ConfigError} */
export function readCheckHeader(
  what: string,
  text: string,
  place: WordPlace,
): { readonly name: string; readonly value: string } {
  if (/^[+-]/.test(text)) {
    throw new ConfigError(`Cannot use ${what} "${text}": a check only adds; write "Name: value"`, place);
  }
  const { name, value } = readHeaderRule(what, text, place);
  return { name, value };
}

/** The Host of checks; "" for auto. @throws {ConfigError} */
export function readCheckHost(what: string, text: string, place: WordPlace): string {
  if (text === "auto") return "";
  if (/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(text)) return text;
  throw new ConfigError(`Cannot use ${what} "${text}": write auto or a host name`, place);
}

/** Where checks connect to; "" for the server's own address. @throws {ConfigError} */
export function readCheckAddress(what: string, text: string, place: WordPlace): string {
  if (text === "server") return "";
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIpLiteral(bare)) return canonicalHost(bare);
  if (/^[A-Za-z0-9._-]+$/.test(text) && !/^[0-9.]+$/.test(text)) return text.toLowerCase();
  throw new ConfigError(`Cannot use ${what} "${text}": write server, an IP address or a host name`, place);
}
