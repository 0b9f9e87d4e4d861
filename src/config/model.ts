/**
 * The configuration, resolved: plain immutable data that can be compared, printed and copied to another thread.
 *
 * Flags, environment and (later) a file are parsed by the schema beside this file into this shape; everything below the
 * command line reads only this. Durations are milliseconds, sizes are bytes, a name is unique within its kind.
 *
 * May import: config.
 *
 * @module
 */
import type { CompressConfig } from "./model_compress.ts";
import type { HealthConfig } from "./model_health.ts";
import type { AddressFamily, ResolveConfig, TemplateConfig } from "./model_names.ts";
import type { Cidr, ListenerLimits } from "./model_limits.ts";
import type { ServerQueueConfig } from "./model_queue.ts";
import type { PathRewriteConfig, RedirectConfig, RouteConfig } from "./model_routes.ts";
import type { RetryConfig } from "./model_retry.ts";
import type { SniRouteConfig } from "./model_sni.ts";
import type { StickConfig } from "./model_stick.ts";
import type { ListenerTls, ServerTls } from "./model_tls.ts";

export type * from "./model_routes.ts";

/** Where a listener binds or a server is reached, as written; names are resolved by `net/`. */
export interface Endpoint {
  readonly kind: "tcp" | "unix";
  /** IP literal, host name, or "" for every address (listener) or the loopback of both families (server). */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose (listener only). Unused with `unix`. */
  readonly port: number;
  /** The socket's path; "" with `tcp`. */
  readonly path: string;
}

/** HAProxy's "prio": which class of the I/O queue a connection lives in. */
export type Priority = "high" | "normal" | "low";

/** How a backend chooses a server; those from `source` on hash a key. */
export type BalanceAlgorithm =
  | "roundrobin"
  | "leastconn"
  | "random"
  | "first"
  | "least-time"
  | "source"
  | "sni"
  | "uri"
  | "hdr"
  | "cookie"
  | "url_param";

/** An algorithm with what it hashes: HAProxy's `balance`. */
export interface BalanceConfig {
  readonly algorithm: BalanceAlgorithm;
  /** Of the header (lower case), cookie or parameter; "" with other algorithms. */
  readonly keyName: string;
  /** Bytes and directories of a path that count; 0: all. */
  readonly uriLengthMax: number;
  readonly uriDepthMax: number;
  /** The query counts too. */
  readonly uriWhole: boolean;
}

/** What the Host header says to a server: the client's own, the server's address, or a fixed name. */
export type HostPolicy = { readonly kind: "client" } | { readonly kind: "backend" } | {
  readonly kind: "name";
  readonly name: string;
};

/** Which requests may go over an idle connection: HAProxy's `http-reuse`. */
export type HttpReuse = "never" | "safe" | "aggressive" | "always";

/** Probes on a connection that is quiet; each 0 leaves it to the system. */
export interface TcpKeepAlive {
  /** Quiet time before the first probe, and between two of them. */
  readonly idleSeconds: number;
  readonly intervalSeconds: number;
  /** Probes without an answer after which the connection is dead. */
  readonly probeCount: number;
}

/** What TCP itself does about a peer that is silent. Of no effect on unix sockets. */
export interface TcpConfig {
  /** null: none. */
  readonly keepAlive: TcpKeepAlive | null;
  /** How long sent bytes may stay unacknowledged: HAProxy's `tcp-ut`; 0 leaves it to the system. */
  readonly userTimeoutMs: number;
}

/** Where connections to a server are made from: HAProxy's `source`. */
export interface SourceConfig {
  /** "" when an address was written. */
  readonly interfaceName: string;
  /** IP literals, one of a family at most. */
  readonly hosts: readonly string[];
  /** 0: any free one. */
  readonly port: number;
}

/** All timeouts, in milliseconds; each is finite and at least 1. HAProxy's `timeout` keywords. */
export interface Timeouts {
  readonly connectMs: number;
  readonly clientMs: number;
  readonly serverMs: number;
  /** The whole request head: HAProxy's http-request. */
  readonly requestMs: number;
  /** Idle time between two requests of a client: HAProxy's http-keep-alive. */
  readonly keepAliveMs: number;
  readonly queueMs: number;
  readonly tunnelMs: number;
  /** Half-closed by the client: HAProxy's client-fin. */
  readonly clientFinMs: number;
  readonly serverFinMs: number;
  /** From accept to the end of handshakes: HAProxy's client-hs. */
  readonly clientHandshakeMs: number;
}

/** The PROXY protocol header that connections to a server begin with: HAProxy's send-proxy, send-proxy-v2. */
export interface ProxyOut {
  readonly version: 1 | 2;
  /** Version 2 tells the Host of the request. */
  readonly hasAuthority: boolean;
  /** Version 2 tells the unique id of the request, where there is one. */
  readonly hasUniqueId: boolean;
  /** Version 2 tells the client's TLS. */
  readonly hasSsl: boolean;
  /** Version 2 ends with a CRC32c. */
  readonly hasChecksum: boolean;
}

export interface ServerConfig {
  /** Unique in its backend: `s1`, `s2`, or the item's `name=`. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** 0 to 256; 0 takes no new traffic. */
  readonly weight: number;
  readonly backup: boolean;
  /** null: as the system chooses. */
  readonly source: SourceConfig | null;
  /** null: connections begin with what the client says. */
  readonly proxyOut: ProxyOut | null;
  /** null: not encrypted. */
  readonly tls: ServerTls | null;
  /** Where its checks connect to; null: to its endpoint. */
  readonly checkEndpoint: Endpoint | null;
  /** What stands for it in the backend's cookie; null: nothing. */
  readonly cookie: string | null;
  /** null: it takes whatever comes, and nothing waits. */
  readonly queue: ServerQueueConfig | null;
  /** Of its name's addresses, those that come first. */
  readonly resolvePrefer: AddressFamily;
  /** What it is a slot of; null: it is what its endpoint says. */
  readonly template: TemplateConfig | null;
  /** Which slot, from 0; 0 without a template. */
  readonly slot: number;
}

export interface BackendConfig {
  /** Unique: `app`, `app2`, … or the item's `name=`; what the log shows. */
  readonly name: string;
  readonly scheme: "http" | "tcp";
  readonly balance: BalanceConfig;
  /** Load of a server at most, in percent of the average one, where a key is hashed: HAProxy's `hash-balance-factor`; 0: any. */
  readonly hashBalanceFactor: number;
  /** Further attempts of a stream at most, whatever each failed of. */
  readonly retries: number;
  readonly retry: RetryConfig;
  /** Which retries go to another server: each n-th; a negative one counts from the last; 0: none. HAProxy's `redispatch`. */
  readonly redispatch: number;
  readonly stick: StickConfig;
  /** Streams of the backend at which its servers take their whole maxconn: HAProxy's `fullconn`; 0: a tenth of what may come. */
  readonly fullconn: number;
  /** Header of requests (lower case) that says in which class each waits for a server; "": that of its connections. */
  readonly queuePrioHeader: string;
  readonly priority: Priority;
  readonly hostPolicy: HostPolicy;
  readonly pathRewrite: PathRewriteConfig | null;
  readonly timeouts: Timeouts;
  /** Of connections to its servers. */
  readonly tcp: TcpConfig;
  readonly httpReuse: HttpReuse;
  /** Idle connections are closed after this time: HAProxy's pool-purge-delay. */
  readonly poolPurgeMs: number;
  /** Idle connections kept per server at most: HAProxy's pool-max-conn. */
  readonly poolMaxConn: number;
  readonly health: HealthConfig;
  /** A client that ends its side gives up its request: HAProxy's abortonclose. */
  readonly abortOnClose: boolean;
  /** Instead of its listener's; 0: no limit; null: its listener's. */
  readonly maxBodyBytes: number | null;
  /** Instead of its listener's; null: its listener's. */
  readonly compress: CompressConfig | "off" | null;
  readonly servers: readonly ServerConfig[];
}

/** What a listener speaks; `sni`: TLS that is passed through as its client hello says. */
export type ListenerScheme = "http" | "tcp" | "sni";

export interface ListenerConfig {
  /** Unique: `http-8080`, … or the item's `name=`; the frontend name in the log. */
  readonly name: string;
  readonly scheme: ListenerScheme;
  readonly endpoint: Endpoint;
  readonly priority: Priority;
  /** `auto`: as the whole engine's; `deno`: Deno's sockets for this listener and its clients, whatever that is. */
  readonly poller: "auto" | "deno";
  /** Connections at once on this listener; 0 means only the process limit. */
  readonly maxconn: number;
  /** Connections begin with a PROXY protocol header: HAProxy's accept-proxy. */
  readonly acceptsProxy: boolean;
  /** null: not encrypted. */
  readonly tls: ListenerTls | null;
  readonly limits: ListenerLimits;
  /** Of responses; null: they pass as they are. */
  readonly compress: CompressConfig | null;
  readonly timeouts: Timeouts;
  /** Of connections that it accepts. */
  readonly tcp: TcpConfig;
  /** In the order written; the most specific match wins wherever it stands. Empty but for `http`. */
  readonly routes: readonly RouteConfig[];
  /** The same for `sni`; empty for others. */
  readonly sniRoutes: readonly SniRouteConfig[];
  /** Backend when no route matches; "" redirects, or answers 404, or closes (only possible when there are routes). */
  readonly defaultBackend: string;
  /** What is answered when no route matches; null unless `defaultBackend` is "". */
  readonly redirect: RedirectConfig | null;
}

/** One `--header-up` or `--header-down`. */
export interface HeaderRule {
  /** `set` replaces every field of that name, `add` appends one more, `delete` removes, `replace` changes the value of each. */
  readonly action: "set" | "add" | "delete" | "replace";
  /** As written; compared without case. */
  readonly name: string;
  /** "" with `delete`. Visible ASCII, spaces, tabs and obs-text only; with the variables of header_value.ts.
   * With `replace` what expression_value.ts reads. */
  readonly value: string;
}

export interface LogConfig {
  /** `auto` is resolved to `tty` or `json` before this is built. `custom` uses `pattern`. */
  readonly format: "json" | "haproxy" | "combined" | "tty" | "off" | "custom";
  /** The custom format with HAProxy's % variables; "" otherwise. */
  readonly pattern: string;
  /** "-" is standard output. */
  readonly file: string;
  readonly full: "drop" | "block";
}

export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly backends: readonly BackendConfig[];
  /** Values of cookies were made with a key that nobody else has. */
  readonly hasRandomCookieKey: boolean;
  /** Requests have ids; the rule for their header is in `headersUp`. */
  readonly hasUniqueId: boolean;
  readonly headersUp: readonly HeaderRule[];
  readonly headersDown: readonly HeaderRule[];
  /** Clients whose X-Forwarded-* and PROXY protocol headers are believed. */
  readonly trust: readonly Cidr[];
  readonly log: LogConfig;
  /** Ceiling on what is allocated per connection and per byte in flight. */
  readonly maxMemBytes: number;
  /** For encoders; 0 derives it from `maxMemBytes`. */
  readonly compressMemBytes: number;
  /** Client connections at once in this process; 0 derives it from memory and the descriptor limit. */
  readonly maxconn: number;
  /** How long SIGTERM waits for running streams. */
  readonly drainMs: number;
  readonly poller: "auto" | "deno" | "epoll";
  readonly resolve: ResolveConfig;
  /** Checks come up to so many percent of the interval earlier or later: HAProxy's spread-checks. */
  readonly spreadChecksPercent: number;
  /** Engines, 1 to 64; 0 is one for each processor. */
  readonly threads: number;
}
