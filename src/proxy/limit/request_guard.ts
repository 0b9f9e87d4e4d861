/**
 * What an HTTP listener asks about a request whose head is complete, before a backend is looked for. The first that is broken answers:
 *
 *     allow, deny                    403     known since the accept
 *     max-headers, max-header-size   431     a head that does not end is refused while it comes (H1Front)
 *
 * May import: config, protocol, proxy.
 *
 * @module
 */
import { HEADER_BYTES_MAX } from "../../config/limit_values.ts";
import type { ListenerConfig, ListenerLimits } from "../../config/model.ts";
import type { HeadParser } from "../../protocol/h1/head_parser.ts";
import type { ClientIdentity } from "../client_identity.ts";

/** Then the parser looks after it. */
const HEADER_COUNT_DEFAULT = 100;

/** See the module's text. */
export class RequestGuard {
  /** How the last refused request is to be answered, and why; valid until the next question. */
  status = 0;
  why = "";
  readonly #limits: ListenerLimits;

  /** Returns null when a listener has nothing to ask. */
  static of({ limits }: ListenerConfig): RequestGuard | null {
    const hasNone = limits.allow.length + limits.deny.length === 0 &&
      limits.maxHeaderCount === HEADER_COUNT_DEFAULT && limits.maxHeaderBytes === HEADER_BYTES_MAX;
    return hasNone ? null : new RequestGuard(limits);
  }

  private constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** Whether a request may go on; if not, `status` and `why` say what to answer. */
  admits(client: ClientIdentity, head: HeadParser): boolean {
    if (client.denial !== null) return this.#refuse(403, client.denial);
    const { maxHeaderCount, maxHeaderBytes } = this.#limits;
    if (head.fieldCount > maxHeaderCount) {
      return this.#refuse(431, `${head.fieldCount} headers are more than max-headers ${maxHeaderCount}`);
    }
    if (head.headLength > maxHeaderBytes) {
      const why = `the request head is larger than ${maxHeaderBytes} bytes (--max-header-size)`;
      return this.#refuse(431, why);
    }
    return true;
  }

  #refuse(status: number, why: string): false {
    this.status = status;
    this.why = why;
    return false;
  }
}
