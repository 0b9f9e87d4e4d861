/**
 * What a route leads to where requests are served: a backend, or a redirect.
 *
 * May import: base, config, proxy.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";
import type { RedirectConfig } from "../config/model.ts";
import type { Backend } from "./backend.ts";
import { Redirect } from "./redirect.ts";

/** One of the two. */
export type RouteTarget =
  | { readonly backend: Backend; readonly redirect: null }
  | { readonly backend: null; readonly redirect: Redirect };

/** Makes the target of a route, or of a listener's default; null when it has none. */
export function newRouteTarget(
  backend: Backend | null,
  redirect: RedirectConfig | null,
  replySlab: Slab,
): RouteTarget | null {
  if (redirect !== null) return { backend: null, redirect: new Redirect(redirect, replySlab) };
  return backend === null ? null : { backend, redirect: null };
}
