/**
 * The routes of a listener, compiled: the first match of the sorted list wins (host before path, longer before shorter).
 *
 * Compares bytes of the request head; allocates nothing.
 *
 * May import: base, config, protocol, proxy.
 *
 * @module
 */
import type { RouteConfig } from "../config/model.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser, TargetForm } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { isHost, isHostUnder, pathHasPrefix } from "../protocol/http/uri.ts";

interface CompiledRoute<Target> {
  /** Empty: any host. */
  readonly host: Uint8Array;
  /** `.example.com`: any name below. */
  readonly isSuffix: boolean;
  /** Empty: any path. */
  readonly pathPrefix: Uint8Array;
  readonly target: Target;
}

/** See the module's text. `Target` is what a route leads to: a backend where requests are served, the route itself where it is explained. */
export class RouteTable<Target> {
  readonly #routes: readonly CompiledRoute<Target>[];
  readonly #fallback: Target | null;

  constructor(
    routes: readonly RouteConfig[],
    fallback: Target | null,
    targetOf: (route: RouteConfig) => Target,
  ) {
    const encoder = new TextEncoder();
    this.#fallback = fallback;
    this.#routes = [...routes].sort(moreSpecificFirst).map((route) => ({
      host: encoder.encode(route.host),
      isSuffix: route.host.startsWith("."),
      pathPrefix: encoder.encode(route.pathPrefix),
      target: targetOf(route),
    }));
  }

  /** The target of a parsed request whose first byte is at `base`; null when nothing matches and there is no default. */
  find(head: HeadParser, bytes: Uint8Array, base: number): Target | null {
    if (this.#routes.length === 0) return this.#fallback;
    let hostStart = base + head.authorityStart;
    let hostEnd = base + head.authorityEnd;
    if (head.targetForm !== TargetForm.ABSOLUTE) {
      const row = head.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
      hostStart = row < 0 ? base : base + head.fields[row + FieldPart.VALUE_START]!;
      hostEnd = row < 0 ? base : base + head.fields[row + FieldPart.VALUE_END]!;
    }
    for (let i = 0; i < this.#routes.length; i++) {
      const route = this.#routes[i]!;
      if (!matchesHost(route, bytes, hostStart, hostEnd)) continue;
      if (pathHasPrefix(bytes, base + head.pathStart, base + head.targetEnd, route.pathPrefix)) {
        return route.target;
      }
    }
    return this.#fallback;
  }
}

function matchesHost(
  route: CompiledRoute<unknown>,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (route.host.length === 0) return true;
  return route.isSuffix ? isHostUnder(bytes, start, end, route.host) : isHost(bytes, start, end, route.host);
}

/** Exact hosts, then the longest suffix, then any host; within one host the longest path. */
function moreSpecificFirst(a: RouteConfig, b: RouteConfig): number {
  return hostRank(b) - hostRank(a) || b.pathPrefix.length - a.pathPrefix.length;
}

function hostRank(route: RouteConfig): number {
  if (route.host === "") return 0;
  return route.host.startsWith(".") ? route.host.length : 1_000 + route.host.length;
}
