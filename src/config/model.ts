/**
 * The configuration, resolved: plain immutable data that can be compared, printed and copied to another thread.
 *
 * Flags, environment and (later) a file are parsed by the schema beside this file into this shape; everything below the
 * command line reads only this. Durations are milliseconds, sizes are bytes, a name is unique within its kind.
 *
 * May import: nothing.
 *
 * @module
 */

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

/** How a backend chooses a server. */
export type BalanceAlgorithm = "roundrobin" | "leastconn" | "random" | "first";

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
}

export interface BackendConfig {
  /** Unique: `app`, `app2`, … or the item's `name=`; what the log shows. */
  readonly name: string;
  readonly scheme: "http" | "tcp";
  readonly algorithm: BalanceAlgorithm;
  readonly retries: number;
  readonly priority: Priority;
  readonly hostPolicy: HostPolicy;
  readonly timeouts: Timeouts;
  /** Of connections to its servers. */
  readonly tcp: TcpConfig;
  readonly httpReuse: HttpReuse;
  /** Idle connections are closed after this time: HAProxy's pool-purge-delay. */
  readonly poolPurgeMs: number;
  /** Idle connections kept per server at most: HAProxy's pool-max-conn. */
  readonly poolMaxConn: number;
  /** Instead of its listener's; 0: no limit; null: its listener's. */
  readonly maxBodyBytes: number | null;
  readonly servers: readonly ServerConfig[];
}

/** A route of a listener: host and path prefix, the longest match wins, host before path. */
export interface RouteConfig {
  /** Lower case; "" any host; ".example.com" any name below it. */
  readonly host: string;
  /** "" or a prefix that starts with "/". */
  readonly pathPrefix: string;
  /** Name of a {@linkcode BackendConfig}. */
  readonly backend: string;
}

/** How many requests (or connections) in which time: `--rate`, `--conn-rate`. */
export interface RateConfig {
  /** As written. */
  readonly text: string;
  /** Whose: each client's, each value's of a header, or everybody's together. */
  readonly key: "src" | "hdr" | "path";
  /** Lower case; "" unless `key` is `hdr`. */
  readonly header: string;
  /** Only requests under it; "" for all. */
  readonly pathPrefix: string;
  readonly count: number;
  readonly periodMs: number;
  /** At once; 1 or more. */
  readonly burst: number;
}

/** Who may come in by HTTP Basic authentication. */
export interface UserConfig {
  readonly name: string;
  /** bcrypt's, as written. */
  readonly hash: string;
}

/** What clients of a listener may do. */
export interface ListenerLimits {
  /** With any, clients outside of them are refused. */
  readonly allow: readonly Cidr[];
  /** Clients in one of them are refused, whatever `allow` says. */
  readonly deny: readonly Cidr[];
  /** Of a request's body; 0: no limit. */
  readonly maxBodyBytes: number;
  /** Fields of a request's head. */
  readonly maxHeaderCount: number;
  /** Of a request's head, its first line and last empty line included. */
  readonly maxHeaderBytes: number;
  /** Of requests; empty for `tcp`. */
  readonly rates: readonly RateConfig[];
  /** Of connections, of each client. */
  readonly connRates: readonly RateConfig[];
  /** Connections at once of one client; 0: no limit. */
  readonly maxconnPerSrc: number;
  /** Empty: nobody is asked. */
  readonly users: readonly UserConfig[];
  /** Bytes a second of a request's body, or of an answer that waits for its client; 0: no limit. */
  readonly minRateBytes: number;
}

export interface ListenerConfig {
  /** Unique: `http-8080`, … or the item's `name=`; the frontend name in the log. */
  readonly name: string;
  readonly scheme: "http" | "tcp";
  readonly endpoint: Endpoint;
  readonly priority: Priority;
  /** `auto`: as the whole engine's; `deno`: Deno's sockets for this listener and its clients, whatever that is. */
  readonly poller: "auto" | "deno";
  /** Connections at once on this listener; 0 means only the process limit. */
  readonly maxconn: number;
  readonly limits: ListenerLimits;
  readonly timeouts: Timeouts;
  /** Of connections that it accepts. */
  readonly tcp: TcpConfig;
  /** In the order written; the most specific match wins wherever it stands. Empty for `tcp`. */
  readonly routes: readonly RouteConfig[];
  /** Backend when no route matches; "" answers 404 (only possible when there are routes). */
  readonly defaultBackend: string;
}

/** One `--header-up` or `--header-down`. */
export interface HeaderRule {
  /** `set` replaces every field of that name, `add` appends one more, `delete` removes. */
  readonly action: "set" | "add" | "delete";
  /** As written; compared without case. */
  readonly name: string;
  /** "" with `delete`. Visible ASCII, spaces, tabs and obs-text only. */
  readonly value: string;
}

/** An address range: `--trust 10.0.0.0/8`. */
export interface Cidr {
  readonly family: 4 | 6;
  /** An address of the range, as written: 4 or 16 numbers from 0 to 255. */
  readonly bytes: readonly number[];
  readonly prefixBits: number;
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
  readonly headersUp: readonly HeaderRule[];
  readonly headersDown: readonly HeaderRule[];
  /** Clients whose X-Forwarded-* are believed. */
  readonly trust: readonly Cidr[];
  readonly log: LogConfig;
  /** Ceiling on what is allocated per connection and per byte in flight. */
  readonly maxMemBytes: number;
  /** Client connections at once in this process; 0 derives it from memory and the descriptor limit. */
  readonly maxconn: number;
  /** How long SIGTERM waits for running streams. */
  readonly drainMs: number;
  readonly poller: "auto" | "deno" | "epoll";
  /** Engines, 1 to 64; 0 is one for each processor. */
  readonly threads: number;
}
