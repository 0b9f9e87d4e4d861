/**
 * Names in words: the part of what `--dry-run` prints that concerns them.
 *
 *     server   app/app1 to app/app5  http://app.service:8080  5 slots  weight 1
 *     names    every 10s from 10.0.0.53:53, 1s a query, 3 retries  hold nx 30s refused 30s timeout 30s other 30s obsolete 0
 *
 * May import: base, config.
 *
 * @module
 */
import { isIpLiteral } from "../base/ip_address.ts";
import { formatDurationMs } from "../base/units.ts";
import { formatEndpoint } from "./item_parser.ts";
import type { BackendConfig, Config, Endpoint, ServerConfig } from "./model.ts";
import type { TemplateConfig } from "./model_names.ts";

/** Name, address, slots and weight of a server; of a template's slots those of all. */
export function explainServerName(backend: BackendConfig, server: ServerConfig): string {
  const { template, endpoint, weight } = server;
  if (template === null) {
    const address = endpoint.kind === "tcp" && endpoint.host === ""
      ? `localhost:${endpoint.port}`
      : formatEndpoint(endpoint);
    return `${backend.name}/${server.name}  ${backend.scheme}://${address}  weight ${weight}`;
  }
  const { prefix, slotCount, kind } = template;
  const names = slotCount === 1 ? server.name : `${prefix}1 to ${backend.name}/${prefix}${slotCount}`;
  const address = kind === "srv"
    ? `srv://${template.host}`
    : `${backend.scheme}://${formatEndpoint(endpoint)}`;
  return `${backend.name}/${names}  ${address}  ${slotCount} slot${slotCount === 1 ? "" : "s"}  weight ${
    kind === "srv" ? "of its SRV record" : weight
  }`;
}

/** What is not as usual about a server's name. */
export function explainServerLooks({ template, resolvePrefer }: ServerConfig): string[] {
  return [
    ...(resolvePrefer === "ipv4" ? [] : [`resolve-prefer ${resolvePrefer}`]),
    ...(template === null || template.checkPort === 0 ? [] : [`checked at port ${template.checkPort}`]),
  ];
}

/** One line, where there are names to look up. */
export function explainResolve({ backends, resolve }: Config): string[] {
  const isUsed = backends.some(({ servers }) =>
    servers.some(({ endpoint, checkEndpoint, template }) =>
      template !== null || isName(endpoint) || (checkEndpoint !== null && isName(checkEndpoint))
    )
  );
  if (!isUsed) return [];
  const { everyMs, hold, retries, timeoutMs, nameServers } = resolve;
  const usesSrv = backends.some(({ servers }) => servers.some(({ template }) => isSrv(template)));
  const servers = nameServers.map(({ host, port }) => formatEndpoint({ kind: "tcp", host, port, path: "" }));
  const who = servers.length > 0
    ? servers.join(" ")
    : `the system's resolver${usesSrv ? ", SRV records from /etc/resolv.conf" : ""}`;
  const how = servers.length > 0 || usesSrv
    ? `, ${formatDurationMs(timeoutMs)} a query, ${retries} retries`
    : "";
  const holds = [
    ["nx", hold.nxMs],
    ["refused", hold.refusedMs],
    ["timeout", hold.timeoutMs],
    ["other", hold.otherMs],
    ["obsolete", hold.obsoleteMs],
  ] as const;
  const held = holds.map(([name, valueMs]) => `${name} ${valueMs === 0 ? "0" : formatDurationMs(valueMs)}`);
  return [`names    every ${formatDurationMs(everyMs)} from ${who}${how}  hold ${held.join(" ")}`];
}

function isSrv(template: TemplateConfig | null): boolean {
  return template !== null && template.kind === "srv";
}

function isName({ kind, host }: Endpoint): boolean {
  return kind === "tcp" && host !== "" && host !== "localhost" && !isIpLiteral(host);
}
