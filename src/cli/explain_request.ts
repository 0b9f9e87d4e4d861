/**
 * `hadro explain 'GET https://h/api/x' …`: what would be done with this request, without sending or binding anything.
 *
 *     which listener    the port of the URL        asked are
 *                       is a listener's            those listeners
 *                       was not written            every listener that speaks HTTP: the port is what lies before hadro
 *                       is nobody's                none
 *
 * A text that begins with tls:// is a TLS client hello: explain_hello.ts.
 *
 * The request is written out, read by the parser and looked up in the route table that requests are served with. Exit code 0 when
 * some listener asked would serve it, else 2.
 *
 * May import: everything but other commands.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import { formatDurationMs } from "../base/units.ts";
import { BUFFER_SIZE } from "../buffer/pool.ts";
import { ConfigError } from "../config/config_error.ts";
import { explainBackend, explainBinding, explainHeaders, explainRoute } from "../config/explain.ts";
import { schemeOf } from "../config/explain_tls.ts";
import type {
  BackendConfig,
  Config,
  ListenerConfig,
  PathRewriteConfig,
  RedirectConfig,
  RouteConfig,
} from "../config/model.ts";
import {
  describeParseError,
  FIELD_STRIDE,
  FieldPart,
  HeadParser,
  ParseStatus,
} from "../protocol/h1/head_parser.ts";
import { FieldFact, fieldNameFacts } from "../protocol/http/field_name.ts";
import { Method, methodName } from "../protocol/http/method.ts";
import { HeaderRules } from "../proxy/header_rules.ts";
import { PathRewrite } from "../proxy/path_rewrite.ts";
import { Redirect } from "../proxy/redirect.ts";
import { RouteTable } from "../proxy/route_table.ts";
import { ExitCode } from "./exit_codes.ts";
import { explainHello, type Explanation, isHelloText } from "./explain_hello.ts";

const REQUEST = /^(?:(\S+) +)?(https?):\/\/([^/?#\s]*)([^\s#]*)$/i;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const PAD = 8;

interface AskedRequest {
  readonly scheme: string;
  readonly authority: string;
  readonly target: string;
  /** Of the URL; null when none is written. */
  readonly port: number | null;
  readonly head: HeadParser;
  readonly bytes: Uint8Array;
}

/** Prints the explanation on standard output; returns the exit code. @throws {ConfigError} */
export function runExplain(config: Config, request: string, headers: readonly string[]): number {
  const { lines, isServed } = explainRequest(config, request, headers);
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return isServed ? ExitCode.OK : ExitCode.USAGE;
}

/** See the module's text. @throws {ConfigError} when the request cannot be read. */
export function explainRequest(config: Config, text: string, headers: readonly string[]): Explanation {
  if (isHelloText(text)) return explainHello(config, text);
  const request = readRequest(text, headers);
  const listeners = listenersFor(config, request);
  const title = line(
    "request",
    `${methodOf(request)} ${request.scheme}://${request.authority}${request.target}`,
  );
  if (listeners.length === 0) {
    const known = config.listeners.map((listener) => `${listener.name} (${explainBinding(listener)})`);
    const port = request.port === null ? "" : ` on port ${request.port}`;
    return {
      lines: [title, line("result", `nothing speaks HTTP${port}; listeners: ${known.join(", ")}`)],
      isServed: false,
    };
  }
  const parts = listeners.map((listener) => explainAt(config, listener, request));
  return {
    lines: [title, ...parts.flatMap(({ lines }) => lines)],
    isServed: parts.some(({ isServed }) => isServed),
  };
}

/** Writes the request out and reads it as a listener would. @throws {ConfigError} */
function readRequest(text: string, headers: readonly string[]): AskedRequest {
  const place = { source: "explain", word: text, column: 0 };
  const match = REQUEST.exec(text.trim());
  if (match === null) {
    throw new ConfigError(
      `Cannot explain "${text}": it is no method and absolute URL; write hadro explain 'GET http://app.test/api/x' -l :8080 -b :3000`,
      place,
    );
  }
  const [, method = "GET", scheme, authority, path] = match;
  const target = path.startsWith("/") ? path : `/${path}`;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`, ...headers, "", ""];
  const bytes = new TextEncoder().encode(lines.join("\r\n"));
  const head = new HeadParser("request");
  const status = head.parse(bytes, 0, bytes.length);
  if (status !== ParseStatus.DONE) {
    const state = status === ParseStatus.ERROR ? describeParseError(head.errorCode) : "its head never ends";
    throw new ConfigError(`Cannot explain "${text}": a listener would answer 400: ${state}`, place);
  }
  const port = /:(\d+)$/.exec(authority)?.[1];
  return {
    scheme: scheme.toLowerCase(),
    authority,
    target,
    port: port === undefined ? null : Number(port),
    head,
    bytes,
  };
}

function listenersFor(config: Config, { scheme, port }: AskedRequest): ListenerConfig[] {
  const speaking = config.listeners.filter((listener) => listener.scheme === "http");
  const wanted = port ?? DEFAULT_PORTS[scheme];
  const exact = speaking.filter(({ endpoint }) => endpoint.kind === "tcp" && endpoint.port === wanted);
  return exact.length > 0 || port !== null ? exact : speaking;
}

function explainAt(config: Config, listener: ListenerConfig, request: AskedRequest): Explanation {
  const lines = [line("listener", `${listener.name}  ${schemeOf(listener)} ${explainBinding(listener)}`)];
  const spoken = schemeOf(listener);
  if (request.scheme !== spoken) {
    const state = spoken === "http" ? "https has to end before it" : "http gets no answer from it";
    lines.push(line("note", `this listener speaks ${spoken}: ${state}`));
  }
  const { methodId } = request.head;
  if (methodId === Method.CONNECT || methodId === Method.TRACE) {
    return refused(lines, `405: method ${methodName(methodId)} is refused`);
  }
  const table = new RouteTable<{ readonly route: RouteConfig | null }>(
    listener.routes,
    { route: null },
    (route) => ({ route }),
  );
  const { route } = table.find(request.head, request.bytes, 0)!;
  lines.push(explainRoute(listener, route));
  const { redirect } = route ?? listener;
  if (redirect !== null) {
    return { lines: [...lines, line("result", redirection(redirect, request))], isServed: true };
  }
  const name = route === null ? listener.defaultBackend : route.backend;
  if (name === "") return refused(lines, "404: no route of this listener matches the request");
  const backend = config.backends.find((other) => other.name === name)!;
  lines.push(
    ...explainBackend(backend),
    ...explainPath(backend.pathRewrite, request),
    ...explainChangedHeaders(config, listener, backend, request),
    explainTimeouts(listener, backend),
  );
  return backend.servers.some(({ weight }) => weight > 0)
    ? { lines, isServed: true }
    : refused(lines, `503: every server of ${name} has weight 0 and takes no new traffic`);
}

/** What the client is answered. */
function redirection(config: RedirectConfig, { head, bytes }: AskedRequest): string {
  const redirect = new Redirect(config, new Slab(BUFFER_SIZE));
  const length = redirect.write(head, bytes, 0, false);
  const answer = new TextDecoder().decode(redirect.slab.bytes.subarray(0, length));
  return `${config.code}: location: ${/location: (.*)\r\n/.exec(answer)![1]}`;
}

function refused(lines: readonly string[], why: string): Explanation {
  return { lines: [...lines, line("result", why)], isServed: false };
}

/** What the server does not see as the client sent it, then the rules of `--header-up` and `--header-down`. */
function explainChangedHeaders(
  config: Config,
  listener: ListenerConfig,
  backend: BackendConfig,
  request: AskedRequest,
): string[] {
  const up = (text: string) => line("headers", `up   ${text}`);
  const { hostPolicy } = backend;
  const host = hostPolicy.kind === "client"
    ? request.authority
    : hostPolicy.kind === "name"
    ? hostPolicy.name
    : "the server's address";
  const rules = new HeaderRules(config.headersUp);
  const forwarded = [
    ["X-Forwarded-For", "the client's address"],
    ["X-Forwarded-Proto", schemeOf(listener)],
    ["X-Forwarded-Host", request.authority],
  ].filter(([name]) => !rules.replaces(name));
  const dropped = fieldNames(request).filter(({ id, name }) =>
    (fieldNameFacts(id) & FieldFact.HOP_BY_HOP) !== 0 || forwarded.some(([other]) => isSameName(other, name))
  );
  const trusted = config.trust.length === 0 ? "" : ", unless --trust believes the client";
  return [
    up(`Host: ${host}`),
    ...dropped.map(({ name }) => up(`removes ${name}${/^x-/i.test(name) ? trusted : ""}`)),
    ...forwarded.map(([name, value]) => up(`adds ${name}: ${value}`)),
    ...explainHeaders(config),
  ];
}

/** What the server sees of the path and query; nothing when they stay as they are. */
function explainPath(config: PathRewriteConfig | null, { head, bytes, target }: AskedRequest): string[] {
  if (config === null) return [];
  const into = new Uint8Array(BUFFER_SIZE);
  const end = new PathRewrite(config).write(bytes, head.pathStart, head.targetEnd, into, 0, into.length);
  return [line("path", `${target} -> ${new TextDecoder().decode(into.subarray(0, Math.max(0, end)))}`)];
}

function explainTimeouts({ timeouts: client }: ListenerConfig, { timeouts: server }: BackendConfig): string {
  const times: readonly (readonly [string, number])[] = [
    ["request", client.requestMs],
    ["keepalive", client.keepAliveMs],
    ["client", client.clientMs],
    ["client-fin", client.clientFinMs],
    ["connect", server.connectMs],
    ["queue", server.queueMs],
    ["server", server.serverMs],
    ["tunnel", server.tunnelMs],
  ];
  return line("timeouts", times.map(([name, ms]) => `${name} ${formatDurationMs(ms)}`).join("  "));
}

function fieldNames({ head, bytes }: AskedRequest): { readonly id: number; readonly name: string }[] {
  return Array.from({ length: head.fieldCount }, (_, index) => {
    const row = index * FIELD_STRIDE;
    const start = head.fields[row + FieldPart.NAME_START];
    const end = head.fields[row + FieldPart.NAME_END];
    return {
      id: head.fields[row + FieldPart.NAME_ID],
      name: new TextDecoder().decode(bytes.subarray(start, end)),
    };
  });
}

function methodOf({ head, bytes }: AskedRequest): string {
  return new TextDecoder().decode(bytes.subarray(0, head.methodEnd));
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function line(kind: string, text: string): string {
  return `${kind.padEnd(PAD)} ${text}`;
}
