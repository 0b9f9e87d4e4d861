/**
 * The value of `lb`: an algorithm, and for some what of the request it hashes.
 *
 *     lb      = algorithm | "uri" *( ":" option ) | ("hdr" | "cookie" | "url_param") ":" name
 *     option  = "len=" number | "depth=" number | "whole"                        uri:len=4:depth=2:whole
 *
 * `source` hashes on every listener, `sni` (the name in the TLS client hello) behind an sni listener, the others behind an http one.
 *
 * No character of it means anything to a shell or ends an item's value. HAProxy's own spelling, which needs quotes, is read too
 * and never printed: `hdr(x-user)`, `url_param id`, `uri len 4 depth 2 whole`, `hash req.ssl_sni`.
 *
 * May import: config.
 *
 * @module
 */
import { ALGORITHMS } from "./catalogue.ts";
import { ConfigError, suggest, type WordPlace } from "./config_error.ts";
import type { BalanceAlgorithm, BalanceConfig, ListenerScheme } from "./model.ts";

const BYTES_MAX = 65_535;
const DEPTH_MAX = 1_000;
/** HAProxy's limits of hash-balance-factor; 0 besides. */
const FACTOR_MIN = 101;
const FACTOR_MAX = 65_535;

/** Algorithms that look at a request, which a TCP connection does not have. */
const OF_REQUESTS: readonly string[] = ["uri", "hdr", "cookie", "url_param"];
/** Algorithms that hash a name's value. */
const NAMED: readonly string[] = ["hdr", "cookie", "url_param"];
const URI_OPTIONS: readonly string[] = ["len", "depth", "whole"];
const NAME_EXAMPLES: Readonly<Record<string, string>> = {
  hdr: "hdr:x-user",
  cookie: "cookie:sid",
  url_param: "url_param:id",
};

/** Whether a key decides the server: what hash-balance-factor bounds. */
export function isHashing(algorithm: BalanceAlgorithm): boolean {
  return algorithm === "source" || algorithm === "sni" || OF_REQUESTS.includes(algorithm);
}

/** Reads a value of `lb` for a backend of a listener of this scheme. @throws {ConfigError} */
export function readBalance(written: string, place: WordPlace, scheme: ListenerScheme): BalanceConfig {
  const text = /^hash\s+req\.ssl_sni$/.test(written) ? "sni" : written;
  const word = /^[^:( ]*/.exec(text)![0];
  const algorithm = ALGORITHMS.find((other) => other === word);
  const fail = (state: string, offset = 0): never => {
    throw new ConfigError(`Cannot use lb "${text}": ${state}`, { ...place, column: place.column + offset });
  };
  if (algorithm === undefined) return fail(`no such choice${suggest(word, ALGORITHMS)}`);
  if (scheme !== "http" && OF_REQUESTS.includes(algorithm)) {
    const others = ALGORITHMS.filter((other) =>
      !OF_REQUESTS.includes(other) && (other !== "sni" || scheme === "sni")
    );
    return fail(`a tcp backend sees no request to hash; known for ${scheme}: ${others.join(", ")}`);
  }
  if (scheme !== "sni" && algorithm === "sni") return fail("only an sni listener reads TLS client hellos");
  const plain = { algorithm, keyName: "", uriLengthMax: 0, uriDepthMax: 0, uriWhole: false };
  const rest = text.slice(word.length);
  if (NAMED.includes(algorithm)) return { ...plain, keyName: readName(algorithm, rest, word.length, fail) };
  if (algorithm === "uri") return { ...plain, ...readUriOptions(rest, word.length, fail) };
  if (rest !== "") return fail(`${algorithm} has nothing behind it; write ${algorithm}`, word.length);
  return plain;
}

/** Returns the text that would give it. */
export function formatBalance(balance: BalanceConfig): string {
  const { algorithm, keyName, uriLengthMax, uriDepthMax, uriWhole } = balance;
  if (keyName !== "") return `${algorithm}:${keyName}`;
  return [
    algorithm,
    ...(uriLengthMax === 0 ? [] : [`len=${uriLengthMax}`]),
    ...(uriDepthMax === 0 ? [] : [`depth=${uriDepthMax}`]),
    ...(uriWhole ? ["whole"] : []),
  ].join(":");
}

/** Reads hash-balance-factor: 0 (off) or a percentage of the average load. @throws {ConfigError} */
export function readBalanceFactor(text: string, place: WordPlace): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (value === 0 || (value >= FACTOR_MIN && value <= FACTOR_MAX)) return value;
  throw new ConfigError(
    `Cannot use hash-balance-factor "${text}": it must be 0 (off) or a percentage from ${FACTOR_MIN} to ${FACTOR_MAX}, as 125`,
    place,
  );
}

type Fail = (state: string, offset?: number) => never;

function readName(algorithm: string, rest: string, offset: number, fail: Fail): string {
  const example = NAME_EXAMPLES[algorithm]!;
  const match = /^(?::(.*)|\((.*)\)|\s+(.*))$/.exec(rest);
  const name = match === null ? "" : match[1] ?? match[2] ?? match[3] ?? "";
  if (name === "") return fail(`it needs a name; write ${example}`, offset);
  if (!isKeyName(algorithm, name)) {
    const what = { hdr: "header", cookie: "cookie", url_param: "parameter" }[algorithm];
    return fail(`"${name}" is no ${what} name; write ${example}`, offset + 1);
  }
  return algorithm === "hdr" ? name.toLowerCase() : name;
}

/** Whether a header, cookie or parameter can have this name. Bytes of a request are compared with it: only visible ASCII comes there. */
export function isKeyName(algorithm: string, name: string): boolean {
  if (/[^\x21-\x7e]/.test(name)) return false;
  return algorithm === "url_param" ? /^[^&=?#\s]+$/.test(name) : /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

function readUriOptions(rest: string, offset: number, fail: Fail): Partial<BalanceConfig> {
  const options = { uriLengthMax: 0, uriDepthMax: 0, uriWhole: false };
  if (rest === "") return options;
  const words = [...rest.matchAll(/[^:=\s]+/g)];
  if (!/^[:\s]/.test(rest) || words.length === 0) fail("write uri:len=4, uri:depth=2 or uri:whole", offset);
  for (let i = 0; i < words.length; i++) {
    const { 0: option, index } = words[i]!;
    if (option === "whole") {
      options.uriWhole = true;
      continue;
    }
    if (option !== "len" && option !== "depth") {
      return fail(`"${option}" is no option of uri${suggest(option, URI_OPTIONS)}`, offset + index);
    }
    const value = words[++i];
    const max = option === "len" ? BYTES_MAX : DEPTH_MAX;
    const number = value !== undefined && /^\d{1,5}$/.test(value[0]) ? Number(value[0]) : 0;
    if (number < 1 || number > max) {
      const at = value === undefined ? index : value.index;
      return fail(`${option} must be a whole number from 1 to ${max}; write ${option}=4`, offset + at);
    }
    if (option === "len") options.uriLengthMax = number;
    else options.uriDepthMax = number;
  }
  return options;
}
