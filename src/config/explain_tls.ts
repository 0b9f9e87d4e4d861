/**
 * What is encrypted, in words: the part of explain.ts that concerns TLS.
 *
 * May import: base, config.
 *
 * @module
 */
import { formatDurationMs } from "../base/units.ts";
import type { ListenerConfig, ListenerScheme, ServerConfig } from "./model.ts";

/** How the scheme of a listener or server is written. */
export function schemeOf(
  { scheme, tls }: { readonly scheme: ListenerScheme; readonly tls: unknown },
): string {
  if (tls === null) return scheme;
  return scheme === "http" ? "https" : "tls";
}

/** One fact; none without TLS. */
export function explainListenerTls({ tls, timeouts }: ListenerConfig): string[] {
  if (tls === null) return [];
  const { files, isStrict, minVersion, clientCaPath, isClientRequired, alpn } = tls;
  const keyPath = files === null || files.keyPath === "" ? "" : ` key ${files.keyPath}`;
  const certificate = files === null ? "throw-away certificate" : `cert ${files.certPath}${keyPath}`;
  const clients = clientCaPath === ""
    ? ""
    : `  client certificates ${isClientRequired ? "required" : "optional"} ca ${clientCaPath}`;
  return [
    `TLS ${minVersion} or later  ${certificate}${isStrict ? "  strict-sni" : ""}${
      alpn.length === 0 ? "" : `  alpn ${alpn.join(",")}`
    }${clients}  handshake within ${formatDurationMs(timeouts.clientHandshakeMs)}`,
  ];
}

/** One fact; "" without TLS. */
export function explainServerTls({ tls }: Pick<ServerConfig, "tls">): string {
  if (tls === null) return "";
  const { serverName, isVerified, caPath, files, minVersion } = tls;
  const name = serverName.kind === "host"
    ? "the request's Host"
    : isVerified || serverName.name !== ""
    ? serverName.name
    : "nobody";
  const trust = isVerified
    ? `verified by ${caPath === "" ? "the system's authorities" : caPath}`
    : "NOT VERIFIED";
  return `  TLS ${minVersion} or later  for ${name}  ${trust}${
    files === null ? "" : `  cert ${files.certPath}`
  }`;
}
