/**
 * The part of the configuration that concerns TLS passed through by its client hello.
 *
 * May import: nothing.
 *
 * @module
 */

/** A route of an `sni` listener; the most specific one wins, see proxy/sni_routes.ts. */
export interface SniRouteConfig {
  /** Lower case; ".example.com" any name below it; "" any hello, also one without a name. */
  readonly host: string;
  /** The client offers one of them (ALPN); empty: whatever it offers. */
  readonly protocols: readonly string[];
  /** Name of a backend. */
  readonly backend: string;
}
