/**
 * What stands before "://" in an item: what a listener or a server speaks.
 *
 *     listener   http (assumed) · tcp · sni · https and tls: http and tcp inside, encrypted
 *     server     as its listener, encrypted or not · srv: found by SRV records
 *
 * May import: config.
 *
 * @module
 */
import { ConfigError, suggest } from "./config_error.ts";
import type { Item } from "./item_parser.ts";
import type { ListenerScheme } from "./model.ts";
import { isTlsScheme } from "./tls_values.ts";

const LATER_SCHEMES = ["h2c"];

/** A listener's. @throws {ConfigError} */
export function readListenScheme(item: Item): ListenerScheme {
  const scheme = item.scheme === "sni" ? "sni" : readScheme(item, "http");
  rejectSlots(item);
  return scheme;
}

/** A server's; `assumed` when none is written. @throws {ConfigError} */
export function readScheme(item: Item, assumed: "http" | "tcp", mayBeName = false): "http" | "tcp" {
  if (isTlsScheme(item.scheme)) return item.scheme === "https" ? "http" : "tcp";
  if (item.scheme === "" || (mayBeName && item.scheme === "srv")) return assumed;
  if (item.scheme === "http" || item.scheme === "tcp") return item.scheme;
  const isLater = LATER_SCHEMES.includes(item.scheme);
  const state = item.scheme === "sni"
    ? "it is a listener's; its servers are tcp"
    : isLater
    ? "it comes with a later version; this one has http, https, tcp and tls"
    : item.scheme === "srv"
    ? "SRV records are looked up for servers"
    : `no such scheme${suggest(item.scheme, ["http", "https", "tcp", "tls"])}`;
  throw new ConfigError(`Cannot use scheme "${item.scheme}" in ${item.source} ${item.word}: ${state}`, {
    source: item.source,
    word: item.word,
    column: item.addressColumn - item.scheme.length - 3,
  });
}

/** A listener is one. @throws {ConfigError} */
function rejectSlots(item: Item): void {
  if (item.slotsText === null) return;
  throw new ConfigError(
    `Cannot use ${item.slotsText}* in ${item.source}: only servers have slots; leave it out`,
    {
      source: item.source,
      word: item.word,
      column: item.slotsColumn,
    },
  );
}
