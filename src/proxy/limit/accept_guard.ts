/**
 * What a listener asks about a client that it has just accepted, before anything is made for it.
 *
 *     allow, deny       http   a client that may not come in is let in to be told so: 403 to its first request
 *                       tcp    it is reset
 *     conn-rate         it is reset, as by rate where tcp has no requests
 *     maxconn-per-src   it is reset
 *
 * Every refused connection is counted and has a line in the access log. (HAProxy's `tcp-request connection reject` logs nothing;
 * whoever looks for the reason of a reset looks there, and a request that is answered costs a line as well.)
 *
 * A client is known by the hash of its address, an IPv6 one by that of its /64.
 *
 * May import: base, config, net, proxy.
 *
 * @module
 */
import { addressBytes } from "../../base/ip_address.ts";
import type { ListenerConfig } from "../../config/model.ts";
import type { RateConfig } from "../../config/model_limits.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { AccessList } from "./access_list.ts";
import { KeyHash } from "./key_hash.ts";
import { RateTable } from "./rate_table.ts";
import { SourceCounts } from "./source_counts.ts";

/** Of an IPv6 address: its /64. */
const IPV6_KEY_BYTES = 8;

/** See the module's text. */
export class AcceptGuard {
  readonly #isHttp: boolean;
  readonly #access: AccessList | null;
  readonly #rates: readonly { readonly rate: RateConfig; readonly table: RateTable }[];
  readonly #countMax: number;
  readonly #counts = new SourceCounts();
  /** Null where nobody asks for a client's key. */
  readonly #hash: KeyHash | null;

  /** Returns null when a listener has nothing to ask. */
  static of(config: ListenerConfig, seed: number): AcceptGuard | null {
    const { allow, deny, connRates, maxconnPerSrc, rates } = config.limits;
    const access = AccessList.of(allow, deny);
    const needsKey = connRates.length > 0 || maxconnPerSrc > 0 || rates.some(({ key }) => key === "src");
    if (access === null && !needsKey) return null;
    return new AcceptGuard(config, access, needsKey ? KeyHash.ofSeed(seed) : null);
  }

  private constructor(config: ListenerConfig, access: AccessList | null, hash: KeyHash | null) {
    this.#isHttp = config.scheme === "http";
    this.#access = access;
    this.#rates = config.limits.connRates.map((rate) => ({ rate, table: new RateTable(rate) }));
    this.#countMax = config.limits.maxconnPerSrc;
    this.#hash = hash;
  }

  /**
   * Why the connection is to be reset, in words; null when it may stay, and {@linkcode AcceptGuard.leave} follows when it is over.
   * Notes in `client` what its requests are told, and its key.
   */
  refusal(client: ClientIdentity, nowMs: number): string | null {
    const denied = this.#access?.refusal(client.address) ?? null;
    if (denied !== null) {
      if (!this.#isHttp) return denied;
      client.denial = denied;
    }
    if (this.#hash === null) return null;
    noteKey(client, this.#hash);
    for (const { rate, table } of this.#rates) {
      if (!table.take(client.keyHigh, client.keyLow, nowMs)) {
        return `more connections of ${client.address} than conn-rate ${rate.text}`;
      }
    }
    if (this.#countMax === 0 || this.#counts.add(client.keyHigh, client.keyLow, this.#countMax)) return null;
    return `more connections at once of ${client.address} than maxconn-per-src ${this.#countMax}`;
  }

  /** A connection that was let in is over. */
  leave(client: ClientIdentity): void {
    if (this.#countMax > 0) this.#counts.remove(client.keyHigh, client.keyLow);
  }
}

function noteKey(client: ClientIdentity, hash: KeyHash): void {
  const bytes = addressBytes(client.address) ?? new TextEncoder().encode(client.address);
  hash.hash(bytes, 0, bytes.length === 16 ? IPV6_KEY_BYTES : bytes.length);
  client.keyHigh = hash.high;
  client.keyLow = hash.low;
}
