/**
 * The configuration of stickiness: which requests go back to the server that a client had before. Part of model.ts.
 *
 * May import: config.
 *
 * @module
 */

/** HAProxy's `cookie` of a backend. */
export interface CookieConfig {
  readonly name: string;
  /** Who gives it: hadro; hadro, in place of the server's value; hadro, before the server's value; the server alone. */
  readonly mode: "insert" | "rewrite" | "prefix" | "passive";
  /** Servers do not see it, and clients get it once. */
  readonly isIndirect: boolean;
  /** Answers that carry it are marked private for caches. */
  readonly hasNoCache: boolean;
  readonly isPostOnly: boolean;
  /** One that the server set itself stays. */
  readonly isPreserving: boolean;
  readonly isHttpOnly: boolean;
  readonly isSecure: boolean;
  readonly domains: readonly string[];
  /** Further attributes, as written. */
  readonly attributes: readonly string[];
  /** How long a client may be away, and how long it may come back, in seconds; 0: for ever. */
  readonly maxIdleS: number;
  readonly maxLifeS: number;
  /** What stands for a server: its `cookie=` or name; a hash of address and key; an opaque value made with the key. */
  readonly values: "plain" | "dynamic" | "sealed";
}

/** HAProxy's `stick on` with its `stick-table`. */
export interface StickTableConfig {
  /** What of a request or client is remembered. */
  readonly key: "src" | "hdr" | "cookie" | "url_param";
  /** Of the header (lower case), cookie or parameter; "" with `src`. */
  readonly keyName: string;
  /** Entries that have room, about; the oldest give way. */
  readonly entryCount: number;
  /** An entry is forgotten when it was not used for so long. */
  readonly expireMs: number;
}

/** Of a backend. Persistence is what the cookie or the table says. */
export interface StickConfig {
  readonly cookie: CookieConfig | null;
  readonly table: StickTableConfig | null;
  /** A server is asked for even when it is down: HAProxy's `option persist`. */
  readonly isPersistent: boolean;
  /** Requests below these paths know no persistence: HAProxy's `ignore-persist`. */
  readonly ignoredPaths: readonly string[];
  /** Requests below these paths go to their server even when it is down: HAProxy's `force-persist`. */
  readonly forcedPaths: readonly string[];
}
