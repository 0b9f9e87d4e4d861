/**
 * Who a client is: the texts that the log and the forwarded headers need, made once per connection.
 *
 * May import: base, config, event, net.
 *
 * @module
 */
import type { Cidr } from "../config/model_limits.ts";
import type { SocketAddress } from "../event/poller.ts";
import { addressBytes, canonicalHost } from "../base/ip_address.ts";
import { isInAny } from "../net/cidr.ts";

/** One client connection's identity: of its socket, or of its PROXY protocol header (proxy_handshake.ts). */
export class ClientIdentity {
  /** "10.1.2.3", "2001:db8::1", or "unix:<listener number>". */
  readonly address: string;
  /** 0 for unix clients. */
  readonly port: number;
  /** Its X-Forwarded-* are believed. */
  readonly isTrusted: boolean;
  /** Where it connected to, as its PROXY protocol header says; null: where its socket says. */
  readonly destination: SocketAddress | null;
  /** Why its requests are answered with 403; null when they are not. */
  denial: string | null = null;
  /** What limits know it by (KeyHash); set where there are any. */
  keyHigh = 0;
  keyLow = 0;

  /** @param trust Whose X-Forwarded-* are believed; none of this client's when it is empty. */
  constructor(peer: SocketAddress, trust: readonly Cidr[], destination: SocketAddress | null = null) {
    this.destination = destination;
    if (peer.kind === "unix") {
      this.address = "unix:1";
      this.port = 0;
      this.isTrusted = trust.length > 0;
      return;
    }
    this.address = canonicalHost(peer.host);
    this.port = peer.port;
    this.isTrusted = trust.length > 0 && isInAny(addressBytes(this.address), trust);
  }

  get isUnix(): boolean {
    return this.address.startsWith("unix:");
  }

  /** The value of X-Forwarded-For. */
  get forwardedFor(): string {
    return this.isUnix ? "unknown" : this.address;
  }
}
