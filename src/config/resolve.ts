/**
 * From what was written to the configuration: items are taken apart, defaults filled in, everything checked.
 *
 *     -l LISTEN            begins a service
 *     -b BACKEND …         servers of its default backend
 *     -r MATCH=BACKEND …   servers of the backend for that match; the same match again adds servers
 *     LISTEN BACKEND …     shorthand without flags: one service
 *
 * May import: base, config.
 *
 * @module
 */
import { LOG_FORMATS } from "./catalogue.ts";
import { ConfigError, suggest } from "./config_error.ts";
import { BackendBuilder, readItemTcp, readTimeouts } from "./backend_builder.ts";
import { rejectUselessFlags } from "./health_builder.ts";
import { expandWord, formatEndpoint, type Item, parseEndpoint, parseItem } from "./item_parser.ts";
import { readHeaders } from "./headers_value.ts";
import { optionPlace, optionText, rejectUnknownKeys } from "./item_options.ts";
import { readListenerLimits } from "./limit_values.ts";
import { readProxyIn } from "./proxy_values.ts";
import type {
  BackendConfig,
  Config,
  ListenerConfig,
  LogConfig,
  RedirectConfig,
  RouteConfig,
  RouteMatch,
} from "./model.ts";
import { readRedirect } from "./redirect_value.ts";
import { isTlsScheme, readListenerTls, refuseTlsLoop } from "./tls_values.ts";
import { failRoute, isSameMatch, parseRouteWord } from "./route_word.ts";
import type { ItemWord, Settings } from "./settings.ts";
import { readChoice, readCidr, readCount, readCountOrAuto, readDurationMs, readSizeBytes } from "./values.ts";

/** Facts about the surroundings that decide defaults. */
export interface Surroundings {
  readonly isStdoutTerminal: boolean;
}

/** Engines at most. */
export const THREADS_MAX = 64;
/** As HAProxy's. */
const SPREAD_PERCENT_MAX = 50;

interface Service {
  readonly item: Item;
  readonly scheme: "http" | "tcp";
  fallback: BackendBuilder | null;
  readonly redirect: RedirectConfig | null;
  readonly routes: {
    readonly match: RouteMatch;
    readonly backend: BackendBuilder | null;
    readonly redirect: RedirectConfig | null;
  }[];
}

const LATER_SCHEMES = ["sni", "h2c"];

/** Builds the configuration. @throws {ConfigError} the first thing that is wrong. */
export function resolveConfig(settings: Settings, surroundings: Surroundings): Config {
  return new Resolver(settings, surroundings).resolve();
}

class Resolver {
  readonly #settings: Settings;
  readonly #surroundings: Surroundings;
  readonly #services: Service[] = [];

  constructor(settings: Settings, surroundings: Surroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  resolve(): Config {
    for (const word of this.#settings.items) this.#read(word);
    if (this.#services.length === 0) {
      throw new ConfigError(
        "Cannot start: no listener; write hadro 8080 localhost:3000, or -l http://:8080 -b :3000",
      );
    }
    const settings = this.#settings;
    const duration = (name: string) => {
      const { text, place } = settings.last(name);
      return readDurationMs(`--${name}`, text, place);
    };
    const maxMem = settings.last("max-mem");
    const maxconn = settings.last("maxconn");
    const poller = settings.last("poller");
    const threads = settings.last("threads");
    const spread = settings.last("spread-checks");
    const backends = this.#buildBackends();
    rejectUselessFlags(settings, backends);
    return {
      listeners: this.#buildListeners(),
      backends,
      ...readHeaders(settings),
      trust: settings.all("trust").map(({ text, place }) => readCidr("--trust", text, place)),
      log: this.#buildLog(),
      maxMemBytes: readSizeBytes("--max-mem", maxMem.text, maxMem.place),
      maxconn: readCount("--maxconn", maxconn.text, maxconn.place),
      drainMs: duration("drain"),
      poller: readChoice("--poller", poller.text, ["auto", "deno", "epoll"] as const, poller.place),
      spreadChecksPercent: readCount("--spread-checks", spread.text, spread.place, 0, SPREAD_PERCENT_MAX),
      threads: readCountOrAuto("--threads", threads.text, threads.place, THREADS_MAX),
    };
  }

  #read(word: ItemWord): void {
    for (const text of expandWord(word.source, word.word)) {
      if (word.kind === "listen") this.#readListen(parseItem(word.source, text));
      else if (word.kind === "backend") this.#readBackend(parseItem(word.source, text));
      else this.#readRoute(word.source, text);
    }
  }

  #readListen(item: Item): void {
    const scheme = readScheme(item, "http");
    rejectUnknownKeys(item, "listen");
    const endpoint = parseEndpoint(item, true);
    const twin = this.#services.find(({ item: other }) =>
      (endpoint.kind === "unix" || endpoint.port !== 0) &&
      formatEndpoint(parseEndpoint(other, true)) === formatEndpoint(endpoint)
    );
    if (twin !== undefined) {
      throw new ConfigError(
        `Cannot listen twice on ${formatEndpoint(endpoint)}: ${twin.item.word} does already`,
        {
          source: item.source,
          word: item.word,
          column: item.addressColumn,
        },
      );
    }
    const redirect = readRedirect(item);
    if (redirect !== null && scheme === "tcp") {
      throw new ConfigError(
        `Cannot use redirect in ${item.source}: only HTTP can be redirected`,
        optionPlace(item, "redirect"),
      );
    }
    refuseTlsLoop(item, redirect);
    this.#services.push({ item, scheme, fallback: null, redirect, routes: [] });
  }

  #readBackend(item: Item): void {
    const service = this.#service(item);
    if (service.redirect !== null) {
      throw new ConfigError(
        `Cannot use ${item.source} ${item.word}: its listener redirects what no -r matches; leave one of them`,
        { source: item.source, word: item.word, column: 0 },
      );
    }
    service.fallback ??= new BackendBuilder(this.#settings, service.scheme);
    service.fallback.addServer(item, readScheme(item, service.scheme));
  }

  #readRoute(source: string, word: string): void {
    const { match, item, redirect } = parseRouteWord(source, word);
    const service = this.#service(item);
    if (service.scheme === "tcp") failRoute(source, word, "a tcp listener has no routes");
    const known = service.routes.find((other) => isSameMatch(other.match, match));
    if (known !== undefined && (redirect !== null || known.redirect !== null)) {
      failRoute(source, word, "another route has the same match, and one of them redirects");
    }
    const backend = redirect !== null
      ? null
      : known?.backend ?? new BackendBuilder(this.#settings, service.scheme);
    backend?.addServer(item, readScheme(item, service.scheme), true);
    if (known === undefined) service.routes.push({ match, backend, redirect });
  }

  #service(item: Item): Service {
    const service = this.#services.at(-1);
    if (service !== undefined) return service;
    throw new ConfigError(`Cannot use ${item.source} ${item.word}: it has no listener; write -l before it`);
  }

  #buildBackends(): BackendConfig[] {
    const taken = new Set<string>();
    const builders = this.#services.flatMap(({ item, fallback, redirect, routes }) => {
      if (fallback === null && redirect === null && routes.length === 0) {
        throw new ConfigError(`Cannot start: ${item.source} ${item.word} has no backend; add -b address`);
      }
      return [fallback, ...routes.map((route) => route.backend)].filter((builder) => builder !== null);
    });
    return builders.map((builder) => builder.build(taken));
  }

  #buildListeners(): ListenerConfig[] {
    const taken = new Set<string>();
    return this.#services.map((service) => {
      const { item, scheme, fallback, routes } = service;
      const endpoint = parseEndpoint(item, true);
      const suffix = endpoint.kind === "unix" ? "unix" : String(endpoint.port);
      const kind = item.scheme || scheme;
      const name = uniqueName(item, optionText(item, "name"), `${kind}-${suffix}`, taken);
      const maxconn = optionText(item, "maxconn");
      const priority = optionText(item, "prio");
      const poller = optionText(item, "poller");
      return {
        name,
        scheme,
        endpoint,
        priority: priority === null
          ? "normal"
          : readChoice("prio", priority, ["high", "normal", "low"] as const, optionPlace(item, "prio")),
        poller: poller === null
          ? "auto"
          : readChoice("poller", poller, ["auto", "deno"] as const, optionPlace(item, "poller")),
        maxconn: maxconn === null ? 0 : readCount("maxconn", maxconn, optionPlace(item, "maxconn")),
        tls: readListenerTls(item),
        acceptsProxy: readProxyIn(item, this.#settings.all("trust").length > 0),
        limits: readListenerLimits(this.#settings, item, endpoint, scheme),
        timeouts: readTimeouts(this.#settings, [item]),
        tcp: readItemTcp(this.#settings, [item]),
        routes: routes.map(({ match, backend, redirect }): RouteConfig => ({
          ...match,
          backend: backend?.name ?? "",
          redirect,
        })),
        defaultBackend: fallback?.name ?? "",
        redirect: service.redirect,
      };
    });
  }

  #buildLog(): LogConfig {
    const { text, place } = this.#settings.last("log");
    const full = this.#settings.last("log-full");
    const isCustom = text.includes("%");
    if (!isCustom && !LOG_FORMATS.some((format) => format === text)) {
      throw new ConfigError(
        `Cannot use --log "${text}": no such format, and one of your own has % variables${
          suggest(text, LOG_FORMATS)
        }`,
        place,
      );
    }
    const automatic = this.#surroundings.isStdoutTerminal && this.#settings.last("log-file").text === "-"
      ? "tty"
      : "json";
    return {
      format: isCustom ? "custom" : text === "auto" ? automatic : text as LogConfig["format"],
      pattern: isCustom ? text : "",
      file: this.#settings.last("log-file").text,
      full: readChoice("--log-full", full.text, ["drop", "block"] as const, full.place),
    };
  }
}

/** What is inside: TLS is a matter of the item's keys. */
function readScheme(item: Item, assumed: "http" | "tcp"): "http" | "tcp" {
  if (isTlsScheme(item.scheme)) return item.scheme === "https" ? "http" : "tcp";
  if (item.scheme === "") return assumed;
  if (item.scheme === "http" || item.scheme === "tcp") return item.scheme;
  const isLater = LATER_SCHEMES.includes(item.scheme);
  const state = isLater
    ? "it comes with a later version; this one has http, https, tcp and tls"
    : `no such scheme${suggest(item.scheme, ["http", "https", "tcp", "tls"])}`;
  throw new ConfigError(`Cannot use scheme "${item.scheme}" in ${item.source} ${item.word}: ${state}`, {
    source: item.source,
    word: item.word,
    column: item.addressColumn - item.scheme.length - 3,
  });
}

/** The written name, which must be free, or the assumed one with a number behind it when that is taken. */
function uniqueName(item: Item, written: string | null, assumed: string, taken: Set<string>): string {
  if (written !== null && taken.has(written)) {
    throw new ConfigError(`Cannot use name "${written}" twice: names are unique`, optionPlace(item, "name"));
  }
  let name = written ?? assumed;
  for (let i = 2; taken.has(name); i++) name = `${assumed}-${i}`;
  taken.add(name);
  return name;
}
