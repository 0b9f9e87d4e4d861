/**
 * The catalogue: every flag and every key of an item, once. Parsing, help, `--dry-run`, the environment and the option reference
 * (docs/reference/options.md, generated) are made from it.
 *
 * May import: config.
 *
 * @module
 */
import { COMPRESS_FLAGS } from "./catalogue_compress.ts";
import { HEALTH_FLAGS } from "./catalogue_health.ts";
import { STICK_FLAGS } from "./catalogue_stick.ts";
import { NAME_FLAGS } from "./catalogue_names.ts";
import { LIMIT_FLAGS } from "./limit_flags.ts";
import { QUEUE_FLAGS } from "./catalogue_queue.ts";
import { RETRY_FLAGS } from "./catalogue_retry.ts";

/** How a value is read. */
export type ValueType =
  | "duration"
  | "size"
  | "size-or-off"
  | "count"
  | "choice"
  | "text"
  | "header"
  | "cidr"
  | "cidrs"
  | "rate-or-off"
  | "rates"
  | "users"
  | "host"
  | "switch"
  | "keepalive"
  | "duration-or-off"
  | "source"
  | "proxy"
  | "balance"
  | "check"
  | "expect"
  | "methods"
  | "protocols"
  | "header-match"
  | "redirect"
  | "path"
  | "file"
  | "replacement"
  | "retry-on"
  | "retry-budget"
  | "codings"
  | "media-types"
  | "item"
  | "log";

/** A flag of the command line. */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What the value is called in help; "" for a switch. */
  readonly value: string;
  readonly type: ValueType;
  readonly choices?: readonly string[];
  /** Shown in help; the text that would give it. */
  readonly default?: string;
  readonly isRepeatable?: boolean;
  /** Takes several words after one flag. */
  readonly takesSeveral?: boolean;
  readonly section: Section;
  readonly text: string;
  readonly example?: string;
}

/** A key of a LISTEN, BACKEND or ROUTE item. */
export interface ItemKey {
  readonly name: string;
  readonly type: ValueType;
  readonly choices?: readonly string[];
  readonly items: readonly ("listen" | "backend" | "route")[];
  readonly isRepeatable?: boolean;
  readonly text: string;
  /** The flag that is this key's default. */
  readonly flag?: string;
}

export type Section =
  | "Services"
  | "Balancing"
  | "Health"
  | "Names"
  | "Timeouts"
  | "Headers"
  | "Compression"
  | "Limits"
  | "Logging"
  | "Operations";
export const SECTIONS: readonly Section[] = [
  "Services",
  "Balancing",
  "Health",
  "Names",
  "Timeouts",
  "Headers",
  "Compression",
  "Limits",
  "Logging",
  "Operations",
];

export const PRIORITIES = ["high", "normal", "low"] as const;
export const ALGORITHMS = [
  "roundrobin",
  "leastconn",
  "random",
  "first",
  "least-time",
  "source",
  "sni",
  "uri",
  "hdr",
  "cookie",
  "url_param",
] as const;
export const HTTP_REUSES = ["never", "safe", "aggressive", "always"] as const;
export const LOG_FORMATS = ["auto", "json", "haproxy", "combined", "tty", "off"] as const;

const timeout = (name: string, value: string, text: string): Flag => ({
  name: `timeout-${name}`,
  value: "duration",
  type: "duration",
  default: value,
  section: "Timeouts",
  text,
});

export const FLAGS: readonly Flag[] = [
  {
    name: "listen",
    short: "l",
    value: "listen",
    type: "item",
    isRepeatable: true,
    section: "Services",
    text: "Listen here: [http|tcp|sni://]address[,key=value…]; repeat for more services.",
    example: "http://:8080",
  },
  {
    name: "backend",
    short: "b",
    value: "backend…",
    type: "item",
    isRepeatable: true,
    takesSeveral: true,
    section: "Services",
    text: "Servers of the last --listen: address[,key=value…].",
    example: "10.0.0.1:9000,weight=2 10.0.0.2:9000,backup",
  },
  {
    name: "route",
    short: "r",
    value: "match=backend…",
    type: "item",
    isRepeatable: true,
    takesSeveral: true,
    section: "Services",
    text:
      "Other servers, or a redirect, for a host and/or path prefix (path== for just that path) of the last --listen; of an sni one for a name in TLS client hellos; the longest match wins.",
    example: "/api/=:9001",
  },
  {
    name: "lb",
    value: "algorithm",
    type: "balance",
    default: "roundrobin",
    section: "Balancing",
    text:
      "How a server is chosen: roundrobin, leastconn, random, first, least-time; or the same one for the same source, sni, uri (uri:len=4:depth=2:whole), hdr:NAME, cookie:NAME, url_param:NAME.",
  },
  {
    name: "hash-balance-factor",
    value: "percent",
    type: "count",
    default: "0",
    section: "Balancing",
    text:
      "Where --lb hashes: load of a server at most, in percent of the average, 101 to 65535; what is above goes elsewhere; 0: any.",
  },
  {
    name: "retries",
    value: "count",
    type: "count",
    default: "3",
    section: "Balancing",
    text:
      "Further attempts after a failed connect, or what retry-on says, on another server where there is one.",
  },
  ...RETRY_FLAGS,
  ...QUEUE_FLAGS,
  {
    name: "abortonclose",
    value: "on|off",
    type: "choice",
    choices: ["on", "off"],
    default: "off",
    section: "Balancing",
    text:
      "Give a request up when its client ends its side before an answer has begun: the server's connection is closed. A reset always does.",
  },
  {
    name: "http-reuse",
    value: "policy",
    type: "choice",
    choices: HTTP_REUSES,
    default: "safe",
    section: "Balancing",
    text:
      "Which requests may use idle connections: safe: not a client's first; aggressive: that over proven ones; never: its own.",
  },
  {
    name: "pool-max-conn",
    value: "count",
    type: "count",
    default: "1024",
    section: "Balancing",
    text: "Idle connections kept per server.",
  },
  {
    name: "pool-purge-delay",
    value: "duration",
    type: "duration",
    default: "5s",
    section: "Balancing",
    text: "Idle connections to servers are closed after this time.",
  },
  ...STICK_FLAGS,
  ...HEALTH_FLAGS,
  ...NAME_FLAGS,
  timeout("connect", "5s", "To connect to a server."),
  timeout("client", "60s", "Inactivity of the client."),
  timeout("server", "60s", "Inactivity of the server."),
  timeout(
    "request",
    "10s",
    "From accept, or the first byte, to the whole request head, or TLS client hello.",
  ),
  timeout("keepalive", "60s", "Between two requests of a client."),
  timeout("queue", "30s", "Waiting for a server, where servers have maxconn."),
  timeout("tunnel", "1h", "Inactivity of a tunnel (WebSocket)."),
  timeout("client-fin", "10s", "Inactivity of a client whose server has ended its side."),
  timeout("server-fin", "10s", "Inactivity of a server whose client has ended its side."),
  timeout("client-hs", "5s", "From accept to the whole PROXY protocol header, where a listener awaits one."),
  {
    name: "tcp-keepalive",
    value: "times",
    type: "keepalive",
    default: "off",
    section: "Timeouts",
    text:
      "Probe quiet connections: off, on (the system's times), or idle[:interval[:count]], as 60s:10s:3; not with poller deno.",
  },
  {
    name: "tcp-ut",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Timeouts",
    text:
      "How long sent bytes may stay unacknowledged by the peer's machine; off: the system's; not with poller deno.",
  },
  {
    name: "header-up",
    value: "header",
    type: "header",
    isRepeatable: true,
    section: "Headers",
    text:
      'Request header for servers: "Name: value" sets, "+Name: value" adds, "-Name" removes, "~Name: regex new" replaces.',
  },
  {
    name: "header-down",
    value: "header",
    type: "header",
    isRepeatable: true,
    section: "Headers",
    text:
      "The same for response headers to clients. Variables: %ci %cp %f %b %s %ID, to servers %host; %% is a percent sign.",
  },
  {
    name: "unique-id",
    value: "header",
    type: "text",
    default: "off",
    section: "Headers",
    text: "Give each request an id, in this header for servers (X-Request-ID), and in the log; off: none.",
  },
  {
    name: "host",
    value: "policy",
    type: "host",
    default: "client",
    section: "Headers",
    text: "Host header for servers: client (unchanged), backend (the server's address), or a name.",
  },
  {
    name: "trust",
    value: "cidr",
    type: "cidr",
    isRepeatable: true,
    section: "Headers",
    text: "Believe X-Forwarded-*, and PROXY protocol headers (key proxy), from these addresses.",
    example: "10.0.0.0/8",
  },
  ...COMPRESS_FLAGS,
  {
    name: "max-mem",
    value: "size",
    type: "size",
    default: "256m",
    section: "Limits",
    text: "Ceiling on what connections and bytes in flight take.",
  },
  {
    name: "maxconn",
    value: "count",
    type: "count",
    default: "0",
    section: "Limits",
    text: "Client connections at once; 0: as memory and descriptors allow.",
  },
  ...LIMIT_FLAGS,
  {
    name: "log",
    value: "format",
    type: "log",
    default: "auto",
    section: "Logging",
    text:
      "Access log: json, haproxy, combined, tty, off, or a format with HAProxy's % variables. auto: tty on a terminal, else json.",
  },
  {
    name: "log-file",
    value: "file",
    type: "text",
    default: "-",
    section: "Logging",
    text: "Where the access log goes; - is standard output. SIGUSR1 opens it again.",
  },
  {
    name: "log-full",
    value: "mode",
    type: "choice",
    choices: ["drop", "block"],
    default: "drop",
    section: "Logging",
    text: "When its reader stalls: drop lines and count them, or block traffic.",
  },
  {
    name: "drain",
    value: "duration",
    type: "duration",
    default: "30s",
    section: "Operations",
    text: "How long SIGTERM and SIGINT wait for running requests; a second signal ends at once.",
  },
  {
    name: "poller",
    value: "poller",
    type: "choice",
    choices: ["auto", "deno", "epoll"],
    default: "auto",
    section: "Operations",
    text: "What watches sockets; auto takes epoll on Linux, else Deno's own sockets.",
  },
  {
    name: "threads",
    value: "count",
    type: "count",
    default: "1",
    section: "Operations",
    text: "Engines that run side by side, each in a thread of its own; auto is one for each processor.",
  },
  {
    name: "dry-run",
    value: "",
    type: "switch",
    section: "Operations",
    text: "Print what would run, and exit.",
  },
];

/** The environment variable of a flag. */
export function environmentName(flag: Flag): string {
  return `HADRO_${flag.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The default text of a flag, "" when it has none. */
export function defaultText(name: string): string {
  return FLAGS.find((flag) => flag.name === name)?.default ?? "";
}
