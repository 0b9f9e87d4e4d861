/**
 * A server: one configured address of a backend, what it resolves to, and what is known about it.
 *
 *     usable     it has an address, and its health (health/health_state.ts) is UP
 *     takesKnown the same, or its health is NOLB or DRAIN: clients that were with it before may come back
 *     else       its name does not resolve (yet), or its health is another: no new traffic, and `downReason` says why
 *
 * A slot of a template is one that names give an address to and take it away (`setSlot`): while it is vacant it is as good as not
 * there. What is under way on it goes on, and its idle connections are closed, whenever it gets another address.
 *
 * May import: base, config, sys, event, mux, net, proxy.
 *
 * @module
 */
import { formatEndpoint } from "../config/item_parser.ts";
import type { HttpReuse, ServerConfig, SourceConfig, TcpConfig } from "../config/model.ts";
import type { SlotState } from "../net/name_source.ts";
import type { Engine } from "../event/engine.ts";
import type { ConnectOptions, SocketAddress } from "../event/poller.ts";
import type { TlsContext } from "../sys/tls_context.ts";
import { formatAddress } from "./address_text.ts";
import { BackendCounts } from "./backend_counts.ts";
import type { Candidate } from "./balance/candidate.ts";
import { newServerCounters, type ServerCounters } from "./counters.ts";
import type { TrafficObserver } from "./health/traffic_observer.ts";
import { IdlePool } from "./idle_pool.ts";
import type { ServerLimit } from "./queue/server_limit.ts";

/** See the module's text. The balancer reads the {@linkcode Candidate} fields. */
export class Server implements Candidate {
  readonly config: ServerConfig;
  readonly index: number;
  readonly counters: ServerCounters = newServerCounters();
  readonly idle: IdlePool;
  /** The configured one, or that of its SRV record, in sixteenths where there is a slowstart. */
  weight: number;
  wholeWeight: number;
  /** Told what traffic meets; null when nobody observes. */
  observer: TrafficObserver | null = null;
  /** What connections to it are encrypted with; null: they are not. Another one from one connection to the next when files changed. */
  tlsContext: TlsContext | null = null;
  /** How many streams it takes; null: any number. */
  limit: ServerLimit | null = null;
  isBackup: boolean;
  backupRank = 0;
  /** Its address as written; of a slot the member that has it, "" when it is vacant. */
  hashName: string;
  /** {@linkcode SlotState.version} of a slot; 0 before the first member, and of what is no slot. */
  slotVersion = 0;
  /** Changes with its addresses. */
  addressVersion = 0;
  #baseWeight: number;
  /** Of so many the parts that it has now: a slowstart. */
  #weightParts = 1;
  #weightScale = 1;
  /** Why it has no address, in words; "" when it has. */
  #addressReason = "its name is not resolved yet";
  /** Why its health lets it have no traffic; "" when it does. */
  #healthReason = "";
  #isHealthy = true;
  #isKnownWelcome = true;
  #resolved: readonly SocketAddress[] = [];
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
    this.weight = this.wholeWeight = this.#baseWeight = config.weight;
    this.isBackup = config.backup;
    this.hashName = config.template === null ? formatEndpoint(config.endpoint) : "";
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

  /** Streams on it, of all threads; idle connections are none. */
  get servedConns(): number {
    return this.#counts.ofServer(this.index);
  }

  get currentConns(): number {
    return this.limit === null ? this.servedConns : this.servedConns + this.limit.queueLength;
  }

  get isFull(): boolean {
    return this.limit !== null && this.limit.isFull;
  }

  get isPatient(): boolean {
    return this.limit !== null && this.limit.isPatient;
  }

  get usable(): boolean {
    return this.#isHealthy && this.#addresses.length > 0;
  }

  /** May have the clients that were with it before. */
  get takesKnown(): boolean {
    return this.#isKnownWelcome && this.#addresses.length > 0;
  }

  /** Why it may not be used, in words; "" when it may. */
  get downReason(): string {
    return this.#addressReason || this.#healthReason;
  }

  /** Whether its health lets it have new traffic, and why not; whether it lets it have known clients all the same. */
  setHealth(isHealthy: boolean, reason: string, takesKnown = isHealthy): void {
    const wasUsable = this.usable;
    this.#isHealthy = isHealthy;
    this.#isKnownWelcome = takesKnown;
    this.#healthReason = reason;
    if (wasUsable !== this.usable) this.#onUsableChange(this);
  }

  /** Whether it is a slot that nobody has. */
  get isVacant(): boolean {
    return this.config.template !== null && this.hashName === "";
  }

  /** It has so many parts of its weight, of which the whole has `scale`. */
  setWeightParts(parts: number, scale: number): void {
    this.#weightParts = parts;
    this.#weightScale = scale;
    if (this.#weigh()) this.#onUsableChange(this);
  }

  #weigh(): boolean {
    const [weight, whole] = [this.#baseWeight * this.#weightParts, this.#baseWeight * this.#weightScale];
    if (weight === this.weight && whole === this.wholeWeight) return false;
    this.weight = weight;
    this.wholeWeight = whole;
    return true;
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
    this.#replaceAddresses(resolved, downReason);
    if (wasUsable !== this.usable) this.#onUsableChange(this);
  }

  /** Takes over what its slot is now. @param vacantReason Why it is vacant, in words. */
  setSlot(slot: SlotState, vacantReason: string): void {
    const { member, version, addresses, weight, backupRank } = slot;
    this.hashName = member;
    const isSame = version === this.slotVersion && addresses.length === this.#resolved.length &&
      addresses.every((address, i) => formatAddress(address) === formatAddress(this.#resolved[i]!));
    this.slotVersion = version;
    if (isSame && addresses.length > 0) this.#addressReason = "";
    else if (isSame) this.#addressReason = vacantReason;
    else this.#replaceAddresses(addresses, vacantReason);
    this.#baseWeight = weight > 0 ? weight : this.config.weight;
    this.#weigh();
    this.isBackup = this.config.backup || backupRank > 0;
    this.backupRank = backupRank;
    this.#onUsableChange(this);
  }

  #replaceAddresses(resolved: readonly SocketAddress[], downReason: string): void {
    const hadAddresses = this.addressCount > 0;
    this.#resolved = resolved;
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
