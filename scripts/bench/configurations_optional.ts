/**
 * The texts that the peers run with which need not be there: a Caddyfile, and a program around http-proxy; pure.
 *
 * As in configurations.ts, written so that they do well: one thread as the others, connections to the backend kept.
 *
 * @module
 */
import { keptConnections, type ProxyPlan } from "./configurations.ts";

/** What npm fetches: one version, so that two runs measure the same. */
export const HTTP_PROXY_PACKAGE = "http-proxy@1.18.1";

/** node's own. */
const NODE_KEPT = 256;

/** The text of Caddyfile. Caddy always adds the X-Forwarded headers. */
export function caddyConfig(plan: ProxyPlan): string {
  const log = plan.isLogged ? ["\tlog {", "\t\toutput stdout", "\t}"] : [];
  return [
    "{",
    "\tadmin off",
    "\tauto_https off",
    "\tlog {",
    "\t\tlevel ERROR",
    "\t}",
    "}",
    `http://:${plan.port} {`,
    "\tbind 127.0.0.1",
    `\treverse_proxy 127.0.0.1:${plan.backendPort} {`,
    "\t\ttransport http {",
    `\t\t\tkeepalive_idle_conns_per_host ${keptConnections(plan)}`,
    "\t\t\tcompression off",
    "\t\t}",
    "\t}",
    ...log,
    "}",
    "",
  ].join("\n");
}

/** The program that node runs, beside or below a node_modules with http-proxy. */
export function nodeProxyProgram(plan: ProxyPlan): string {
  return `const http = require("node:http");
const { createProxyServer } = require("http-proxy");

const agent = new http.Agent({ keepAlive: true, maxFreeSockets: ${
    Math.max(NODE_KEPT, keptConnections(plan))
  } });
const proxy = createProxyServer({ target: "http://127.0.0.1:${plan.backendPort}", agent, xfwd: ${plan.isForwarding} });
proxy.on("error", (error, request, response) => {
  console.error(error.message);
  if (response.writeHead && !response.headersSent) response.writeHead(502);
  response.end();
});
const server = http.createServer((request, response) => proxy.web(request, response));
server.keepAliveTimeout = 60_000;
server.listen({ host: "127.0.0.1", port: ${plan.port}, backlog: 4096 });
`;
}
