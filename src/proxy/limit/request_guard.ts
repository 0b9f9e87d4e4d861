/**
 * What an HTTP listener asks about a request whose head is complete, before a backend is looked for. The first that is broken answers:
 *
 *     allow, deny                    403     known since the accept
 *     max-headers, max-header-size   431     a head that does not end is refused while it comes (H1Front)
 *     rate                           429     with Retry-After
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import { HEADER_BYTES_MAX } from "../../config/limit_values.ts";
import type { ListenerConfig } from "../../config/model.ts";
import type { ListenerLimits } from "../../config/model_limits.ts";
import type { HeadParser } from "../../protocol/h1/head_parser.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { RequestRates } from "./request_rates.ts";

/** Then the parser looks after it. */
const HEADER_COUNT_DEFAULT = 100;

/** See the module's text. */
export class RequestGuard {
  /** How the last refused request is to be answered, and why; valid until the next question. */
  status = 0;
  why = "";
  /** With 429: when the request would be admitted. */
  waitMs = 0;
  readonly #rates: RequestRates | null;
  readonly #limits: ListenerLimits;

  /** Returns null when a listener has nothing to ask. */
  static of({ limits }: ListenerConfig, seed: number): RequestGuard | null {
    const hasNone = limits.allow.length + limits.deny.length + limits.rates.length === 0 &&
      limits.maxHeaderCount === HEADER_COUNT_DEFAULT && limits.maxHeaderBytes === HEADER_BYTES_MAX;
    return hasNone ? null : new RequestGuard(limits, seed);
  }

  private constructor(limits: ListenerLimits, seed: number) {
    this.#limits = limits;
    this.#rates = limits.rates.length === 0 ? null : new RequestRates(limits.rates, seed);
  }

  /** Whether a request may go on; if not, `status` and `why` say what to answer. */
  admits(client: ClientIdentity, head: HeadParser, bytes: Uint8Array, base: number, nowMs: number): boolean {
    if (client.denial !== null) return this.#refuse(403, client.denial);
    const { maxHeaderCount, maxHeaderBytes } = this.#limits;
    if (head.fieldCount > maxHeaderCount) {
      return this.#refuse(431, `${head.fieldCount} headers are more than max-headers ${maxHeaderCount}`);
    }
    if (head.headLength > maxHeaderBytes) {
      const why = `the request head is larger than ${maxHeaderBytes} bytes (--max-header-size)`;
      return this.#refuse(431, why);
    }
    const rates = this.#rates;
    if (rates === null || rates.admits(client, head, bytes, base, nowMs)) return true;
    const { text, key } = rates.refusing!;
    this.waitMs = rates.waitMs;
    // The value of a header may be somebody's key: it is not told.
    const whose = key === "src" ? ` of ${client.address}` : "";
    return this.#refuse(429, `more requests${whose} than rate ${text}`);
  }

  #refuse(status: number, why: string): false {
    if (status !== 429) this.waitMs = 0;
    this.status = status;
    this.why = why;
    return false;
  }
}
