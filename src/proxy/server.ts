/**
 * A server: one configured address of a backend, what it resolves to, and what is known about it.
 *
 *     state      when                                              new traffic
 *     UP         it has an address                                 yes (weight above 0)
 *     DOWN       its name does not resolve (yet)                   no
 *
 * May import: base, config, event, mux, net, proxy.
 *
 * @module
 */
import type { HttpReuse, ServerConfig, SourceConfig, TcpConfig } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import type { ConnectOptions, SocketAddress } from "../event/poller.ts";
import { formatAddress } from "./address_text.ts";
import type { Candidate } from "./balance/candidate.ts";
import { newServerCounters, type ServerCounters } from "./counters.ts";
import { IdlePool } from "./idle_pool.ts";

/** See the module's text. The balancer reads the {@linkcode Candidate} fields. */
export class Server implements Candidate {
  readonly config: ServerConfig;
  readonly index: number;
  readonly counters: ServerCounters = newServerCounters();
  readonly idle: IdlePool;
  readonly weight: number;
  readonly isBackup: boolean;
  /** Connections of streams, idle ones not counted. */
  currentConns = 0;
  /** Changes with its addresses. */
  addressVersion = 0;
  /** Why it has no address, in words; "" when it has. */
  downReason = "its name is not resolved yet";
  #addresses: readonly SocketAddress[] = [];
  /** The same as texts, for the log. */
  #addressTexts: readonly string[] = [];
  #connectOptions: readonly (ConnectOptions | null)[] = [];
  #preferred = 0;
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
    },
  ) {
    this.config = config;
    this.index = index;
    this.weight = config.weight;
    this.isBackup = config.backup;
    this.#tcp = options.tcp;
    this.#onUsableChange = options.onUsableChange;
    this.idle = new IdlePool(engine, {
      reuse: options.httpReuse,
      purgeMs: options.poolPurgeMs,
      maxConn: options.poolMaxConn,
      onClosed: options.onIdleClosed,
    }, this.counters);
  }

  get usable(): boolean {
    return this.#addresses.length > 0;
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
    const optionsTo = (address: SocketAddress) => connectOptionsTo(address, this.config.source, this.#tcp);
    const reachable = resolved.filter((address) => optionsTo(address) !== null);
    const addresses = reachable.length > 0 ? reachable : resolved;
    this.#addresses = addresses;
    this.#addressTexts = addresses.map(formatAddress);
    this.#connectOptions = addresses.map(optionsTo);
    this.#preferred = 0;
    this.addressVersion++;
    this.downReason = addresses.length > 0 ? "" : downReason;
    if (wasUsable) this.idle.clear();
    if (wasUsable !== this.usable) this.#onUsableChange(this);
  }
}

function connectOptionsTo(
  address: SocketAddress,
  source: SourceConfig | null,
  tcp: TcpConfig,
): ConnectOptions | null {
  if (source === null || address.kind === "unix") return { tcp, source: null };
  const isIpv6 = address.host.includes(":");
  const host = source.hosts.find((other) => other.includes(":") === isIpv6);
  return host === undefined ? null : { tcp, source: { kind: "tcp", host, port: source.port } };
}
