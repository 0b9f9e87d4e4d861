/**
 * A configuration in words: what `--dry-run` prints and the start-up banner shows, one fact a line.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatDurationMs, formatSizeBytes } from "../base/units.ts";
import { formatBalance } from "./balance_values.ts";
import { explainCompress } from "./compress_values.ts";
import { explainLimits, explainMaxBody } from "./explain_limits.ts";
import { describeCookies, explainServerCookie, explainStick } from "./explain_stick.ts";
import { explainResolve, explainServerLooks, explainServerName } from "./explain_names.ts";
import { formatEndpoint } from "./item_parser.ts";
import { type MemoryPlan, PLAN_BUFFER_BYTES, PLAN_PIPE_BYTES } from "./memory_plan.ts";
import { formatProxyOut } from "./proxy_values.ts";
import { formatServerQueue } from "./queue_values.ts";
import type { CheckConfig, HealthConfig } from "./model_health.ts";
import type {
  BackendConfig,
  Config,
  ListenerConfig,
  RouteConfig,
  RouteMatch,
  SourceConfig,
  TcpConfig,
} from "./model.ts";
import type { SniRouteConfig } from "./model_sni.ts";
import { formatPathRewrite } from "./path_rewrite_value.ts";
import { formatRetry } from "./retry_values.ts";
import { formatRedirect } from "./redirect_value.ts";
import { formatTcpKeepAlive } from "./socket_values.ts";
import { explainListenerTls, explainServerTls, schemeOf } from "./explain_tls.ts";

/** Returns the lines. */
export function explainConfig(config: Config, plan: MemoryPlan): string[] {
  return [
    ...config.listeners.flatMap((listener) => explainListener(listener)),
    ...config.backends.flatMap((backend) => explainBackend(backend)),
    ...describeCookies(config).map((text) => `cookies  ${text}`),
    ...explainHeaders(config),
    ...explainResolve(config),
    ...explainEngine(config),
    `log      ${config.log.format === "custom" ? `"${config.log.pattern}"` : config.log.format} to ${
      config.log.file === "-" ? "standard output" : config.log.file
    }, ${config.log.full} when full`,
    `limits   maxconn ${plan.maxconn}   mem ceiling ${
      formatSizeBytes(config.maxMemBytes)
    } = ${plan.maxconn} x 2 x ${
      formatSizeBytes(plan.connectionCostBytes)
    } + ${plan.bufferCount} buffers x ${PLAN_BUFFER_BYTES}${explainPipes(plan)}${
      explainEncoders(plan)
    }   drain ${formatDurationMs(config.drainMs)}`,
  ];
}

function explainPipes({ pipeCount }: MemoryPlan): string {
  return pipeCount === 0 ? "" : ` + ${pipeCount} pipes x ${formatSizeBytes(PLAN_PIPE_BYTES)}`;
}

function explainEncoders({ compressBytes }: MemoryPlan): string {
  return compressBytes === 0 ? "" : ` + ${formatSizeBytes(compressBytes)} for encoders`;
}

function explainListener(listener: ListenerConfig): string[] {
  const { timeouts } = listener;
  const facts = [
    listener.priority === "normal" ? "" : `prio ${listener.priority}`,
    listener.poller === "auto" ? "" : `poller ${listener.poller}`,
    listener.maxconn === 0 ? "" : `maxconn ${listener.maxconn}`,
    `timeouts client ${formatDurationMs(timeouts.clientMs)} request ${
      formatDurationMs(timeouts.requestMs)
    } keepalive ${formatDurationMs(timeouts.keepAliveMs)}`,
    ...(listener.acceptsProxy
      ? [
        `proxy header from ${listener.endpoint.kind === "unix" ? "whoever may open it" : "--trust"}, within ${
          formatDurationMs(timeouts.clientHandshakeMs)
        }`,
      ]
      : []),
    ...explainListenerTls(listener),
    ...explainLimits(listener),
    ...explainCompress(listener.compress),
    ...explainTcp(listener.tcp),
  ];
  const lines = [
    `listen   ${schemeOf(listener).padEnd(4)} ${explainBinding(listener)}  (${listener.name})  ${
      facts.filter((f) => f !== "").join("  ")
    }`,
  ];
  for (const route of listener.routes) lines.push(explainRoute(listener, route));
  for (const route of listener.sniRoutes) lines.push(explainSniRoute(listener, route));
  lines.push(explainRoute(listener, null));
  return lines;
}

/** Where a listener binds. */
export function explainBinding({ endpoint }: ListenerConfig): string {
  return endpoint.kind === "tcp" && endpoint.host === ""
    ? `[::]:${endpoint.port} + 0.0.0.0:${endpoint.port}`
    : formatEndpoint(endpoint);
}

/** A route of a listener; null: what is done with the requests that none matches. */
export function explainRoute(listener: ListenerConfig, route: RouteConfig | null): string {
  const { redirect } = route ?? listener;
  const name = route === null ? listener.defaultBackend : route.backend;
  const target = redirect === null
    ? name || (listener.scheme === "sni" ? "closed" : "404")
    : formatRedirect(redirect);
  const match = route === null ? "default" : explainMatch(route);
  return `route    ${listener.name}  ${match} -> ${target}`;
}

/** The same of an `sni` listener. */
export function explainSniRoute(listener: ListenerConfig, route: SniRouteConfig | null): string {
  if (route === null) return explainRoute(listener, null);
  const { host, protocols, backend } = route;
  const offer = protocols.length === 0 ? "" : `  alpn ${protocols.join("+")}`;
  return `route    ${listener.name}  ${host || "any hello"}${offer} -> ${backend}`;
}

function explainMatch({ host, pathPrefix, isExact, methods, headers }: RouteMatch): string {
  return [
    `${host || "any host"} ${pathPrefix || "/"}${isExact ? " only" : ""}`,
    ...(methods.length === 0 ? [] : [`method ${methods.join("+")}`]),
    ...headers.map(({ name, value }) => `header ${name}${value === null ? "" : `: ${value}`}`),
  ].join("  ");
}

/** A backend, and each of its servers. */
export function explainBackend(backend: BackendConfig): string[] {
  const { timeouts, hostPolicy } = backend;
  const host = hostPolicy.kind === "name" ? hostPolicy.name : hostPolicy.kind;
  const lines = [
    [
      `backend  ${backend.name}  ${formatBalance(backend.balance)}  retries ${backend.retries}`,
      ...formatRetry(backend.retry),
      ...(backend.hashBalanceFactor === 0 ? [] : [`hash-balance-factor ${backend.hashBalanceFactor}`]),
      ...explainStick(backend),
      ...(backend.priority === "normal" ? [] : [`prio ${backend.priority}`]),
      ...(backend.scheme === "http" ? [`host=${host}`] : []),
      ...(backend.scheme === "http" && backend.httpReuse !== "safe"
        ? [`http-reuse ${backend.httpReuse}`]
        : []),
      ...(backend.scheme === "http" && backend.abortOnClose ? ["abortonclose"] : []),
      ...formatPathRewrite(backend.pathRewrite),
      ...(backend.fullconn === 0 ? [] : [`fullconn ${backend.fullconn}`]),
      ...(backend.queuePrioHeader === "" ? [] : [`queue-prio hdr:${backend.queuePrioHeader}`]),
      `timeouts connect ${formatDurationMs(timeouts.connectMs)} server ${
        formatDurationMs(timeouts.serverMs)
      } tunnel ${formatDurationMs(timeouts.tunnelMs)}${
        backend.servers.some(({ queue }) => queue !== null)
          ? ` queue ${formatDurationMs(timeouts.queueMs)}`
          : ""
      }`,
      ...explainMaxBody(backend.maxBodyBytes),
      ...explainCompress(backend.compress),
      ...explainTcp(backend.tcp),
      ...explainHealth(backend.health),
    ].join("  "),
  ];
  for (const server of backend.servers) {
    if (server.slot > 0) continue;
    lines.push(
      `server   ${explainServerName(backend, server)}${server.backup ? "  backup" : ""}${
        formatServerQueue(server.queue)
      }${server.source === null ? "" : `  source ${explainSource(server.source)}`}${
        server.proxyOut === null ? "" : `  ${formatProxyOut(server.proxyOut)}`
      }${explainServerTls(server)}${
        server.checkEndpoint === null ? "" : `  checked at ${formatEndpoint(server.checkEndpoint)}`
      }${explainServerCookie(backend, server)}${
        explainServerLooks(server).map((text) => `  ${text}`).join("")
      }`,
    );
  }
  return lines;
}

/** What is not as usual. */
function explainHealth(health: HealthConfig): string[] {
  const { check, observe, errorLimit, onError, ejectMs, slowStartMs, onMarkedDown } = health;
  const limit = `observe ${observe} ${errorLimit} errors`;
  return [
    ...(check === null ? [] : [explainCheck(check)]),
    ...(observe === "off" || check === null ? [] : [`${limit}: ${onError}`]),
    ...(ejectMs === 0 ? [] : [`${limit}: eject ${formatDurationMs(ejectMs)}`]),
    ...(slowStartMs === 0 ? [] : [`slowstart ${formatDurationMs(slowStartMs)}`]),
    ...(onMarkedDown === "none" ? [] : [`on-marked-down ${onMarkedDown}`]),
  ];
}

function explainCheck(
  { request, interMs, fastInterMs, downInterMs, rise, fall, timeoutMs }: CheckConfig,
): string {
  const time = (name: string, valueMs: number) =>
    valueMs === 0 ? "" : ` ${name} ${formatDurationMs(valueMs)}`;
  const what = request === null ? "tcp" : `${request.method} ${request.path} expect ${request.expect.text}`;
  const host = request === null || request.host === "" ? "" : ` host ${request.host}`;
  return `check ${what}${host}${time("inter", interMs)}${time("fastinter", fastInterMs)}${
    time("downinter", downInterMs)
  } rise ${rise} fall ${fall}${time("timeout", timeoutMs)}${
    request?.disableOn404 === true ? " disable-on-404" : ""
  }`;
}

/** What is not as usual. */
function explainTcp({ keepAlive, userTimeoutMs }: TcpConfig): string[] {
  return [
    ...(keepAlive === null ? [] : [`tcp-keepalive ${formatTcpKeepAlive(keepAlive)}`]),
    ...(userTimeoutMs === 0 ? [] : [`tcp-ut ${formatDurationMs(userTimeoutMs)}`]),
  ];
}

/** An interface with the addresses that it has now. */
function explainSource({ interfaceName, hosts, port }: SourceConfig): string {
  const addresses = hosts.map((host) =>
    port === 0 ? host : formatEndpoint({ kind: "tcp", host, port, path: "" })
  );
  return interfaceName === "" ? addresses.join(" ") : `${interfaceName} (${addresses.join(" ")})`;
}

/** The rules for headers, and who is believed. */
export function explainHeaders(config: Config): string[] {
  const rules = (kind: string, list: Config["headersUp"]) =>
    list.map((rule) => `${kind} ${rule.action} ${rule.name}${rule.value === "" ? "" : `: ${rule.value}`}`);
  const trust = config.trust.map((range) => `${formatBytes(range.bytes)}/${range.prefixBits}`);
  return [
    ...rules("headers  up  ", config.headersUp),
    ...rules("headers  down", config.headersDown),
    ...(trust.length === 0 ? [] : [`trust    ${trust.join(" ")}`]),
  ];
}

/** One line, when it is not as usual. */
function explainEngine({ poller, threads }: Config): string[] {
  const facts = [
    ...(poller === "auto" ? [] : [`poller ${poller}`]),
    ...(threads === 1 ? [] : [`threads ${threads === 0 ? "auto" : threads}`]),
  ];
  return facts.length === 0 ? [] : [`engine   ${facts.join("  ")}`];
}

function formatBytes(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] << 8) | bytes[i * 2 + 1]).toString(16));
  return groups.join(":");
}
