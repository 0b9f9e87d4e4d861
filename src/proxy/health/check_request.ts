/**
 * What a check sends, made once for each server.
 *
 *     PROXY protocol header         where the server gets one and the check connects to it (HAProxy: check-send-proxy); of nobody
 *     METHOD path HTTP/1.1          http
 *     Host: as written, or the server
 *     (check-header …)
 *     User-Agent: hadro             unless a check-header says otherwise
 *     Connection: close
 *
 * May import: base, config, event, protocol, proxy/address_text.
 *
 * @module
 */
import { Slab } from "../../base/slab.ts";
import type { Endpoint, ServerConfig } from "../../config/model.ts";
import type { CheckRequest } from "../../config/model_health.ts";
import { PROXY_HEADER_BYTES_MAX, writeProxyHeader } from "../../protocol/proxy_protocol/header_writer.ts";
import { formatAddress } from "../address_text.ts";

/** Bytes of {@linkcode encodeCheckRequest} that come before TLS. */
export function plainBytesOf(server: ServerConfig): number {
  return encodeHeader(server).length;
}

/**
 * Null when there is nothing to send. @param request Null with tcp. @param member What has the slot that the server is, of SRV
 * records; "" with others.
 */
export function encodeCheckRequest(
  request: CheckRequest | null,
  server: ServerConfig,
  member = "",
): Slab | null {
  const header = encodeHeader(server);
  const text = request === null ? "" : requestText(request, member || hostOf(server.endpoint));
  const sizeBytes = header.length + text.length;
  if (sizeBytes === 0) return null;
  const slab = new Slab(sizeBytes);
  slab.bytes.set(header);
  // Values of headers are Latin-1: a character is a byte.
  for (let i = 0; i < text.length; i++) slab.bytes[header.length + i] = text.charCodeAt(i);
  return slab;
}

function requestText({ method, path, host, headers }: CheckRequest, server: string): string {
  const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`);
  if (!headers.some(({ name }) => name.toLowerCase() === "user-agent")) lines.push("User-Agent: hadro\r\n");
  const hostLine = `Host: ${host || server}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${hostLine}${lines.join("")}Connection: close\r\n\r\n`;
}

function hostOf({ kind, host, port }: Endpoint): string {
  if (kind === "unix") return "localhost";
  return formatAddress({ kind: "tcp", host: host === "" ? "localhost" : host, port });
}

function encodeHeader({ proxyOut, checkEndpoint, template }: ServerConfig): Uint8Array {
  const goesElsewhere = checkEndpoint !== null || (template !== null && template.checkPort !== 0);
  if (proxyOut === null || goesElsewhere) return new Uint8Array(0);
  const { version, hasChecksum } = proxyOut;
  const bytes = new Uint8Array(PROXY_HEADER_BYTES_MAX);
  const nobody = { source: null, destination: null, authority: "", uniqueId: "", ssl: null };
  return bytes.subarray(0, writeProxyHeader(bytes, { version, hasChecksum, isLocal: true, ...nobody }));
}
