/**
 * What a route leads to where requests are served: a backend, or a redirect.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { RedirectConfig } from "../config/model.ts";
import type { Backend } from "./backend.ts";
import { Redirect } from "./redirect.ts";
import type { ProxyContext } from "./proxy_context.ts";

/** One of the two. */
export type RouteTarget =
  | { readonly backend: Backend; readonly redirect: null }
  | { readonly backend: null; readonly redirect: Redirect };

/** Makes the target of a route, or of a listener's default; null when it has none. */
export function newRouteTarget(
  backend: Backend | null,
  redirect: RedirectConfig | null,
  context: ProxyContext,
): RouteTarget | null {
  if (redirect !== null) return { backend: null, redirect: new Redirect(redirect, context.replySlab) };
  return backend === null ? null : { backend, redirect: null };
}
