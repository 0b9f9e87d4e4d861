/**
 * Gathers the servers of one backend from items, then builds its configuration. Keys that concern the whole backend (all but name,
 * weight, backup, source, proxy, proxy-v2-options, those of TLS, check-port and check-addr) may stand on any of its items, with one value.
 *
 * May import: base, config.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { isHashing, readBalance, readBalanceFactor } from "./balance_values.ts";
import { HTTP_REUSES } from "./catalogue.ts";
import { ConfigError } from "./config_error.ts";
import { buildCheckEndpoint, buildHealth } from "./health_builder.ts";
import { optionPlace, optionText, rejectUnknownKeys } from "./item_options.ts";
import { type Item, parseEndpoint } from "./item_parser.ts";
import { readBackendMaxBody } from "./limit_values.ts";
import type {
  BackendConfig,
  BalanceConfig,
  Endpoint,
  PathRewriteConfig,
  ProxyOut,
  ServerConfig,
  SourceConfig,
  TcpConfig,
  Timeouts,
} from "./model.ts";
import { readPathRewrite } from "./path_rewrite_value.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readProxyOut } from "./proxy_values.ts";
import { readServerTls } from "./server_tls_values.ts";
import { readRetry } from "./retry_values.ts";
import { readSource, readTcp } from "./socket_values.ts";
import { readChoice, readCount, readDurationMs, readHostPolicy } from "./values.ts";

const WEIGHT_MAX = 256;
const RETRIES_MAX = 100;
const OWN_CHECK_KEYS: readonly string[] = ["check-port", "check-addr"];

/** See the module's text. */
export class BackendBuilder {
  readonly #settings: Settings;
  readonly #scheme: "http" | "tcp";
  readonly #items: Item[] = [];
  #isRoute = false;
  #name = "";

  constructor(settings: Settings, scheme: "http" | "tcp") {
    this.#settings = settings;
    this.#scheme = scheme;
  }

  /** Adds a server. @throws {ConfigError} when its scheme does not fit the listener, or a key is unknown. */
  addServer(item: Item, scheme: "http" | "tcp", isRoute = false): void {
    rejectUnknownKeys(item, isRoute ? "route" : "backend");
    if (scheme !== this.#scheme) {
      throw new ConfigError(
        `Cannot use ${
          item.scheme || scheme
        }:// in ${item.source} ${item.word}: the listener is ${this.#scheme}, and its servers are too`,
        { source: item.source, word: item.word, column: item.addressColumn - item.scheme.length - 3 },
      );
    }
    this.#isRoute = isRoute;
    this.#items.push(item);
  }

  /** Known after {@linkcode BackendBuilder.build}. */
  get name(): string {
    assert(this.#name !== "", "a backend is built before its name is asked for");
    return this.#name;
  }

  /** Builds; `taken` holds the names of backends built before. @throws {ConfigError} */
  build(taken: Set<string>): BackendConfig {
    this.#name = this.#chooseName(taken);
    taken.add(this.#name);
    const balance = this.#readBalance();
    const retries = this.#shared("retries") ?? this.#settings.last("retries");
    const host = this.#shared("host") ?? this.#settings.last("host");
    const priority = this.#shared("prio");
    const reuse = this.#shared("http-reuse") ?? this.#settings.last("http-reuse");
    const purge = this.#settings.last("pool-purge-delay");
    const maxConn = this.#settings.last("pool-max-conn");
    const hostPolicy = readHostPolicy("host", host.text, host.place);
    return {
      name: this.#name,
      scheme: this.#scheme,
      balance,
      hashBalanceFactor: this.#readBalanceFactor(balance),
      retries: readCount("retries", retries.text, retries.place, 0, RETRIES_MAX),
      retry: readRetry(this.#scheme, (key) => this.#shared(key), (key) => this.#settings.last(key)),
      priority: priority === null
        ? "normal"
        : readChoice("prio", priority.text, ["high", "normal", "low"] as const, priority.place),
      hostPolicy,
      pathRewrite: this.#readPathRewrite(),
      timeouts: readTimeouts(this.#settings, this.#items),
      tcp: readItemTcp(this.#settings, this.#items),
      httpReuse: readChoice("http-reuse", reuse.text, HTTP_REUSES, reuse.place),
      poolPurgeMs: readDurationMs("--pool-purge-delay", purge.text, purge.place),
      poolMaxConn: readCount("--pool-max-conn", maxConn.text, maxConn.place),
      health: buildHealth(this.#settings, (key) => this.#sharedOrOwn(key), this.#scheme, hostPolicy),
      maxBodyBytes: readBackendMaxBody(this.#shared("max-body"), this.#scheme),
      servers: this.#buildServers(),
    };
  }

  #readBalance(): BalanceConfig {
    const { text, place } = this.#shared("lb") ?? this.#settings.last("lb");
    return readBalance(text, place, this.#scheme);
  }

  /** The flag is every backend's default, also of those that hash nothing; a key is meant for this one. */
  #readBalanceFactor({ algorithm }: BalanceConfig): number {
    const own = this.#shared("hash-balance-factor");
    const { text, place } = own ?? this.#settings.last("hash-balance-factor");
    const factor = readBalanceFactor(text, place);
    if (isHashing(algorithm)) return factor;
    if (own === null || factor === 0) return 0;
    throw new ConfigError(
      `Cannot use hash-balance-factor=${text}: lb ${algorithm} hashes nothing; leave it out, or write lb=source, lb=uri …`,
      place,
    );
  }

  #readPathRewrite(): PathRewriteConfig | null {
    return readPathRewrite((key) => {
      const found = this.#shared(key);
      if (found === null || this.#scheme === "http") return found;
      throw new ConfigError(`Cannot use ${key}=${found.text}: only HTTP has paths`, found.place);
    });
  }

  #buildServers(): ServerConfig[] {
    const names = new Set<string>();
    return this.#items.map((item, index) => {
      const name = (this.#isRoute ? null : optionText(item, "name")) ?? `s${index + 1}`;
      if (names.has(name)) {
        throw new ConfigError(
          `Cannot use name "${name}" twice: servers of a backend have different names`,
          optionPlace(item, "name"),
        );
      }
      names.add(name);
      const weight = optionText(item, "weight");
      const endpoint = parseEndpoint(item, false);
      return {
        name,
        endpoint,
        weight: weight === null ? 1 : readCount("weight", weight, optionPlace(item, "weight"), 0, WEIGHT_MAX),
        backup: optionText(item, "backup") !== null,
        source: this.#readSource(item, endpoint),
        proxyOut: this.#readProxyOut(item),
        tls: readServerTls(item, endpoint, this.#scheme),
        checkEndpoint: buildCheckEndpoint(
          endpoint,
          this.#own(item, "check-port"),
          this.#own(item, "check-addr"),
        ),
      };
    });
  }

  /** What one item says, before the flag. */
  #own(item: Item, key: string): SettingText {
    const text = optionText(item, key);
    return text === null ? this.#settings.last(key) : { text, place: optionPlace(item, key) };
  }

  /** The one value of a key, or of one that each server may have its own of, any. */
  #sharedOrOwn(key: string): SettingText | null {
    if (!OWN_CHECK_KEYS.includes(key)) return this.#shared(key);
    const item = this.#items.find((other) => optionText(other, key) !== null);
    return item === undefined ? null : this.#own(item, key);
  }

  /** Its connections carry one client's header each, so that no other client may have them. */
  #readProxyOut(item: Item): ProxyOut | null {
    const proxyOut = readProxyOut(item);
    const reuse = this.#shared("http-reuse");
    if (proxyOut === null || reuse === null || reuse.text === "never") return proxyOut;
    throw new ConfigError(
      `Cannot use http-reuse=${reuse.text} in ${item.source}: a connection with a PROXY protocol header is its client's own; ` +
        "leave it out, or write never",
      reuse.place,
    );
  }

  /** To connect from another address than the one asked for would be worse than not to start. */
  #readSource(item: Item, endpoint: Endpoint): SourceConfig | null {
    const text = optionText(item, "source");
    if (text === null) return null;
    const place = optionPlace(item, "source");
    const fail = (state: string): never => {
      throw new ConfigError(`Cannot use source=${text} in ${item.source}: ${state}`, place);
    };
    if (endpoint.kind === "unix") return fail("a unix socket is not reached over IP; leave it out");
    if (this.#settings.last("poller").text === "deno" || Deno.build.os !== "linux") {
      return fail("poller deno cannot choose it; poller epoll (Linux) can");
    }
    return readSource("source", text, place);
  }

  /** `app`, `app2` …, or the name that a route's item gives. */
  #chooseName(taken: Set<string>): string {
    const written = this.#isRoute ? this.#shared("name") : null;
    if (written === null) {
      let name = "app";
      for (let i = 2; taken.has(name); i++) name = `app${i}`;
      return name;
    }
    if (taken.has(written.text)) {
      throw new ConfigError(
        `Cannot use name "${written.text}" twice: backends have different names`,
        written.place,
      );
    }
    return written.text;
  }

  /** The one value of a key over all items; null when none has it. */
  #shared(key: string): SettingText | null {
    return sharedOption(this.#items, key);
  }
}

/** The timeouts of items: their own keys before the flags. @throws {ConfigError} */
export function readTimeouts(settings: Settings, items: readonly Item[]): Timeouts {
  const read = (key: string) => {
    const { text, place } = sharedOption(items, key) ?? settings.last(`timeout-${key}`);
    return readDurationMs(`timeout ${key}`, text, place);
  };
  return {
    connectMs: read("connect"),
    clientMs: read("client"),
    serverMs: read("server"),
    requestMs: read("request"),
    keepAliveMs: read("keepalive"),
    queueMs: read("queue"),
    tunnelMs: read("tunnel"),
    clientFinMs: read("client-fin"),
    serverFinMs: read("server-fin"),
    clientHandshakeMs: read("client-hs"),
  };
}

/** What items say about TCP: their own keys before the flags. @throws {ConfigError} */
export function readItemTcp(settings: Settings, items: readonly Item[]): TcpConfig {
  const find = (key: string) => sharedOption(items, key) ?? settings.last(key);
  return readTcp(find("tcp-keepalive"), find("tcp-ut"));
}

function sharedOption(items: readonly Item[], key: string): SettingText | null {
  let found: SettingText | null = null;
  for (const item of items) {
    const text = optionText(item, key);
    if (text === null) continue;
    const place = optionPlace(item, key);
    if (found !== null && found.text !== text) {
      throw new ConfigError(
        `Cannot use ${key}=${text}: another server of this backend has ${key}=${found.text}`,
        place,
      );
    }
    found = { text, place };
  }
  return found;
}
