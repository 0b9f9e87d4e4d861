/**
 * The configuration of names: part of {@link "./model.ts"}, plain data as all of it.
 *
 * May import: nothing.
 *
 * @module
 */

/** Of a name's addresses, those that come first: HAProxy's `resolve-prefer`. */
export type AddressFamily = "ipv4" | "ipv6";

/** Several servers out of one name: HAProxy's `server-template`. Each of them is a slot, which has an address or waits for one. */
export interface TemplateConfig {
  /** What takes a slot: an address of the name, or one of its SRV records. */
  readonly kind: "address" | "srv";
  /** Lower case. */
  readonly host: string;
  /** 0 with `srv`, whose records have their own. */
  readonly port: number;
  /** Slots are named after it: `app` gives app1, app2 … Unique in its backend. */
  readonly prefix: string;
  /** 1 to 1024. */
  readonly slotCount: number;
  readonly prefer: AddressFamily;
  /** Checks connect to this port of a slot's address; 0: its own. */
  readonly checkPort: number;
}

/** A name server: an IP literal and a port. */
export interface NameServerConfig {
  readonly host: string;
  readonly port: number;
}

/** How long what a name had lasts, in milliseconds since it was last confirmed: HAProxy's `hold`. */
export interface HoldConfig {
  /** An address that a good answer no longer has. */
  readonly obsoleteMs: number;
  /** There is no such name, or nothing of the kind asked for. */
  readonly nxMs: number;
  readonly refusedMs: number;
  readonly timeoutMs: number;
  readonly otherMs: number;
}

/** How names are looked up. */
export interface ResolveConfig {
  /** Between two looks at a name that resolves: HAProxy's `hold valid`. */
  readonly everyMs: number;
  readonly hold: HoldConfig;
  /** Of a query that is not answered: HAProxy's `resolve_retries`. */
  readonly retries: number;
  /** To the answer of one query: HAProxy's `timeout retry`. */
  readonly timeoutMs: number;
  /** Empty: the system's resolver, and for SRV records the name servers of /etc/resolv.conf. */
  readonly nameServers: readonly NameServerConfig[];
}
