/**
 * Who may connect: `--allow` and `--deny`.
 *
 *     1. a range of deny holds the client      refused
 *     2. there are ranges of allow             one must hold the client, else refused
 *     3. otherwise                             admitted
 *
 * The order in which they were written does not matter: a list that somebody reads from top to bottom is an accident waiting for
 * its next line. A client without an address (unix) is in no range.
 *
 * May import: base, config, net.
 *
 * @module
 */
import { addressBytes } from "../../base/ip_address.ts";
import { formatCidr } from "../../config/limit_values.ts";
import type { Cidr } from "../../config/model_limits.ts";
import { isIn, isInAny } from "../../net/cidr.ts";

/** See the module's text. */
export class AccessList {
  readonly #allow: readonly Cidr[];
  readonly #deny: readonly Cidr[];

  /** Returns null when everyone is admitted. */
  static of(allow: readonly Cidr[], deny: readonly Cidr[]): AccessList | null {
    return allow.length + deny.length === 0 ? null : new AccessList(allow, deny);
  }

  private constructor(allow: readonly Cidr[], deny: readonly Cidr[]) {
    this.#allow = allow;
    this.#deny = deny;
  }

  /** Why this client is refused, in words; null when it is admitted. Asked once a connection. */
  refusal(address: string): string | null {
    const bytes = addressBytes(address);
    const denied = bytes === null ? undefined : this.#deny.find((range) => isIn(bytes, range));
    if (denied !== undefined) return `deny ${formatCidr(denied)} holds ${address}`;
    if (this.#allow.length === 0 || isInAny(bytes, this.#allow)) return null;
    return `no allow range holds ${address}`;
  }
}
