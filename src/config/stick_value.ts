/**
 * Values of the flags and keys about tables, retries and paths of stickiness.
 *
 *     stick       = "off" | key *( ":" option )              src:size=100k:expire=30m      hdr:x-user
 *     key         = "src" | ( "hdr" | "cookie" | "url_param" ) ":" name
 *     option      = "size=" entries | "expire=" duration
 *     redispatch  = "off" | "on" | number                    on is -1; a negative one counts from the last retry (HAProxy)
 *     paths       = path *( "+" path )                       /static+/img
 *
 * May import: base, config.
 *
 * @module
 */
import { formatDurationMs, formatSizeBytes } from "../base/units.ts";
import { isKeyName } from "./balance_values.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { StickTableConfig } from "./model_stick.ts";
import { readDurationMs, readSizeBytes } from "./values.ts";

const KEYS = ["src", "hdr", "cookie", "url_param"] as const;
const EXAMPLES = { hdr: "hdr:x-user", cookie: "cookie:sid", url_param: "url_param:id" } as const;
const OPTIONS: readonly string[] = ["size", "expire"];
const DEFAULT_ENTRIES = 100 * 1_024;
const DEFAULT_EXPIRE_MS = 30 * 60_000;
const ENTRIES_MIN = 16;
/** Memory is 16 bytes a place, and there are up to three places for two entries. */
const ENTRIES_MAX = 4 * 1_024 ** 2;
const EXPIRE_MS_MIN = 1_000;
const REDISPATCH_MAX = 100;
const PATHS_MAX = 64;

type Fail = (state: string, column?: number) => never;

/** null when it is off. @throws {ConfigError} */
export function readStick(what: string, text: string, place: WordPlace): StickTableConfig | null {
  if (text === "off") return null;
  const fail: Fail = (state, column = 0) => {
    throw new ConfigError(`Cannot use ${what} "${text}": ${state}`, {
      ...place,
      column: place.column + column,
    });
  };
  const word = /^[^:]*/.exec(text)![0];
  const key = KEYS.find((other) => other === word);
  if (key === undefined) return fail(`no such key${suggest(word, [...KEYS, "off"])}`);
  if (key === "src") {
    return { key, keyName: "", ...readOptions(text.slice(key.length), key.length, place, fail) };
  }
  const name = /^[^:]*/.exec(text.slice(key.length + 1))![0];
  const column = key.length + 1 + name.length;
  if (name === "") fail(`it needs a name; write ${EXAMPLES[key]}`, key.length);
  if (!isKeyName(key, name)) fail(`"${name}" is no name; write ${EXAMPLES[key]}`, key.length + 1);
  const keyName = key === "hdr" ? name.toLowerCase() : name;
  return { key, keyName, ...readOptions(text.slice(column), column, place, fail) };
}

/** Returns the text that would give it. */
export function formatStick({ key, keyName, entryCount, expireMs }: StickTableConfig): string {
  const name = keyName === "" ? "" : `:${keyName}`;
  return `${key}${name}:size=${formatSizeBytes(entryCount)}:expire=${formatDurationMs(expireMs)}`;
}

/** HAProxy's `option redispatch`: 0 none, n each n-th retry, -n the n-th before the one after the last. @throws {ConfigError} */
export function readRedispatch(what: string, text: string, place: WordPlace): number {
  if (text === "off") return 0;
  if (text === "on") return -1;
  const value = /^-?\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value !== 0 && Math.abs(value) <= REDISPATCH_MAX) return value;
  throw new ConfigError(
    `Cannot use ${what} "${text}": write off, on, or which retries: 1 (each), 2 (each second), -1 (the last), at most ${REDISPATCH_MAX}`,
    place,
  );
}

/** Returns the text that would give it. */
export function formatRedispatch(value: number): string {
  return value === 0 ? "off" : String(value);
}

/** Path prefixes, in whole segments. @throws {ConfigError} */
export function readPaths(what: string, text: string, place: WordPlace): string[] {
  let column = place.column;
  const paths = text.split("+").map((path) => {
    if (!/^\/[\x21-\x7e]*$/.test(path) || /[?#]/.test(path)) {
      throw new ConfigError(
        `Cannot use ${what}=${text}: "${path}" is no path; write ${what}=/static+/img`,
        { ...place, column },
      );
    }
    column += path.length + 1;
    return path;
  });
  if (paths.length <= PATHS_MAX) return paths;
  throw new ConfigError(`Cannot use ${what}: it has ${paths.length} paths, at most ${PATHS_MAX}`, place);
}

function readOptions(
  rest: string,
  offset: number,
  place: WordPlace,
  fail: Fail,
): Pick<StickTableConfig, "entryCount" | "expireMs"> {
  const found = new Map<string, string>();
  let column = offset;
  for (const part of rest === "" ? [] : rest.slice(1).split(":")) {
    column++;
    const [name = "", value] = part.split("=", 2);
    if (!OPTIONS.includes(name)) fail(`"${part}" is no option${suggest(name, OPTIONS)}`, column);
    if (value === undefined || value === "") {
      fail(`${name} needs a value; write size=100k or expire=30m`, column);
    }
    if (found.has(name)) fail(`${name} is there twice`, column);
    found.set(name, value!);
    column += part.length;
  }
  const entryCount = found.has("size") ? readSizeBytes("size", found.get("size")!, place) : DEFAULT_ENTRIES;
  const expireMs = found.has("expire")
    ? readDurationMs("expire", found.get("expire")!, place)
    : DEFAULT_EXPIRE_MS;
  if (entryCount < ENTRIES_MIN || entryCount > ENTRIES_MAX) {
    fail(`size must be from ${ENTRIES_MIN} to ${formatSizeBytes(ENTRIES_MAX)} entries`);
  }
  if (expireMs < EXPIRE_MS_MIN) fail("expire must be at least 1s");
  return { entryCount, expireMs };
}
