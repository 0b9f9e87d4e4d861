/**
 * A server: one configured address of a backend, what it resolves to, and what is known about it.
 *
 *     usable     it has an address, and its health (health/health_state.ts) is UP
 *     else       its name does not resolve (yet), or its health is another: no new traffic, and `downReason` says why
 *
 * May import: base, config, sys, event, mux, net, proxy.
 *
 * @module
 */
import { formatEndpoint } from "../config/item_parser.ts";
import type { HttpReuse, ServerConfig, SourceConfig, TcpConfig } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import type { ConnectOptions, SocketAddress } from "../event/poller.ts";
import type { TlsContext } from "../sys/tls_context.ts";
import { formatAddress } from "./address_text.ts";
import { BackendCounts } from "./backend_counts.ts";
import type { Candidate } from "./balance/candidate.ts";
import { newServerCounters, type ServerCounters } from "./counters.ts";
import type { TrafficObserver } from "./health/traffic_observer.ts";
import { IdlePool } from "./idle_pool.ts";

/** See the module's text. The balancer reads the {@linkcode Candidate} fields. */
export class Server implements Candidate {
  readonly config: ServerConfig;
  readonly index: number;
  readonly counters: ServerCounters = newServerCounters();
  readonly idle: IdlePool;
  /** The configured one, in sixteenths where there is a slowstart. */
  weight: number;
  /** Told what traffic meets; null when nobody observes. */
  observer: TrafficObserver | null = null;
  /** What connections to it are encrypted with; null: they are not. Another one from one connection to the next when files changed. */
  tlsContext: TlsContext | null = null;
  readonly isBackup: boolean;
  readonly hashName: string;
  /** Changes with its addresses. */
  addressVersion = 0;
  /** Why it has no address, in words; "" when it has. */
  #addressReason = "its name is not resolved yet";
  /** Why its health lets it have no traffic; "" when it does. */
  #healthReason = "";
  #isHealthy = true;
  #addresses: readonly SocketAddress[] = [];
  /** The same as texts, for the log. */
  #addressTexts: readonly string[] = [];
  #connectOptions: readonly (ConnectOptions | null)[] = [];
  #preferred = 0;
  readonly #counts: BackendCounts;
  readonly #tcp: TcpConfig;
  readonly #onUsableChange: (server: Server) => void;

  constructor(
    config: ServerConfig,
    index: number,
    engine: Engine,
    options: {
      readonly tcp: TcpConfig;
      readonly httpReuse: HttpReuse;
      readonly poolPurgeMs: number;
      readonly poolMaxConn: number;
      readonly onUsableChange: (server: Server) => void;
      readonly onIdleClosed: () => void;
      /** Where its streams are counted. @default {apart} */
      readonly counts?: BackendCounts;
    },
  ) {
    this.config = config;
    this.index = index;
    this.weight = config.weight;
    this.isBackup = config.backup;
    this.hashName = formatEndpoint(config.endpoint);
    this.#counts = options.counts ?? BackendCounts.apart(index + 1);
    this.#tcp = options.tcp;
    this.#onUsableChange = options.onUsableChange;
    this.idle = new IdlePool(engine, {
      // A connection with a header is its client's own; one that was verified for a request's Host is for no other.
      reuse: config.proxyOut === null && config.tls?.serverName.kind !== "host" ? options.httpReuse : "never",
      purgeMs: options.poolPurgeMs,
      maxConn: options.poolMaxConn,
      onClosed: options.onIdleClosed,
    }, this.counters);
  }

  /** Connections of streams, of all threads; idle ones not counted. */
  get currentConns(): number {
    return this.#counts.ofServer(this.index);
  }

  get usable(): boolean {
    return this.#isHealthy && this.#addresses.length > 0;
  }

  /** Why it may not be used, in words; "" when it may. */
  get downReason(): string {
    return this.#addressReason || this.#healthReason;
  }

  /** Whether its health lets it have new traffic, and why not. */
  setHealth(isHealthy: boolean, reason: string): void {
    const wasUsable = this.usable;
    this.#isHealthy = isHealthy;
    this.#healthReason = reason;
    if (wasUsable !== this.usable) this.#onUsableChange(this);
  }

  setWeight(weight: number): void {
    if (weight === this.weight) return;
    this.weight = weight;
    this.#onUsableChange(this);
  }

  get addressCount(): number {
    return this.#addresses.length;
  }

  /** The address to try as the `attempt`-th, from 0: the one that worked last comes first. */
  address(attempt: number): SocketAddress {
    return this.#addresses[(this.#preferred + attempt) % this.#addresses.length]!;
  }

  /** {@linkcode Server.address} as people write it. */
  addressText(attempt: number): string {
    return this.#addressTexts[(this.#preferred + attempt) % this.#addressTexts.length]!;
  }

  /** How to connect to {@linkcode Server.address}; null when the server's source is of the other family only. */
  connectOptions(attempt: number): ConnectOptions | null {
    return this.#connectOptions[(this.#preferred + attempt) % this.#connectOptions.length]!;
  }

  /** The address tried as the `attempt`-th worked. */
  preferAddress(attempt: number): void {
    this.#preferred = (this.#preferred + attempt) % this.#addresses.length;
  }

  /**
   * Takes over what its name resolves to now; idle connections to addresses that are gone are closed. Addresses of a family that
   * its source is not of are left out; when that leaves none, they are kept for the connect to fail and say why.
   */
  setAddresses(resolved: readonly SocketAddress[], downReason: string): void {
    const wasUsable = this.usable;
    const hadAddresses = this.addressCount > 0;
    const optionsTo = (address: SocketAddress) => connectOptionsTo(address, this.config.source, this.#tcp);
    const reachable = resolved.filter((address) => optionsTo(address) !== null);
    const addresses = reachable.length > 0 ? reachable : resolved;
    this.#addresses = addresses;
    this.#addressTexts = addresses.map(formatAddress);
    this.#connectOptions = addresses.map(optionsTo);
    this.#preferred = 0;
    this.addressVersion++;
    this.#addressReason = addresses.length > 0 ? "" : downReason;
    if (hadAddresses) this.idle.clear();
    if (wasUsable !== this.usable) this.#onUsableChange(this);
  }
}

/** How to connect to an address; null when the source is of the other family only. */
export function connectOptionsTo(
  address: SocketAddress,
  source: SourceConfig | null,
  tcp: TcpConfig,
): ConnectOptions | null {
  if (source === null || address.kind === "unix") return { tcp, source: null };
  const isIpv6 = address.host.includes(":");
  const host = source.hosts.find((other) => other.includes(":") === isIpv6);
  return host === undefined ? null : { tcp, source: { kind: "tcp", host, port: source.port } };
}
