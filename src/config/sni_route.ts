/**
 * Words of `--route` behind an `sni` listener: which server a client hello names, and where it goes then.
 *
 *     route = name "=" server             server: as a word of --backend
 *     name  = host | "." host | "*"       a host that begins with a dot: any name below it; *: any hello, also one without a name
 *
 * `*.example.com` is read too, and means `.example.com`. The key `alpn` belongs to the match: the same name with other protocols is
 * another route; the same match again adds a server.
 *
 * May import: config.
 *
 * @module
 */
import { BackendBuilder } from "./backend_builder.ts";
import { ConfigError } from "./config_error.ts";
import { optionPlace, optionText } from "./item_options.ts";
import { type Item, parseItem } from "./item_parser.ts";
import type { SniRouteConfig } from "./model_sni.ts";
import type { Settings } from "./settings.ts";

const HOST_CHARS_MAX = 253;
const LABEL = /^[a-z0-9_-]{1,63}$/;
/** Keys of routes that ask for, or change, what TLS hides. */
const HTTP_KEYS: readonly string[] = [
  "method",
  "header",
  "redirect",
  "code",
  "strip-prefix",
  "replace-path",
  "add-prefix",
];
const PROTOCOL_CHARS_MAX = 255;

interface BuiltRoute {
  readonly host: string;
  readonly protocols: readonly string[];
  readonly backend: BackendBuilder;
}

/** The routes of one listener, gathered word by word. */
export class SniRoutesBuilder {
  readonly #settings: Settings;
  readonly #routes: BuiltRoute[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Adds a word. @throws {ConfigError} */
  add(source: string, word: string): void {
    const { host, protocols, item } = parseSniRoute(source, word);
    const key = matchKey(host, protocols);
    let route = this.#routes.find((other) => matchKey(other.host, other.protocols) === key);
    if (route === undefined) {
      route = { host, protocols, backend: new BackendBuilder(this.#settings, "sni") };
      this.#routes.push(route);
    }
    route.backend.addServer(item, item.scheme === "" ? "tcp" : item.scheme, true);
  }

  /** The backends that the routes lead to, in the order written. */
  get backends(): readonly BackendBuilder[] {
    return this.#routes.map(({ backend }) => backend);
  }

  /** After the backends were built. */
  build(): SniRouteConfig[] {
    return this.#routes.map(({ backend, ...match }) => ({ ...match, backend: backend.name }));
  }
}

/** Takes a word apart. @throws {ConfigError} */
function parseSniRoute(
  source: string,
  word: string,
): { readonly host: string; readonly protocols: readonly string[]; readonly item: Item } {
  const equals = word.indexOf("=");
  const fail = (state: string): never => {
    throw new ConfigError(
      `Cannot use route "${word}": ${state}; write host=address, .example.com=address or *=address`,
      { source, word, column: 0 },
    );
  };
  if (equals < 0) fail("the = is missing");
  const text = word.slice(0, equals);
  if (text === "") fail("there is no name before the =");
  if (text.includes("/")) fail("an sni listener sees no path, only the name of the server");
  const host = text === "*" ? "" : text.toLowerCase().replace(/^\*\./, ".").replace(/(?<=[^.])\.$/, "");
  if (text !== "*" && !isServerName(host.replace(/^\./, ""))) {
    fail(`"${text}" is no host name; .example.com means any name below it`);
  }
  const item = parseItem(source, word, equals + 1);
  const other = item.options.find(({ key }) => HTTP_KEYS.includes(key));
  if (other !== undefined) {
    throw new ConfigError(
      `Cannot use ${other.key} in ${source}: an sni listener sees no request, only the TLS client hello`,
      { source, word, column: other.keyColumn },
    );
  }
  return { host, protocols: readProtocols(item), item };
}

/** Whether a text in lower case is what a server may be called in a hello. */
export function isServerName(host: string): boolean {
  return host.length <= HOST_CHARS_MAX && host.split(".").every((label) => LABEL.test(label));
}

function readProtocols(item: Item): string[] {
  const text = optionText(item, "alpn");
  if (text === null) return [];
  const names = text.split("+");
  for (const name of names) {
    if (/^[\x21-\x7e]+$/.test(name) && name.length <= PROTOCOL_CHARS_MAX) continue;
    throw new ConfigError(
      `Cannot use alpn=${text} in ${item.source}: "${name}" is no protocol; write alpn=h2 or alpn=h2+http/1.1`,
      optionPlace(item, "alpn"),
    );
  }
  return [...new Set(names)];
}

function matchKey(host: string, protocols: readonly string[]): string {
  return JSON.stringify([host, [...protocols].sort()]);
}
