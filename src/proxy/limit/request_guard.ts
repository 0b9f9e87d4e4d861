/**
 * What an HTTP listener asks about a request whose head is complete, before a backend is looked for. The first that is broken answers:
 *
 *     allow, deny   403     known since the accept
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { ListenerConfig } from "../../config/model.ts";
import type { ClientIdentity } from "../client_identity.ts";

/** See the module's text. */
export class RequestGuard {
  /** How the last refused request is to be answered, and why; valid until the next question. */
  status = 0;
  why = "";

  /** Returns null when a listener has nothing to ask. */
  static of({ limits }: ListenerConfig): RequestGuard | null {
    return limits.allow.length + limits.deny.length === 0 ? null : new RequestGuard();
  }

  /** Whether a request may go on; if not, `status` and `why` say what to answer. */
  admits(client: ClientIdentity): boolean {
    if (client.denial !== null) return this.#refuse(403, client.denial);
    return true;
  }

  #refuse(status: number, why: string): false {
    this.status = status;
    this.why = why;
    return false;
  }
}
