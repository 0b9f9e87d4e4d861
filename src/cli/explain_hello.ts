/**
 * `hadro explain 'tls://app.example.com' …`: what would be done with a connection whose TLS client hello names this server.
 *
 *     hello = "tls://" [name] [":" port] [",alpn=" protocol *("+" protocol)]          no name: a hello without one
 *
 * Asked are the `sni` listeners: the one on that port (443 where none is written and some listener has it), or all of them.
 *
 * May import: everything but other commands.
 *
 * @module
 */
import { formatDurationMs } from "../base/units.ts";
import { ConfigError } from "../config/config_error.ts";
import { explainBackend, explainBinding, explainSniRoute } from "../config/explain.ts";
import { optionText } from "../config/item_options.ts";
import { parseItem } from "../config/item_parser.ts";
import type { BackendConfig, Config, ListenerConfig } from "../config/model.ts";
import type { SniRouteConfig } from "../config/model_sni.ts";
import { isServerName } from "../config/sni_route.ts";
import { SniRoutes } from "../proxy/sni_routes.ts";

const DEFAULT_PORT = 443;
const PAD = 8;

interface AskedHello {
  readonly serverName: string;
  readonly port: number | null;
  readonly protocols: readonly string[];
}

/** What is to be said, and whether some listener would serve what was asked. */
export interface Explanation {
  readonly lines: readonly string[];
  readonly isServed: boolean;
}

/** Whether a text to be explained is a hello, not a request. */
export function isHelloText(text: string): boolean {
  return /^\s*tls:\/\//i.test(text);
}

/** See the module's text. @throws {ConfigError} when the hello cannot be read. */
export function explainHello(config: Config, text: string): Explanation {
  const hello = readHello(text.trim());
  const { serverName, port, protocols } = hello;
  const offer = protocols.length === 0 ? "" : `  alpn ${protocols.join("+")}`;
  const title = line(
    "hello",
    `tls://${serverName || "(no name)"}${port === null ? "" : `:${port}`}${offer}`,
  );
  const listeners = listenersFor(config, hello);
  if (listeners.length === 0) {
    const known = config.listeners.map((listener) =>
      `${listener.name} (${listener.scheme} ${explainBinding(listener)})`
    );
    const where = port === null ? "" : ` on port ${port}`;
    const result = `nothing reads TLS client hellos${where}; listeners: ${known.join(", ")}`;
    return { lines: [title, line("result", result)], isServed: false };
  }
  const parts = listeners.map((listener) => explainAt(config, listener, hello));
  return {
    lines: [title, ...parts.flatMap(({ lines }) => lines)],
    isServed: parts.some(({ isServed }) => isServed),
  };
}

function readHello(text: string): AskedHello {
  const fail = (state: string, column = 0): never => {
    throw new ConfigError(
      `Cannot explain "${text}": ${state}; write hadro explain tls://app.example.com -l sni://:443 -b :8443`,
      { source: "explain", word: text, column },
    );
  };
  const item = parseItem("explain", text.replace(/^tls/i, "tls"));
  const match = /^([^:/[\]]*)(?::(\d{1,5}))?\/?$/.exec(item.address);
  if (match === null) return fail("it is no name with an optional port", item.addressColumn);
  const serverName = match[1]!.toLowerCase().replace(/(?<=[^.])\.$/, "");
  if (serverName !== "" && !isServerName(serverName)) {
    return fail(`"${match[1]}" is no host name`, item.addressColumn);
  }
  const unknown = item.options.find(({ key }) => key !== "alpn");
  if (unknown !== undefined) return fail(`"${unknown.key}" is no key of a hello, alpn is`, unknown.keyColumn);
  return {
    serverName,
    port: match[2] === undefined ? null : Number(match[2]),
    protocols: optionText(item, "alpn")?.split("+") ?? [],
  };
}

function listenersFor(config: Config, { port }: AskedHello): ListenerConfig[] {
  const reading = config.listeners.filter(({ scheme }) => scheme === "sni");
  const exact = reading.filter(({ endpoint }) =>
    endpoint.kind === "tcp" && endpoint.port === (port ?? DEFAULT_PORT)
  );
  return exact.length > 0 || port !== null ? exact : reading;
}

function explainAt(
  config: Config,
  listener: ListenerConfig,
  { serverName, protocols }: AskedHello,
): Explanation {
  const routes = new SniRoutes<SniRouteConfig>(listener.sniRoutes, (route) => route);
  const decoder = new TextDecoder();
  const route = routes.find(serverName, { offers: (bytes) => protocols.includes(decoder.decode(bytes)) });
  const name = route?.backend ?? listener.defaultBackend;
  const lines = [
    line("listener", `${listener.name}  ${listener.scheme} ${explainBinding(listener)}`),
    explainSniRoute(listener, route),
  ];
  const refused = (why: string) => ({ lines: [...lines, line("result", why)], isServed: false });
  if (name === "") return refused("closed: no route of this listener matches, and it has no default backend");
  const backend = config.backends.find((other) => other.name === name)!;
  lines.push(...explainBackend(backend), explainTimeouts(listener, backend));
  return backend.servers.some(({ weight }) => weight > 0)
    ? { lines, isServed: true }
    : refused(`closed: every server of ${name} has weight 0 and takes no new traffic`);
}

/** Those that a connection which is passed through can meet. */
function explainTimeouts({ timeouts: client }: ListenerConfig, { timeouts: server }: BackendConfig): string {
  const times: readonly (readonly [string, number])[] = [
    ["request", client.requestMs],
    ["client", client.clientMs],
    ["client-fin", client.clientFinMs],
    ["connect", server.connectMs],
    ["server", server.serverMs],
    ["server-fin", server.serverFinMs],
  ];
  return line("timeouts", times.map(([name, ms]) => `${name} ${formatDurationMs(ms)}`).join("  "));
}

function line(kind: string, text: string): string {
  return `${kind.padEnd(PAD)} ${text}`;
}
