/**
 * Values of flags and keys, by type: text in, checked value out.
 *
 * May import: base, config.
 *
 * @module
 */
import { addressBytes } from "../base/ip_address.ts";
import { parseDurationMs, parseSizeBytes, UnitError } from "../base/units.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import { readExpression } from "./expression_value.ts";
import { parseHeaderValue } from "./header_value.ts";
import type { HeaderRule, HostPolicy } from "./model.ts";
import type { Cidr } from "./model_limits.ts";

const COUNT_MAX = 1_000_000;
/** What a header rule's first letter means. */
const ACTIONS: ReadonlyMap<string | undefined, HeaderRule["action"]> = new Map([
  ["+", "add"],
  ["-", "delete"],
  ["~", "replace"],
]);
/** Fields that frame a message or belong to one connection: hadro alone writes them. */
const FORBIDDEN_FIELDS = [
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Reads a duration of at least 1 ms. @throws {ConfigError} */
export function readDurationMs(what: string, text: string, place: WordPlace): number {
  const valueMs = readUnit(what, text, place, parseDurationMs);
  if (valueMs === 0) throw new ConfigError(`Cannot use ${what} "${text}": it must be at least 1ms`, place);
  return valueMs;
}

/** @throws {ConfigError} */
export function readSizeBytes(what: string, text: string, place: WordPlace): number {
  return readUnit(what, text, place, parseSizeBytes);
}

/** Reads a whole number from `min` to `max`. @throws {ConfigError} */
export function readCount(what: string, text: string, place: WordPlace, min = 0, max = COUNT_MAX): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= min && value <= max) return value;
  throw new ConfigError(
    `Cannot use ${what} "${text}": it must be a whole number from ${min} to ${max}`,
    place,
  );
}

/** Reads `auto`, as 0, or a whole number from 1 to `max`. @throws {ConfigError} */
export function readCountOrAuto(what: string, text: string, place: WordPlace, max: number): number {
  if (text === "auto") return 0;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new ConfigError(
    `Cannot use ${what} "${text}": it must be auto or a whole number from 1 to ${max}`,
    place,
  );
}

/** @throws {ConfigError} */
export function readChoice<T extends string>(
  what: string,
  text: string,
  choices: readonly T[],
  place: WordPlace,
): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new ConfigError(`Cannot use ${what} "${text}": no such choice${suggest(text, choices)}`, place);
}

/** `client`, `backend` or a name. @throws {ConfigError} */
export function readHostPolicy(what: string, text: string, place: WordPlace): HostPolicy {
  if (text === "client" || text === "backend") return { kind: text };
  if (/^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(text)) return { kind: "name", name: text };
  throw new ConfigError(`Cannot use ${what} "${text}": write client, backend, or a host name`, place);
}

/** `Name: value`, `+Name: value`, `-Name` or `~Name: expression replacement`. @throws {ConfigError} */
export function readHeaderRule(what: string, text: string, place: WordPlace): HeaderRule {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use ${what} "${text}": ${state}; write "Name: value", "+Name: value" or "-Name"`,
      place,
    );
  };
  const action = ACTIONS.get(text[0]) ?? "set";
  const rest = action === "set" ? text : text.slice(1);
  const colon = rest.indexOf(":");
  if (action !== "delete" && colon < 0) return fail("the colon is missing");
  if (action === "delete" && colon >= 0) return fail("a removal has no value");
  const name = (colon < 0 ? rest : rest.slice(0, colon)).trim();
  const value = colon < 0 ? "" : rest.slice(colon + 1).trim();
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return fail(`"${name}" is no header name`);
  if (FORBIDDEN_FIELDS.includes(name.toLowerCase())) {
    return fail(`"${name}" is hadro's own${name.toLowerCase() === "host" ? ", use --host" : ""}`);
  }
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/.test(value)) {
    return fail("the value has a control or non-Latin character");
  }
  if (action === "replace") {
    readExpression(value, fail);
    return { action, name, value };
  }
  const usesHost = parseHeaderValue(value, fail).some((part) =>
    "variable" in part && part.variable === "host"
  );
  if (usesHost && what === "--header-down") return fail("a response has no %host");
  return { action, name, value };
}

/** An address or a range. @throws {ConfigError} */
export function readCidr(what: string, text: string, place: WordPlace): Cidr {
  const fail = (state: string): never => {
    throw new ConfigError(`Cannot use ${what} "${text}": ${state}; write 10.0.0.0/8 or fd00::/8`, place);
  };
  const [address, bitsText, ...more] = text.split("/");
  if (more.length > 0) return fail("it has two slashes");
  const bytes = addressBytes(address);
  if (bytes === null) return fail(`"${address}" is no IP address`);
  const bitsMax = bytes.length * 8;
  const bits = bitsText === undefined ? bitsMax : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > bitsMax) return fail(`the prefix length is 0 to ${bitsMax}`);
  return { family: bytes.length === 4 ? 4 : 6, bytes, prefixBits: bits };
}

function readUnit(what: string, text: string, place: WordPlace, parse: (text: string) => number): number {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new ConfigError(`Cannot use ${what}: ${error.message}`, place);
  }
}
