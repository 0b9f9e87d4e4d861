/**
 * What a listener asks about a client that it has just accepted, before anything is made for it.
 *
 *     http   a client that may not come in is let in to be told so: 403 to its first request
 *     tcp    it is reset
 *
 * Every refused connection is counted and has a line in the access log. (HAProxy's `tcp-request connection reject` logs nothing;
 * whoever looks for the reason of a reset looks there, and a request that is answered costs a line as well.)
 *
 * May import: base, config, net, proxy.
 *
 * @module
 */
import type { ListenerConfig } from "../../config/model.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { AccessList } from "./access_list.ts";

/** See the module's text. */
export class AcceptGuard {
  readonly #isHttp: boolean;
  readonly #access: AccessList | null;

  /** Returns null when a listener has nothing to ask. */
  static of(config: ListenerConfig): AcceptGuard | null {
    const access = AccessList.of(config.limits.allow, config.limits.deny);
    return access === null ? null : new AcceptGuard(config, access);
  }

  private constructor(config: ListenerConfig, access: AccessList | null) {
    this.#isHttp = config.scheme === "http";
    this.#access = access;
  }

  /** Why the connection is to be reset, in words; null when it may stay. Notes in `client` what its requests are told. */
  refusal(client: ClientIdentity): string | null {
    const denied = this.#access?.refusal(client.address) ?? null;
    if (denied === null) return null;
    if (!this.#isHttp) return denied;
    client.denial = denied;
    return null;
  }
}
