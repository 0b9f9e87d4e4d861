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
import { readCompress } from "./compress_values.ts";
import { ConfigError, suggest } from "./config_error.ts";
import { CookieKey } from "./cookie_secret.ts";
import { BackendBuilder } from "./backend_builder.ts";
import { rejectUselessFlags } from "./health_builder.ts";
import { expandWord, formatEndpoint, type Item, parseEndpoint, parseItem } from "./item_parser.ts";
import { readHeaders } from "./headers_value.ts";
import { optionPlace, optionText, rejectUnknownKeys } from "./item_options.ts";
import { readListenerLimits } from "./limit_values.ts";
import { readResolve } from "./name_values.ts";
import { readProxyIn } from "./proxy_values.ts";
import type {
  BackendConfig,
  Config,
  ListenerConfig,
  ListenerScheme,
  LogConfig,
  RedirectConfig,
  RouteConfig,
  RouteMatch,
} from "./model.ts";
import { readRedirect } from "./redirect_value.ts";
import { readListenerTls, refuseTlsLoop } from "./tls_values.ts";
import { failRoute, isSameMatch, parseRouteWord } from "./route_word.ts";
import { readListenScheme, readScheme } from "./scheme_value.ts";
import type { ItemWord, Settings } from "./settings.ts";
import { readItemTcp, readTimeouts, writtenOption } from "./shared_options.ts";
import { SniRoutesBuilder } from "./sni_route.ts";
import { rejectUselessStick } from "./stick_builder.ts";
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
  readonly scheme: ListenerScheme;
  fallback: BackendBuilder | null;
  readonly redirect: RedirectConfig | null;
  readonly routes: {
    readonly match: RouteMatch;
    readonly backend: BackendBuilder | null;
    readonly redirect: RedirectConfig | null;
  }[];
  readonly sniRoutes: SniRoutesBuilder;
}

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
    const compressMem = settings.last("compress-mem");
    const maxconn = settings.last("maxconn");
    const poller = settings.last("poller");
    const threads = settings.last("threads");
    const spread = settings.last("spread-checks");
    const cookieKey = new CookieKey(settings.last("cookie-key").text);
    const backends = this.#buildBackends(cookieKey);
    rejectUselessFlags(settings, backends);
    rejectUselessStick(settings, backends);
    return {
      listeners: this.#buildListeners(),
      backends,
      hasRandomCookieKey: cookieKey.isRandom &&
        backends.some(({ stick }) => (stick.cookie?.values ?? "plain") !== "plain"),
      ...readHeaders(settings),
      trust: settings.all("trust").map(({ text, place }) => readCidr("--trust", text, place)),
      log: this.#buildLog(),
      maxMemBytes: readSizeBytes("--max-mem", maxMem.text, maxMem.place),
      compressMemBytes: readSizeBytes("--compress-mem", compressMem.text, compressMem.place),
      maxconn: readCount("--maxconn", maxconn.text, maxconn.place),
      drainMs: duration("drain"),
      poller: readChoice("--poller", poller.text, ["auto", "deno", "epoll"] as const, poller.place),
      resolve: readResolve(settings),
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
    const scheme = readListenScheme(item);
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
    if (redirect !== null && scheme !== "http") {
      throw new ConfigError(
        `Cannot use redirect in ${item.source}: only HTTP can be redirected`,
        optionPlace(item, "redirect"),
      );
    }
    refuseTlsLoop(item, redirect);
    const sniRoutes = new SniRoutesBuilder(this.#settings);
    this.#services.push({ item, scheme, fallback: null, redirect, routes: [], sniRoutes });
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
    service.fallback.addServer(item, readScheme(item, service.scheme === "http" ? "http" : "tcp", true));
  }

  #readRoute(source: string, word: string): void {
    const last = this.#services.at(-1);
    if (last?.scheme === "sni") {
      last.sniRoutes.add(source, word);
      return;
    }
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
    backend?.addServer(item, readScheme(item, "http", true), true);
    if (known === undefined) service.routes.push({ match, backend, redirect });
  }

  #service(item: Item): Service {
    const service = this.#services.at(-1);
    if (service !== undefined) return service;
    throw new ConfigError(`Cannot use ${item.source} ${item.word}: it has no listener; write -l before it`);
  }

  #buildBackends(cookieKey: CookieKey): BackendConfig[] {
    const taken = new Set<string>();
    const builders = this.#services.flatMap(({ item, fallback, redirect, routes, sniRoutes }) => {
      const routed = [...routes.map((route) => route.backend), ...sniRoutes.backends];
      if (fallback === null && redirect === null && routed.length === 0) {
        throw new ConfigError(`Cannot start: ${item.source} ${item.word} has no backend; add -b address`);
      }
      return [fallback, ...routed].filter((builder) => builder !== null);
    });
    return builders.map((builder) => builder.build(taken, cookieKey));
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
      const limits = readListenerLimits(this.#settings, item, endpoint, scheme === "http" ? "http" : "tcp");
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
        tls: readListenerTls(item, limits.h2StreamMax > 0),
        acceptsProxy: readProxyIn(item, this.#settings.all("trust").length > 0),
        limits,
        compress: readCompress(
          this.#settings,
          (key) => writtenOption(item, key),
          scheme === "http" ? "http" : "tcp",
        ),
        timeouts: readTimeouts(this.#settings, [item]),
        tcp: readItemTcp(this.#settings, [item]),
        routes: routes.map(({ match, backend, redirect }): RouteConfig => ({
          ...match,
          backend: backend?.name ?? "",
          redirect,
        })),
        sniRoutes: service.sniRoutes.build(),
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
