/**
 * Gathers the servers of one backend from items, then builds its configuration. Keys that concern the whole backend (all but name,
 * weight, backup, maxconn, minconn, maxqueue, source, proxy, proxy-v2-options, those of TLS, cookie, slots, resolve-prefer, check-port
 * and check-addr) may stand on any of its items, with one value.
 *
 * May import: base, config.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { isHashing, readBalance, readBalanceFactor } from "./balance_values.ts";
import { HTTP_REUSES } from "./catalogue.ts";
import { readBackendCompress } from "./compress_values.ts";
import { ConfigError } from "./config_error.ts";
import { buildCheckEndpoint, buildHealth } from "./health_builder.ts";
import { optionPlace, optionText, rejectUnknownKeys } from "./item_options.ts";
import { type Item, parseEndpoint } from "./item_parser.ts";
import type { CookieKey } from "./cookie_secret.ts";
import { readBackendMaxBody } from "./limit_values.ts";
import type {
  BackendConfig,
  BalanceConfig,
  Endpoint,
  ListenerScheme,
  PathRewriteConfig,
  ProxyOut,
  ServerConfig,
  SourceConfig,
} from "./model.ts";
import type { StickConfig } from "./model_stick.ts";
import { readPathRewrite } from "./path_rewrite_value.ts";
import type { Settings, SettingText } from "./settings.ts";
import { readProxyOut } from "./proxy_values.ts";
import { readFullconn, readQueuePrio, readServerQueue } from "./queue_values.ts";
import { readServerTls } from "./server_tls_values.ts";
import { readRetry } from "./retry_values.ts";
import { buildRedispatch, buildServerCookie, buildStick } from "./stick_builder.ts";
import { buildTemplate, readPrefer, slotName } from "./template_builder.ts";
import { readItemTcp, readTimeouts, sharedOption, writtenOption } from "./shared_options.ts";
import { readSource } from "./socket_values.ts";
import { readChoice, readCount, readDurationMs, readHostPolicy } from "./values.ts";

const WEIGHT_MAX = 256;
const RETRIES_MAX = 100;
const OWN_CHECK_KEYS: readonly string[] = ["check-port", "check-addr"];

/** See the module's text. */
export class BackendBuilder {
  readonly #settings: Settings;
  readonly #scheme: "http" | "tcp";
  readonly #listenerScheme: ListenerScheme;
  readonly #items: Item[] = [];
  #isRoute = false;
  #name = "";

  constructor(settings: Settings, listenerScheme: ListenerScheme) {
    this.#settings = settings;
    this.#listenerScheme = listenerScheme;
    this.#scheme = listenerScheme === "http" ? "http" : "tcp";
  }

  /** Adds a server. @throws {ConfigError} when its scheme does not fit the listener, or a key is unknown. */
  addServer(item: Item, scheme: string, isRoute = false): void {
    rejectUnknownKeys(item, isRoute ? "route" : "backend");
    if (scheme !== this.#scheme) {
      throw new ConfigError(
        `Cannot use ${
          item.scheme || scheme
        }:// in ${item.source} ${item.word}: the listener is ${this.#listenerScheme}, and its servers are ${
          this.#listenerScheme === this.#scheme ? "too" : this.#scheme
        }`,
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
  build(taken: Set<string>, cookieKey: CookieKey): BackendConfig {
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
    const stick = buildStick(this.#settings, (key) => this.#shared(key), this.#scheme);
    const servers = this.#buildServers(balance, stick, cookieKey);
    const queues = servers.map(({ queue }) => queue);
    return {
      name: this.#name,
      scheme: this.#scheme,
      balance,
      hashBalanceFactor: this.#readBalanceFactor(balance),
      retries: readCount("retries", retries.text, retries.place, 0, RETRIES_MAX),
      retry: readRetry(this.#scheme, (key) => this.#shared(key), (key) => this.#settings.last(key)),
      redispatch: buildRedispatch(this.#settings, (key) => this.#shared(key)),
      stick,
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
      abortOnClose: this.#readAbortOnClose(),
      maxBodyBytes: readBackendMaxBody(this.#shared("max-body"), this.#scheme),
      compress: readBackendCompress(this.#settings, (key) => this.#shared(key), this.#scheme),
      fullconn: readFullconn(this.#shared("fullconn"), queues),
      queuePrioHeader: readQueuePrio(
        this.#shared("queue-prio"),
        this.#settings.last("queue-prio"),
        this.#scheme,
        queues,
      ),
      servers,
    };
  }

  #readBalance(): BalanceConfig {
    const { text, place } = this.#shared("lb") ?? this.#settings.last("lb");
    return readBalance(text, place, this.#listenerScheme);
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

  #readAbortOnClose(): boolean {
    const own = this.#shared("abortonclose");
    const { text, place } = own ?? this.#settings.last("abortonclose");
    const isOn = readChoice("abortonclose", text, ["on", "off"] as const, place) === "on";
    if (own === null || this.#scheme === "http") return isOn;
    throw new ConfigError(`Cannot use abortonclose=${text}: tcp has no requests; it is for http`, place);
  }

  #readPathRewrite(): PathRewriteConfig | null {
    return readPathRewrite((key) => {
      const found = this.#shared(key);
      if (found === null || this.#scheme === "http") return found;
      throw new ConfigError(`Cannot use ${key}=${found.text}: only HTTP has paths`, found.place);
    });
  }

  #buildServers(
    { algorithm }: BalanceConfig,
    { cookie, table }: StickConfig,
    cookieKey: CookieKey,
  ): ServerConfig[] {
    const isSticky = cookie !== null || table !== null;
    const names = new Set<string>();
    return this.#items.flatMap((item, index): ServerConfig[] => {
      const server = this.#buildServer(item);
      const { template, endpoint } = server;
      const slotCount = template?.slotCount ?? 1;
      const queue = readServerQueue(item, algorithm, isSticky);
      return Array.from({ length: slotCount }, (_, slot): ServerConfig => {
        const name = template !== null
          ? slotName(template, slot, item)
          : (this.#isRoute ? null : optionText(item, "name")) ?? `s${index + 1}`;
        if (names.has(name)) {
          throw new ConfigError(
            `Cannot use name "${name}" twice: servers of a backend have different names${
              template === null ? "" : "; give the slots another with name="
            }`,
            optionPlace(item, "name"),
          );
        }
        names.add(name);
        // Slots of a template have one name to look up; a dynamic cookie is of the slot.
        const known = template === null ? endpoint : { ...endpoint, host: name };
        const written = writtenOption(item, "cookie");
        const own = { name, endpoint: known };
        return {
          ...server,
          name,
          slot,
          queue,
          cookie: buildServerCookie(cookie, cookieKey, own, written, this.#scheme),
        };
      });
    });
  }

  /** A server without its name. */
  #buildServer(item: Item): Omit<ServerConfig, "cookie" | "queue"> {
    const weight = optionText(item, "weight");
    const endpoint = parseEndpoint(item, false);
    const template = buildTemplate(item, endpoint, this.#isRoute, (key) => this.#own(item, key));
    const checkAddress = this.#own(item, "check-addr");
    // Checks of a slot connect to its address, whatever it is.
    const isCheckedThere = template !== null && checkAddress.text === "server";
    return {
      name: "",
      endpoint,
      weight: weight === null ? 1 : readCount("weight", weight, optionPlace(item, "weight"), 0, WEIGHT_MAX),
      backup: optionText(item, "backup") !== null,
      source: this.#readSource(item, endpoint),
      proxyOut: this.#readProxyOut(item),
      checkEndpoint: isCheckedThere
        ? null
        : buildCheckEndpoint(endpoint, this.#own(item, "check-port"), checkAddress),
      tls: readServerTls(item, endpoint, this.#scheme),
      resolvePrefer: readPrefer(this.#own(item, "resolve-prefer")),
      template,
      slot: 0,
    };
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
