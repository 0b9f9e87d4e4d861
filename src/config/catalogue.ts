/**
 * The catalogue: every flag and every key of an item, once. Parsing, help, `--dry-run`, the environment and the option reference
 * (docs/reference/options.md, generated) are made from it.
 *
 * May import: config.
 *
 * @module
 */
import { LIMIT_FLAGS, LIMIT_KEYS } from "./limit_flags.ts";

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
  readonly text: string;
  /** The flag that is this key's default. */
  readonly flag?: string;
}

export type Section = "Services" | "Balancing" | "Timeouts" | "Headers" | "Limits" | "Logging" | "Operations";
export const SECTIONS: readonly Section[] = [
  "Services",
  "Balancing",
  "Timeouts",
  "Headers",
  "Limits",
  "Logging",
  "Operations",
];

const PRIORITIES = ["high", "normal", "low"] as const;
const LISTENER_POLLERS = ["auto", "deno"] as const;
export const ALGORITHMS = ["roundrobin", "leastconn", "random", "first"] as const;
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
    text: "Listen here: [http|tcp://]address[,key=value…]; repeat for more services.",
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
    text: "Other servers for a host and/or path prefix of the last --listen; the longest match wins.",
    example: "/api/=:9001",
  },
  {
    name: "lb",
    value: "algorithm",
    type: "choice",
    choices: ALGORITHMS,
    default: "roundrobin",
    section: "Balancing",
    text: "How a server is chosen.",
  },
  {
    name: "retries",
    value: "count",
    type: "count",
    default: "3",
    section: "Balancing",
    text: "Further attempts after a failed connect, on another server where there is one.",
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
  timeout("connect", "5s", "To connect to a server."),
  timeout("client", "60s", "Inactivity of the client."),
  timeout("server", "60s", "Inactivity of the server."),
  timeout("request", "10s", "From accept, or the first byte, to the whole request head."),
  timeout("keepalive", "60s", "Between two requests of a client."),
  timeout("queue", "30s", "In a server's queue (servers have no maxconn yet)."),
  timeout("tunnel", "1h", "Inactivity of a tunnel (WebSocket)."),
  timeout("client-fin", "10s", "Inactivity of a client whose server has ended its side."),
  timeout("server-fin", "10s", "Inactivity of a server whose client has ended its side."),
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
    text: 'Request header for servers: "Name: value" sets, "+Name: value" adds, "-Name" removes.',
  },
  {
    name: "header-down",
    value: "header",
    type: "header",
    isRepeatable: true,
    section: "Headers",
    text: "The same for response headers to clients.",
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
    text: "Believe X-Forwarded-* from these addresses.",
    example: "10.0.0.0/8",
  },
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

const itemTimeout = (key: string, flag: string, item: "listen" | "backend", text: string): ItemKey => ({
  name: key,
  type: "duration",
  items: item === "backend" ? ["backend", "route"] : ["listen"],
  text,
  flag,
});

export const ITEM_KEYS: readonly ItemKey[] = [
  {
    name: "name",
    type: "text",
    items: ["listen", "backend", "route"],
    text: "Its name in the log: of the frontend, of the server, or of the route's backend.",
  },
  {
    name: "prio",
    type: "choice",
    choices: PRIORITIES,
    items: ["listen", "backend", "route"],
    text: "Class of its connections in the I/O queue.",
  },
  {
    name: "maxconn",
    type: "count",
    items: ["listen"],
    text: "Connections at once on this listener.",
    flag: "maxconn",
  },
  ...LIMIT_KEYS,
  {
    name: "poller",
    type: "choice",
    choices: LISTENER_POLLERS,
    items: ["listen"],
    text:
      "What watches its sockets and those of its clients: as --poller says, or Deno's own sockets beside it.",
  },
  itemTimeout("client", "timeout-client", "listen", "Inactivity of the client."),
  itemTimeout("request", "timeout-request", "listen", "To the whole request head."),
  itemTimeout("keepalive", "timeout-keepalive", "listen", "Between two requests."),
  itemTimeout(
    "client-fin",
    "timeout-client-fin",
    "listen",
    "Inactivity of a client whose server has ended its side.",
  ),
  {
    name: "tcp-keepalive",
    type: "keepalive",
    items: ["listen", "backend", "route"],
    text: "Probes of quiet connections: off, on, or idle[:interval[:count]].",
    flag: "tcp-keepalive",
  },
  {
    name: "tcp-ut",
    type: "duration-or-off",
    items: ["listen", "backend", "route"],
    text: "How long sent bytes may stay unacknowledged.",
    flag: "tcp-ut",
  },
  {
    name: "weight",
    type: "count",
    items: ["backend", "route"],
    text: "Share of the traffic, 0 to 256; 1 by default.",
  },
  {
    name: "backup",
    type: "switch",
    items: ["backend", "route"],
    text: "Used only when no other server can be.",
  },
  {
    name: "lb",
    type: "choice",
    choices: ALGORITHMS,
    items: ["backend", "route"],
    text: "Algorithm of the backend.",
    flag: "lb",
  },
  {
    name: "retries",
    type: "count",
    items: ["backend", "route"],
    text: "Retries of the backend.",
    flag: "retries",
  },
  {
    name: "source",
    type: "source",
    items: ["backend", "route"],
    text:
      "Connect to this server from this address (an IP literal, with :port if need be) or interface; poller epoll only.",
  },
  {
    name: "http-reuse",
    type: "choice",
    choices: HTTP_REUSES,
    items: ["backend", "route"],
    text: "Reuse of idle connections of the backend.",
    flag: "http-reuse",
  },
  {
    name: "host",
    type: "host",
    items: ["backend", "route"],
    text: "Host header of the backend.",
    flag: "host",
  },
  itemTimeout("connect", "timeout-connect", "backend", "To connect."),
  itemTimeout("server", "timeout-server", "backend", "Inactivity of the server."),
  itemTimeout("tunnel", "timeout-tunnel", "backend", "Inactivity of a tunnel."),
  itemTimeout(
    "server-fin",
    "timeout-server-fin",
    "backend",
    "Inactivity of a server whose client has ended its side.",
  ),
];

/** The environment variable of a flag. */
export function environmentName(flag: Flag): string {
  return `HADRO_${flag.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The default text of a flag, "" when it has none. */
export function defaultText(name: string): string {
  return FLAGS.find((flag) => flag.name === name)?.default ?? "";
}
