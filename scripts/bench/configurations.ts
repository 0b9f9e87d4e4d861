/**
 * The texts that nginx and HAProxy run with; pure. They are printed with the results, since a figure without them says nothing.
 *
 * Written so that the peers do well: no limit on requests per connection, no temporary files, connections to the backend kept. Every
 * path is relative to the directory that nginx is given, so the texts can be shown and run anywhere.
 *
 * @module
 */
import type { Mode, Variant } from "./cases.ts";
import { SMALL_BODY } from "./cases.ts";

export interface ProxyPlan {
  readonly mode: Mode;
  readonly port: number;
  readonly backendPort: number;
  readonly isLogged: boolean;
  /** Adds the X-Forwarded headers that hadro always adds. */
  readonly isForwarding: boolean;
  readonly maxConnections: number;
  /** Clients at once, where they are many: each may have a connection to the backend that should be kept. @default {0} */
  readonly clients?: number;
  /** HAProxy in another ordinary way. @default {null} */
  readonly variant?: Variant | null;
  /** Another listener before the same backend, for bulk. @default {null} */
  readonly bulkPort?: number | null;
}

const UNLIMITED = 1_000_000_000;
const CONNECTIONS_MAX = 20_000;
/** nginx takes 511 by itself; thousands that come at once need more. */
const BACKLOG = 4_096;
const KEPT_MIN = 64;
/** Of a client: its own, one to the backend, and room, since nginx closes idle clients when a sixteenth of its connections is left. */
const NGINX_CONNECTIONS_EACH = 3;

/** How many connections to the backend a proxy keeps that nobody uses just now. */
export function keptConnections({ clients = 0 }: ProxyPlan): number {
  return Math.max(KEPT_MIN, clients);
}

/** As many connections as asked for, or as the limit on open files allows: a proxied one takes two, and HAProxy refuses to start. */
export function connectionsFor(openFilesMax: number): number {
  const reserved = 200;
  return Math.max(256, Math.min(CONNECTIONS_MAX, Math.floor((openFilesMax - reserved) / 2)));
}

/** The text of haproxy.cfg. */
export function haproxyConfig(plan: ProxyPlan): string {
  const { mode, isLogged, isForwarding } = plan;
  const isHttp = mode === "http";
  return lines([
    "global",
    "    nbthread 1",
    // Its pipes take descriptors as well: one for each fourth connection.
    `    maxconn ${plan.variant === "splice" ? plan.maxConnections >> 1 : plan.maxConnections}`,
    // By default it keeps none once a quarter of its descriptors is in use.
    isHttp && keptConnections(plan) > KEPT_MIN && "    tune.pool-low-fd-ratio 100",
    isHttp && keptConnections(plan) > KEPT_MIN && "    tune.pool-high-fd-ratio 100",
    isLogged && "    log stdout format raw local0",
    "defaults",
    `    mode ${mode}`,
    isLogged && "    log global",
    isLogged && `    option ${isHttp ? "httplog" : "tcplog"}`,
    isHttp && "    option http-keep-alive",
    isHttp && `    http-reuse ${plan.variant === "always" ? "always" : "safe"}`,
    plan.variant === "splice" && "    option splice-auto",
    isHttp && isForwarding && "    option forwardfor",
    "    timeout connect 5s",
    "    timeout client 60s",
    "    timeout server 60s",
    "listen bench",
    ...portsOf(plan).map((port) => `    bind 127.0.0.1:${port}`),
    isHttp && isForwarding && "    http-request set-header X-Forwarded-Proto http",
    isHttp && isForwarding && "    http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    `    server s1 127.0.0.1:${plan.backendPort}`,
  ]);
}

/** The text of nginx.conf as a proxy. `streamModule` is the file to load for TCP, or null where it is built in. */
export function nginxConfig(plan: ProxyPlan, streamModule: string | null): string {
  const head = [
    plan.mode === "tcp" && streamModule !== null && `load_module ${streamModule};`,
    ...nginxHead(Math.max(plan.maxConnections, NGINX_CONNECTIONS_EACH * (plan.clients ?? 0))),
  ];
  const accessLog = plan.isLogged ? "combined" : "off";
  return lines([...head, ...(plan.mode === "http" ? nginxHttp(plan, accessLog) : nginxStream(plan))]);
}

/** The text of nginx.conf as the backend: a small body at /, the files 1m and 1g beside it, and /upload that reads before it answers. */
export function backendConfig(port: number, maxConnections: number): string {
  return lines([
    ...nginxHead(maxConnections),
    "http {",
    ...nginxTempPaths(),
    "    access_log off;",
    "    sendfile on;",
    `    upstream self { server 127.0.0.1:${port}; keepalive 64; }`,
    "    server {",
    `        listen 127.0.0.1:${port} backlog=${BACKLOG};`,
    `        keepalive_requests ${UNLIMITED};`,
    `        location = / { return 200 ${JSON.stringify(SMALL_BODY)}; }`,
    "        location = /1m { root .; }",
    "        location = /1g { root .; }",
    // "return" would answer before the body is there; proxy_pass reads it first, and passes on a request without it.
    "        location = /upload {",
    "            client_max_body_size 0;",
    "            client_body_buffer_size 2m;",
    "            proxy_pass http://self/;",
    "            proxy_method GET;",
    "            proxy_pass_request_body off;",
    "            proxy_http_version 1.1;",
    '            proxy_set_header Content-Length "";',
    '            proxy_set_header Connection "";',
    "        }",
    "    }",
    "}",
  ]);
}

function nginxHead(maxConnections: number): string[] {
  return [
    "worker_processes 1;",
    "daemon off;",
    "pid nginx.pid;",
    "error_log stderr error;",
    `events { worker_connections ${maxConnections}; }`,
  ];
}

function nginxHttp(plan: ProxyPlan, accessLog: string): string[] {
  const forward = plan.isForwarding
    ? [
      "            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
      "            proxy_set_header X-Forwarded-Proto $scheme;",
      "            proxy_set_header X-Forwarded-Host $http_host;",
    ]
    : [];
  return [
    "http {",
    ...nginxTempPaths(),
    accessLog === "off" ? "    access_log off;" : `    access_log /dev/null ${accessLog};`,
    "    upstream app {",
    `        server 127.0.0.1:${plan.backendPort};`,
    `        keepalive ${keptConnections(plan)};`,
    `        keepalive_requests ${UNLIMITED};`,
    "    }",
    "    server {",
    ...portsOf(plan).map((port) => `        listen 127.0.0.1:${port} backlog=${BACKLOG};`),
    `        keepalive_requests ${UNLIMITED};`,
    "        location / {",
    "            proxy_pass http://app;",
    "            proxy_http_version 1.1;",
    '            proxy_set_header Connection "";',
    "            proxy_set_header Host $http_host;",
    ...forward,
    // A body larger than nginx's buffers would go through the disk, and the disk is not what is compared.
    "            proxy_max_temp_file_size 0;",
    "            proxy_request_buffering off;",
    "            client_max_body_size 0;",
    "        }",
    "    }",
    "}",
  ];
}

function nginxStream(plan: ProxyPlan): string[] {
  return [
    "stream {",
    "    server {",
    `        listen 127.0.0.1:${plan.port} backlog=${BACKLOG};`,
    `        proxy_pass 127.0.0.1:${plan.backendPort};`,
    "    }",
    "}",
  ];
}

function portsOf({ port, bulkPort }: ProxyPlan): number[] {
  return bulkPort === undefined || bulkPort === null ? [port] : [port, bulkPort];
}

/** nginx makes all of its temporary directories at start, by default where only root may. */
function nginxTempPaths(): string[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `    ${name}_temp_path temp_${name};`
  );
}

function lines(parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join("\n") + "\n";
}
