/**
 * The part of the configuration that concerns requests on their way: routes, redirects, paths.
 *
 * May import: nothing.
 *
 * @module
 */

/** How a request's path is changed, step by step; "" leaves a step out. See path_rewrite_value.ts. */
export interface PathRewriteConfig {
  /** Begins with a slash, does not end with one. */
  readonly stripPrefix: string;
  /** A regular expression that compiles. */
  readonly pattern: string;
  readonly replacement: string;
  readonly addPrefix: string;
}

/** An answer that sends the client elsewhere; redirect_value.ts says what each kind makes of `text`. */
export interface RedirectConfig {
  /** 301, 302, 303, 307 or 308. */
  readonly code: number;
  readonly kind: "scheme" | "prefix" | "location";
  /** Visible ASCII; a prefix does not end with a slash. */
  readonly text: string;
  /** Of the path that is kept. */
  readonly pathRewrite: PathRewriteConfig | null;
}

/** A header that a request must have. */
export interface HeaderMatch {
  /** As written; compared without case. */
  readonly name: string;
  /** null: whatever it is. */
  readonly value: string | null;
}

/** What a request must be to take a route; the most specific match wins, see proxy/route_table.ts. */
export interface RouteMatch {
  /** Lower case; "" any host; ".example.com" any name below it. */
  readonly host: string;
  /** "" or a prefix that starts with "/". */
  readonly pathPrefix: string;
  /** The path is all of `pathPrefix`, not only its beginning. */
  readonly isExact: boolean;
  /** Any of them; empty: any at all. */
  readonly methods: readonly string[];
  /** All of them. */
  readonly headers: readonly HeaderMatch[];
}

/** A route of a listener: to a backend, or a redirection. */
export interface RouteConfig extends RouteMatch {
  /** Name of a {@linkcode BackendConfig}; "" with `redirect`. */
  readonly backend: string;
  readonly redirect: RedirectConfig | null;
}
