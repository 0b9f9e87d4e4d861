/**
 * The PROXY protocol header that a connection to a server begins with: what it says of a client, and sending it.
 *
 *     source         the client as the log knows it
 *     destination    where it connected to: as its own PROXY protocol header said, or the local address of its socket
 *
 * and by proxy-v2-options
 *
 *     authority      the request's Host, the server name of a TLS client hello
 *     unique-id      the id of the request that the connection was opened for, where --unique-id gives ids; none over tcp
 *     ssl            the client's TLS and its certificate, or that it has no TLS; not its ALPN, for a server of HTTP gets
 *                    HTTP/1.1 whatever the client speaks, and tls:// listeners choose no protocol
 *
 * Such a connection is its client's own: only further requests of the same session go over it, and with `authority` only those for
 * the same Host. Further requests have ids that no header says.
 *
 * May import: base, event, mux, protocol, proxy.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { canonicalHost } from "../base/ip_address.ts";
import { Slab } from "../base/slab.ts";
import type { Engine } from "../event/engine.ts";
import type { SocketAddress, TlsFacts } from "../event/poller.ts";
import type { Front } from "../mux/front.ts";
import type { SocketEnd } from "../mux/socket_end.ts";
import { FIELD_STRIDE, FieldPart, TargetForm } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { type IpEnd, type ProxySsl, writeProxyHeader } from "../protocol/proxy_protocol/header_writer.ts";
import { SslClient } from "../protocol/proxy_protocol/layout.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { LogRecord } from "./log_record.ts";
import type { Server } from "./server.ts";

/**
 * Writes the header of a connection to `server`, which gets one, for the client at `end`, to the beginning of `out`; returns its
 * length. `request` is the record of the request that it is for; null: it is for no request, of tcp.
 */
export function writeClientHeader(
  out: Uint8Array,
  server: Server,
  client: ClientIdentity,
  end: SocketEnd,
  authority: string,
  tls: TlsFacts | null,
  request: LogRecord | null,
): number {
  const { version, hasChecksum, hasUniqueId, hasSsl } = server.config.proxyOut!;
  return writeProxyHeader(out, {
    version,
    isLocal: false,
    source: client.isUnix ? null : { host: client.address, port: client.port },
    destination: toIpEnd(client.destination ?? end.context.engine.poller.localAddress(end.fd)),
    authority,
    uniqueId: hasUniqueId && request !== null ? uniqueIdOf(request) : "",
    ssl: hasSsl ? sslOf(tls) : null,
    hasChecksum,
  });
}

function uniqueIdOf({ capture, uniqueId: { offset, length } }: LogRecord): string {
  return String.fromCharCode(...capture.subarray(offset, offset + length));
}

/** A certificate that is not good ends the handshake: one that there is was verified, by this connection or its session's first. */
function sslOf(tls: TlsFacts | null): ProxySsl {
  if (tls === null) return { clientBits: 0, isVerified: false, version: "", cipher: "", commonName: "" };
  const isVerified = tls.peerSubject !== "";
  const certificateBits = tls.isResumed ? SslClient.CERT_SESS : SslClient.CERT_SESS | SslClient.CERT_CONN;
  return {
    clientBits: SslClient.SSL | (isVerified ? certificateBits : 0),
    isVerified,
    version: tls.version,
    cipher: tls.cipher,
    commonName: tls.peerName,
  };
}

/** What a connection to `server` is to know of the request's authority, by its header or by its TLS: "" where that is nothing. */
export function authorityFor(server: Server, front: Front): string {
  const { proxyOut, tls } = server.config;
  if (proxyOut?.hasAuthority !== true && tls?.serverName.kind !== "host") return "";
  const { parsedHead: head, bytes, messageStart: base } = front;
  const row = head.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
  const isAbsolute = head.targetForm === TargetForm.ABSOLUTE;
  if (!isAbsolute && row < 0) return "";
  const start = isAbsolute ? head.authorityStart : head.fields[row + FieldPart.VALUE_START]!;
  const end = isAbsolute ? head.authorityEnd : head.fields[row + FieldPart.VALUE_END]!;
  return String.fromCharCode(...bytes.subarray(base + start, base + end));
}

/** Sends a header on a fresh connection: at once, as good as always; what the socket does not take is kept and sent later. */
export class HeaderSend {
  readonly #engine: Engine;
  #slab: Slab | null = null;
  #offset = 0;
  #end = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Sends the first `sizeBytes` of `scratch`, whose content is free for others at return; `hasMore`: the client's bytes follow at
   * once. Returns as {@linkcode HeaderSend.resume}.
   */
  begin(fd: number, scratch: Slab, sizeBytes: number, hasMore: boolean): number {
    this.#slab = scratch;
    this.#offset = 0;
    this.#end = sizeBytes;
    const result = this.resume(fd, hasMore);
    if (result === -Errno.EAGAIN) this.#keepRest();
    else this.#slab = null;
    return result;
  }

  /** Sends on. Returns 0 when all is sent, -EAGAIN when a possible send is awaited, or the negated error. */
  resume(fd: number, hasMore: boolean): number {
    const { fdTable } = this.#engine;
    while (this.#offset < this.#end) {
      const count = this.#engine.send(fd, this.#slab!, this.#offset, this.#end - this.#offset, hasMore);
      if (count < 0) {
        if (count === -Errno.EAGAIN) fdTable.cantSend(fd);
        return count;
      }
      this.#offset += count;
    }
    return 0;
  }

  #keepRest(): void {
    const rest = new Slab(this.#end - this.#offset);
    rest.bytes.set(this.#slab!.bytes.subarray(this.#offset, this.#end));
    this.#slab = rest;
    this.#end -= this.#offset;
    this.#offset = 0;
  }
}

function toIpEnd(address: SocketAddress): IpEnd | null {
  return address.kind === "unix" ? null : { host: canonicalHost(address.host), port: address.port };
}
