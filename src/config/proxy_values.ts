/**
 * Values of the keys that concern the PROXY protocol.
 *
 *     proxy              of a listener: nothing, on, off · of a server: 1, 2
 *     proxy-v2-options   option *("+" option)                authority+unique-id+ssl+crc32c
 *
 * A listener believes headers from `--trust` only: without it nobody could connect, and to believe everybody would let any client
 * choose its address. Who may open a unix socket is the file system's to say, so such a listener needs no `--trust`.
 *
 * May import: base, config.
 *
 * @module
 */
import { ConfigError, suggest } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import { type Item, parseEndpoint } from "./item_parser.ts";
import type { ProxyOut } from "./model.ts";

const OPTIONS = ["authority", "unique-id", "ssl", "crc32c"] as const;

/** Whether connections of a listener begin with a header. @throws {ConfigError} */
export function readProxyIn(item: Item, hasTrust: boolean): boolean {
  const option = item.options.find(({ key }) => key === "proxy");
  if (option === undefined || option.value === "off") return false;
  const place = { source: item.source, word: item.word, column: option.keyColumn };
  const fail = (what: string, state: string): never => {
    throw new ConfigError(`Cannot use ${what} in ${item.source}: ${state}`, place);
  };
  if (option.value !== null && option.value !== "on") {
    const isServers = option.value === "1" || option.value === "2";
    return fail(
      `proxy=${option.value}`,
      isServers
        ? "both versions are accepted; write just proxy (the version to send is a key of the server)"
        : "a listener's is on or off; write just proxy",
    );
  }
  if (hasTrust || parseEndpoint(item, true).kind === "unix") return true;
  return fail(
    "proxy",
    "nobody is trusted to send the PROXY protocol header; " +
      "add --trust with the addresses of the proxies before hadro, as --trust 10.0.0.0/8",
  );
}

/** The header that a server is sent; null: none. @throws {ConfigError} */
export function readProxyOut(item: Item): ProxyOut | null {
  const version = optionText(item, "proxy");
  const options = optionText(item, "proxy-v2-options");
  if (version !== null && version !== "1" && version !== "2") {
    throw new ConfigError(
      `Cannot use proxy${version === "" ? "" : `=${version}`} in ${item.source}: ` +
        "a server is sent version 1 or 2; write proxy=1 or proxy=2",
      optionPlace(item, "proxy"),
    );
  }
  if (options !== null && version !== "2") {
    throw new ConfigError(
      `Cannot use proxy-v2-options=${options} in ${item.source}: only version 2 has them; add proxy=2`,
      optionPlace(item, "proxy-v2-options"),
    );
  }
  if (version === null) return null;
  const names = options === null ? [] : options.split("+");
  for (const name of names) {
    if (OPTIONS.some((known) => known === name)) continue;
    throw new ConfigError(
      `Cannot use proxy-v2-options=${options} in ${item.source}: "${name}" is none${suggest(name, OPTIONS)}`,
      optionPlace(item, "proxy-v2-options"),
    );
  }
  return {
    version: version === "1" ? 1 : 2,
    hasAuthority: names.includes("authority"),
    hasUniqueId: names.includes("unique-id"),
    hasSsl: names.includes("ssl"),
    hasChecksum: names.includes("crc32c"),
  };
}

/** Returns the words of `--dry-run`. */
export function formatProxyOut(
  { version, hasAuthority, hasUniqueId, hasSsl, hasChecksum }: ProxyOut,
): string {
  const has = [hasAuthority, hasUniqueId, hasSsl, hasChecksum];
  const options = OPTIONS.filter((_, index) => has[index]);
  return `proxy ${version}${options.length === 0 ? "" : ` (${options.join(", ")})`}`;
}
