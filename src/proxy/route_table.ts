/**
 * The routes of a listener, compiled: of those that match a request, the one that comes first in this order is taken.
 *
 *     1   host      the very name      before   the longest .suffix   before   any
 *     2   path      the very path      before   the longest prefix    before   any
 *     3   method    one that is asked for                             before   any
 *     4   headers   more that are asked for                           before   fewer
 *     5             written earlier                                   before   later
 *
 * A line decides only where those above it do not; it is the order of Kubernetes' Gateway API.
 *
 * Compares bytes of the request head; allocates nothing.
 *
 * May import: base, config, protocol, proxy.
 *
 * @module
 */
import type { RouteConfig, RouteMatch } from "../config/model.ts";
import { FIELD_STRIDE, FieldPart, type HeadParser, TargetForm } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { Octet } from "../protocol/http/octet.ts";
import { isHost, isHostUnder, pathHasPrefix } from "../protocol/http/uri.ts";
import { RouteCondition } from "./route_condition.ts";

interface CompiledRoute<Target> {
  /** Empty: any host. */
  readonly host: Uint8Array;
  /** `.example.com`: any name below. */
  readonly isSuffix: boolean;
  /** Empty: any path. */
  readonly pathPrefix: Uint8Array;
  readonly isExact: boolean;
  /** null: host and path are all that it asks for. */
  readonly condition: RouteCondition | null;
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
      isExact: route.isExact,
      condition: route.methods.length + route.headers.length === 0 ? null : new RouteCondition(route),
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
      if (!matchesPath(route, bytes, base + head.pathStart, base + head.targetEnd)) continue;
      if (route.condition === null || route.condition.matches(head, bytes, base)) return route.target;
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

function matchesPath(route: CompiledRoute<unknown>, bytes: Uint8Array, start: number, end: number): boolean {
  const { pathPrefix } = route;
  if (!pathHasPrefix(bytes, start, end, pathPrefix)) return false;
  if (!route.isExact) return true;
  // An empty path is "/", which has matched.
  const stop = start + pathPrefix.length;
  return start === end || stop >= end || bytes[stop] === Octet.QUESTION || bytes[start] === Octet.QUESTION;
}

/** The order of the module's text; sorting keeps what is equal as it was written. */
function moreSpecificFirst(a: RouteMatch, b: RouteMatch): number {
  return hostRank(b) - hostRank(a) ||
    Number(b.isExact) - Number(a.isExact) ||
    b.pathPrefix.length - a.pathPrefix.length ||
    Math.min(b.methods.length, 1) - Math.min(a.methods.length, 1) ||
    b.headers.length - a.headers.length;
}

function hostRank(route: RouteMatch): number {
  if (route.host === "") return 0;
  return route.host.startsWith(".") ? route.host.length : 1_000 + route.host.length;
}
