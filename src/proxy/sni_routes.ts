/**
 * The routes of an `sni` listener, compiled: of those that match a client hello, the one that comes first in this order is taken.
 *
 *     1   name        the very name     before   the longest .suffix   before   any
 *     2   protocols   some asked for                                   before   any
 *     3               written earlier                                  before   later
 *
 * A line decides only where those above it do not. What it costs does not grow with the number of names: one look for the name, one
 * for each of its dots.
 *
 * May import: config, protocol.
 *
 * @module
 */
import type { SniRouteConfig } from "../config/model_sni.ts";

/** What a client offers: ClientHelloReader. */
interface Offer {
  offers(protocol: Uint8Array): boolean;
}

interface CompiledRoute<Target> {
  /** Empty: any. */
  readonly protocols: readonly Uint8Array[];
  readonly target: Target;
}

/** See the module's text. */
export class SniRoutes<Target> {
  /** By the route's host, a suffix with its dot. */
  readonly #routes = new Map<string, CompiledRoute<Target>[]>();

  constructor(routes: readonly SniRouteConfig[], targetOf: (route: SniRouteConfig) => Target) {
    const encoder = new TextEncoder();
    const asking = routes.filter(({ protocols }) => protocols.length > 0);
    const others = routes.filter(({ protocols }) => protocols.length === 0);
    for (const route of [...asking, ...others]) {
      const list = this.#routes.get(route.host) ?? [];
      list.push({
        protocols: route.protocols.map((protocol) => encoder.encode(protocol)),
        target: targetOf(route),
      });
      this.#routes.set(route.host, list);
    }
  }

  /** The target for a hello with this name ("" none, else in lower case); null when no route matches. */
  find(serverName: string, offer: Offer): Target | null {
    if (this.#routes.size === 0) return null;
    let target: Target | null = null;
    if (serverName !== "") {
      target = this.#findHost(serverName, offer);
      for (let dot = serverName.indexOf("."); dot >= 0; dot = serverName.indexOf(".", dot + 1)) {
        if (target !== null) return target;
        target = this.#findHost(serverName.slice(dot), offer);
      }
    }
    return target ?? this.#findHost("", offer);
  }

  #findHost(host: string, offer: Offer): Target | null {
    const list = this.#routes.get(host);
    if (list === undefined) return null;
    for (let i = 0; i < list.length; i++) {
      const { protocols, target } = list[i]!;
      if (protocols.length === 0) return target;
      for (let j = 0; j < protocols.length; j++) if (offer.offers(protocols[j]!)) return target;
    }
    return null;
  }
}
