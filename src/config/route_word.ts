/**
 * One word of `--route`: what a request must be, and where it goes then.
 *
 *     route = match "=" server            server: as a word of --backend
 *           | match "=" ",redirect=" …    see redirect_value.ts
 *     match = [host]["/"path]             a host that begins with a dot: any name below it; the path is a prefix
 *           | [host]"/"path"="            that path only: /healthz==:9001
 *
 * `*.example.com` is read too, and means `.example.com`; one trailing dot of a host means nothing.
 *
 * The keys `method` and `header` belong to the match: the same words with other ones are another route.
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText, optionTexts, rejectUnknownKeys } from "./item_options.ts";
import { type Item, parseItem } from "./item_parser.ts";
import type { HeaderMatch, RedirectConfig, RouteMatch } from "./model.ts";
import { readRedirect } from "./redirect_value.ts";

/** Headers that a route may ask for. */
const CONDITIONS_MAX = 8;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Keys that a route without servers may have. */
const REDIRECT_KEYS: readonly string[] = [
  "method",
  "header",
  "redirect",
  "code",
  "strip-prefix",
  "replace-path",
  "add-prefix",
];

/** A word taken apart. */
export interface RouteWord {
  readonly match: RouteMatch;
  readonly item: Item;
  /** null: the item is a server. */
  readonly redirect: RedirectConfig | null;
}

/** @throws {ConfigError} */
export function parseRouteWord(source: string, word: string): RouteWord {
  const equals = word.indexOf("=");
  const text = equals < 0 ? word : word.slice(0, equals);
  if (equals < 0) failRoute(source, word, "the = is missing");
  if (equals === 0) failRoute(source, word, "there is no match before the =");
  const slash = text.indexOf("/");
  const host = (slash < 0 ? text : text.slice(0, slash)).toLowerCase()
    .replace(/^\*\./, ".").replace(/(?<=[^.])\.$/, "");
  const pathPrefix = slash < 0 ? "" : text.slice(slash);
  if (!/^\.?[a-z0-9._-]*$/.test(host) || host === ".") {
    failRoute(source, word, `"${host}" is no host; .example.com means any name below it`);
  }
  if (/[?#\s]/.test(pathPrefix)) failRoute(source, word, "a path has no ?, # or space");
  const isExact = word[equals + 1] === "=";
  if (isExact && pathPrefix === "") failRoute(source, word, "there is no path before the ==");
  const item = parseItem(source, word, isExact ? equals + 2 : equals + 1);
  rejectUnknownKeys(item, "route");
  if (optionText(item, "alpn") !== null) {
    throw new ConfigError(
      `Cannot use alpn in ${source}: only an sni listener, sni://address, reads TLS client hellos`,
      optionPlace(item, "alpn"),
    );
  }
  const redirect = readRedirect(item);
  if (redirect !== null) rejectServer(item);
  const match = { host, pathPrefix, isExact, methods: readMethods(item), headers: readHeaders(item) };
  return { match, item, redirect };
}

/** @throws {ConfigError} */
export function failRoute(source: string, word: string, state: string): never {
  throw new ConfigError(
    `Cannot use route "${word}": ${state}; write /path=address, host=address or host/path=address`,
    { source, word, column: 0 },
  );
}

/** Whether two routes match the same requests, as far as their words say. */
export function isSameMatch(a: RouteMatch, b: RouteMatch): boolean {
  const text = ({ methods, headers, ...rest }: RouteMatch) =>
    JSON.stringify([
      rest.host,
      rest.pathPrefix,
      rest.isExact,
      [...methods].sort(),
      headers.map(({ name, value }) => [name.toLowerCase(), value]).sort(),
    ]);
  return text(a) === text(b);
}

function readMethods(item: Item): string[] {
  const text = optionText(item, "method");
  if (text === null) return [];
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use method=${text} in ${item.source}: ${state}; write method=GET or method=GET+HEAD`,
      optionPlace(item, "method"),
    );
  };
  const methods = text.split("+");
  for (const method of methods) {
    if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) {
      fail(`"${method}" is no method, which is a word of capital letters`);
    }
    if (method === "CONNECT" || method === "TRACE") fail(`hadro refuses ${method}`);
  }
  return [...new Set(methods)];
}

function readHeaders(item: Item): HeaderMatch[] {
  const texts = optionTexts(item, "header");
  return texts.map(({ text, place }, index) => {
    const fail = (state: string): never => {
      throw new ConfigError(
        `Cannot use header=${text} in ${item.source}: ${state}; write header=X-Beta or header=X-Version:2`,
        place,
      );
    };
    if (index >= CONDITIONS_MAX) fail(`a route asks for ${CONDITIONS_MAX} headers at most`);
    const colon = text.indexOf(":");
    const name = colon < 0 ? text : text.slice(0, colon);
    if (!TOKEN.test(name)) fail(`"${name}" is no header name`);
    return { name, value: colon < 0 ? null : text.slice(colon + 1).trim() };
  });
}

function rejectServer(item: Item): void {
  const { source, word, addressColumn } = item;
  if (item.address !== "" || item.scheme !== "") {
    throw new ConfigError(
      `Cannot use address "${item.address}" in ${source}: the route redirects, and has no server; leave one of them`,
      { source, word, column: addressColumn },
    );
  }
  const other = item.options.find(({ key }) => !REDIRECT_KEYS.includes(key));
  if (other === undefined) return;
  throw new ConfigError(
    `Cannot use ${other.key} in ${source}: the route redirects, and has no server`,
    { ...optionPlace(item, other.key), column: other.keyColumn },
  );
}
