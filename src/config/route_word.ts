/**
 * One word of `--route`: what a request must be, and where it goes then.
 *
 *     route = match "=" server            server: as a word of --backend
 *           | match "=" ",redirect=" …    see redirect_value.ts
 *     match = [host]["/"path]             a host that begins with a dot: any name below it; the path is a prefix
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import { optionPlace, rejectUnknownKeys } from "./item_options.ts";
import { type Item, parseItem } from "./item_parser.ts";
import type { RedirectConfig, RouteMatch } from "./model.ts";
import { readRedirect } from "./redirect_value.ts";

/** Keys that a route without servers may have. */
const REDIRECT_KEYS: readonly string[] = ["redirect", "code", "strip-prefix", "replace-path", "add-prefix"];

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
  const match = equals < 0 ? word : word.slice(0, equals);
  if (equals < 0) failRoute(source, word, "the = is missing");
  if (equals === 0) failRoute(source, word, "there is no match before the =");
  const slash = match.indexOf("/");
  const host = (slash < 0 ? match : match.slice(0, slash)).toLowerCase();
  const pathPrefix = slash < 0 ? "" : match.slice(slash);
  if (!/^\.?[a-z0-9.-]*$/.test(host) || host === ".") {
    failRoute(source, word, `"${host}" is no host; .example.com means any name below it`);
  }
  if (/[?#\s]/.test(pathPrefix)) failRoute(source, word, "a path has no ?, # or space");
  const item = parseItem(source, word, equals + 1);
  rejectUnknownKeys(item, "route");
  const redirect = readRedirect(item);
  if (redirect !== null) rejectServer(item);
  return { match: { host, pathPrefix }, item, redirect };
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
  return a.host === b.host && a.pathPrefix === b.pathPrefix;
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
