/**
 * The rates of an HTTP listener: each has a table of its own, and a request is held against all that concern it, in the order
 * written. One that a later rate refuses has counted for the earlier ones.
 *
 *     src    the client's key, known since the accept
 *     hdr    the value of the first header of that name; a request without it is not concerned
 *     path   one account for all
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import type { RateConfig } from "../../config/model_limits.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser } from "../../protocol/h1/head_parser.ts";
import { equalIgnoringCase } from "../../protocol/http/octet.ts";
import { pathHasPrefix } from "../../protocol/http/uri.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { KeyHash } from "./key_hash.ts";
import { RATE_TABLE_WAYS, RateTable } from "./rate_table.ts";

interface CompiledRate {
  readonly config: RateConfig;
  readonly header: Uint8Array;
  /** Empty: any path. */
  readonly pathPrefix: Uint8Array;
  readonly table: RateTable;
}

/** See the module's text. */
export class RequestRates {
  /** After a refusal: the rate, and when it would let the request in. */
  refusing: RateConfig | null = null;
  waitMs = 0;
  readonly #rates: readonly CompiledRate[];
  readonly #hash: KeyHash;

  constructor(rates: readonly RateConfig[], seed: number) {
    const encoder = new TextEncoder();
    this.#hash = KeyHash.ofSeed(seed);
    this.#rates = rates.map((config) => ({
      config,
      header: encoder.encode(config.header),
      pathPrefix: encoder.encode(config.pathPrefix),
      table: config.key === "path" ? new RateTable(config, RATE_TABLE_WAYS) : new RateTable(config),
    }));
  }

  /** Whether a parsed request whose first byte is at `base` keeps to every rate. */
  admits(client: ClientIdentity, head: HeadParser, bytes: Uint8Array, base: number, nowMs: number): boolean {
    for (let i = 0; i < this.#rates.length; i++) {
      const { config, header, pathPrefix, table } = this.#rates[i]!;
      if (
        pathPrefix.length > 0 &&
        !pathHasPrefix(bytes, base + head.pathStart, base + head.targetEnd, pathPrefix)
      ) {
        continue;
      }
      let high = 0;
      let low = 0;
      if (config.key === "src") {
        high = client.keyHigh;
        low = client.keyLow;
      } else if (config.key === "hdr") {
        if (!this.#hashField(head, bytes, base, header)) continue;
        high = this.#hash.high;
        low = this.#hash.low;
      }
      if (table.take(high, low, nowMs)) continue;
      this.refusing = config;
      this.waitMs = table.waitMs;
      return false;
    }
    return true;
  }

  /** Returns whether the head has the field. */
  #hashField(head: HeadParser, bytes: Uint8Array, base: number, name: Uint8Array): boolean {
    const { fields } = head;
    for (let row = 0; row < head.fieldCount * FIELD_STRIDE; row += FIELD_STRIDE) {
      const start = base + fields[row + FieldPart.NAME_START]!;
      const end = base + fields[row + FieldPart.NAME_END]!;
      if (!equalIgnoringCase(bytes, start, end, name, 0, name.length)) continue;
      const valueStart = base + fields[row + FieldPart.VALUE_START]!;
      this.#hash.hash(bytes, valueStart, base + fields[row + FieldPart.VALUE_END]!);
      return true;
    }
    return false;
  }
}
