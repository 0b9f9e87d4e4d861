/**
 * One word of `--listen`, `--backend` or `--route`, taken apart with the column of each part.
 *
 *     item    = [slots "*"] [scheme "://"] address *( "," key ["=" value] )
 *     value   = text without comma, or "quoted", or with \, for a comma
 *     address = port | :port | host:port | [ipv6]:port | unix:/path          ":8001-8003" and "{a,b}" and "{0..2}" expand
 *               of scheme srv a name without a port; slots are servers out of one name
 *     match   = [host]["/"path]                                               of a route, before its first "="
 *
 * The quoted form `address?key=value&key=value` is read too, never printed.
 *
 * May import: base, config.
 *
 * @module
 */
import { isIpLiteral } from "../base/ip_address.ts";
import { ConfigError } from "./config_error.ts";
import type { Endpoint } from "./model.ts";

/** A key with its value and columns. */
export interface ItemOption {
  readonly key: string;
  readonly keyColumn: number;
  /** null: no "=". */
  readonly value: string | null;
  readonly valueColumn: number;
}

/** A word taken apart. */
export interface Item {
  readonly source: string;
  readonly word: string;
  /** What stands before "*", digits; null: nothing. */
  readonly slotsText: string | null;
  readonly slotsColumn: number;
  /** "" when none was written. */
  readonly scheme: string;
  readonly address: string;
  readonly addressColumn: number;
  readonly options: readonly ItemOption[];
}

const PORT_MAX = 65_535;
const EXPANSIONS_MAX = 1_024;

/** @throws {ConfigError} pointing at the column. */
export function parseItem(source: string, word: string, from = 0): Item {
  const slotsText = /^(\d{1,9})\*/.exec(word.slice(from))?.[1] ?? null;
  const slotsColumn = from;
  if (slotsText !== null) from += slotsText.length + 1;
  const scheme = /^([^,?]*?):\/\//.exec(word.slice(from))?.[1] ?? null;
  if (scheme !== null && !/^[a-z0-9]+$/.test(scheme)) {
    throw new ConfigError(`Cannot use scheme "${scheme}" in ${source}: schemes are lower-case words`, {
      source,
      word,
      column: from,
    });
  }
  const addressColumn = scheme === null ? from : from + scheme.length + 3;
  const query = word.indexOf("?", addressColumn);
  const comma = word.indexOf(",", addressColumn);
  const usesQuery = query >= 0 && (comma < 0 || query < comma);
  const separator = usesQuery ? "&" : ",";
  const addressEnd = usesQuery ? query : comma < 0 ? word.length : comma;
  return {
    source,
    word,
    slotsText,
    slotsColumn,
    scheme: scheme ?? "",
    address: word.slice(addressColumn, addressEnd),
    addressColumn,
    options: addressEnd === word.length ? [] : parseOptions(source, word, addressEnd + 1, separator),
  };
}

function parseOptions(source: string, word: string, start: number, separator: string): ItemOption[] {
  const options: ItemOption[] = [];
  let at = start;
  while (at <= word.length) {
    const keyColumn = at;
    while (at < word.length && word[at] !== "=" && word[at] !== separator) at++;
    const key = word.slice(keyColumn, at);
    if (key === "") {
      throw new ConfigError(`Cannot read ${source}: a key is missing`, { source, word, column: keyColumn });
    }
    let value: string | null = null;
    const valueColumn = at + 1;
    if (word[at] === "=") [value, at] = parseValue(source, word, at + 1, separator);
    options.push({ key, keyColumn, value, valueColumn });
    at++;
  }
  return options;
}

/** Returns the value and the index of the separator behind it. */
function parseValue(source: string, word: string, start: number, separator: string): [string, number] {
  let at = start;
  let value = "";
  if (word[at] === '"') {
    const end = word.indexOf('"', at + 1);
    if (end < 0) {
      throw new ConfigError(`Cannot read ${source}: the quote is not closed`, { source, word, column: at });
    }
    if (end + 1 < word.length && word[end + 1] !== separator) {
      throw new ConfigError(`Cannot read ${source}: there is text behind the quote`, {
        source,
        word,
        column: end + 1,
      });
    }
    return [word.slice(at + 1, end), end + 1];
  }
  while (at < word.length && word[at] !== separator) {
    if (word[at] === "\\" && /[,&"\\]/.test(word[at + 1] ?? "")) at++;
    value += word[at++];
  }
  return [value, at];
}

/** Expands `{a,b}`, `{0..2}` and port ranges: one word for each, {@linkcode EXPANSIONS_MAX} at most. @throws {ConfigError} */
export function expandWord(source: string, word: string): string[] {
  // What stands in quotes is left alone.
  const brace = /\{([^{}]*)\}/.exec(word.replaceAll(/"[^"]*"/g, (quoted) => "_".repeat(quoted.length)));
  if (brace === null) return expandPorts(source, word);
  const [whole, inner] = brace;
  const fail = (state: string): never => {
    throw new ConfigError(`Cannot expand "${whole}" in ${source}: ${state}`, {
      source,
      word,
      column: brace.index,
    });
  };
  const before = word.slice(0, brace.index);
  if (before.includes("{")) fail("braces do not nest");
  const range = /^(\d+)\.\.(\d+)$/.exec(inner);
  const choices = range === null ? inner.split(",") : numbersBetween(range[1], range[2]);
  if (choices.length < 2) fail("write {a,b} or {0..9}");
  const words: string[] = [];
  for (const choice of choices) {
    const behind = word.slice(brace.index + whole.length);
    words.push(...expandWord(source, `${before}${choice}${behind}`));
    if (words.length > EXPANSIONS_MAX) fail(`it gives more than ${EXPANSIONS_MAX} words`);
  }
  return words;
}

function expandPorts(source: string, word: string): string[] {
  const range = /^([^,?]*:)(\d{1,5})-(\d{1,5})(?=[,?]|$)/.exec(word);
  if (range === null || /^([^,?]*(:\/\/|=))?unix:/.test(word)) return [word];
  const [whole, before, first, last] = range;
  const ports = numbersBetween(String(Number(first)), String(Number(last)));
  if (ports.length < 1 || ports.length > EXPANSIONS_MAX) {
    const state = ports.length < 1
      ? "write the lower port first"
      : `it gives more than ${EXPANSIONS_MAX} words`;
    throw new ConfigError(`Cannot expand ports "${first}-${last}" in ${source}: ${state}`, {
      source,
      word,
      column: before.length,
    });
  }
  return ports.map((port) => `${before}${port}${word.slice(whole.length)}`);
}

/** Every number from one to another, one too many at most; 01 to 12 keep their zeros, as in bash. */
function numbersBetween(first: string, last: string): string[] {
  const width = /^0\d|-0\d/.test(`${first}-${last}`) ? Math.max(first.length, last.length) : 0;
  const count = Math.min(Number(last) - Number(first) + 1, EXPANSIONS_MAX + 1);
  return Array.from({ length: Math.max(0, count) }, (_, i) => String(Number(first) + i).padStart(width, "0"));
}

/** Reads an item's address. @throws {ConfigError} pointing at it. */
export function parseEndpoint(item: Item, mayBePortZero: boolean): Endpoint {
  const text = item.address;
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use address "${text}" in ${item.source}: ${state}; write port, :port, host:port, [ipv6]:port or unix:/path`,
      { source: item.source, word: item.word, column: item.addressColumn },
    );
  };
  if (item.scheme === "srv") return parseServiceName(item);
  if (text.startsWith("unix:")) {
    const path = expandHome(text.slice("unix:".length));
    return path === "" ? fail("the path is missing") : { kind: "unix", host: "", port: 0, path };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))?(?::(\d*))?$/.exec(text);
  if (match === null) {
    if (text.includes("/")) return fail("an address has no path");
    return fail(
      /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f.:]*$/i.test(text)
        ? "an IPv6 address needs brackets"
        : "it is malformed",
    );
  }
  const isBarePort = match[1] === undefined && match[3] === undefined && /^\d+$/.test(match[2] ?? "");
  const host = isBarePort ? "" : match[1] ?? match[2] ?? "";
  const portText = isBarePort ? match[2] : match[3];
  if (portText === undefined || portText === "") return fail("the port is missing");
  const port = Number(portText);
  if (port > PORT_MAX) return fail(`port ${portText} is above ${PORT_MAX}`);
  if (port === 0 && !mayBePortZero) return fail("port 0 is for listeners only");
  if (match[1] !== undefined && !(host.includes(":") && isIpLiteral(host))) {
    return fail("it is no IPv6 address");
  }
  if (!/^[A-Za-z0-9._:-]*$/.test(host)) return fail("the host has a character that no name has");
  if (/^[0-9.]+$/.test(host) && !isIpLiteral(host)) return fail("it is no IPv4 address");
  return { kind: "tcp", host: host.toLowerCase(), port, path: "" };
}

/** The name of SRV records: whatever stands there, they say the ports. */
function parseServiceName({ source, word, address, addressColumn }: Item): Endpoint {
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use name "${address}" in ${source}: ${state}; write srv://_http._tcp.app.example`,
      { source, word, column: addressColumn },
    );
  };
  if (/:\d*$/.test(address)) fail("its SRV records say the ports");
  if (!/^[A-Za-z0-9._-]+$/.test(address)) fail("no name is like that");
  if (isIpLiteral(address)) fail("an address has no SRV records");
  return { kind: "tcp", host: address.toLowerCase(), port: 0, path: "" };
}

/** Expands a leading `~/`: shells do not, inside a word. */
export function expandHome(path: string): string {
  return path.startsWith("~/") ? `${Deno.env.get("HOME") ?? ""}${path.slice(1)}` : path;
}

/** Returns an endpoint as written in flags. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}
