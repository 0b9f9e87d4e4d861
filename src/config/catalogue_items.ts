/**
 * The part of the catalogue that concerns items: every key of -l, -b and -r, once, in the order of the reference.
 *
 * May import: config.
 *
 * @module
 */
import { HTTP_REUSES, type ItemKey, PRIORITIES } from "./catalogue.ts";
import { COMPRESS_KEYS } from "./catalogue_compress.ts";
import { HEALTH_KEYS } from "./catalogue_health.ts";
import { QUEUE_KEYS } from "./catalogue_queue.ts";
import { RETRY_KEYS } from "./catalogue_retry.ts";
import { STICK_KEYS } from "./catalogue_stick.ts";
import { NAME_KEYS } from "./catalogue_names.ts";
import { LIMIT_KEYS } from "./limit_flags.ts";

const LISTENER_POLLERS = ["auto", "deno"] as const;
const REDIRECT_CODES = ["301", "302", "303", "307", "308"] as const;

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
    items: ["listen", "backend", "route"],
    text:
      "Connections at once on this listener; on a server: streams at once, of all threads (more wait, see queue).",
  },
  ...QUEUE_KEYS,
  ...LIMIT_KEYS,
  {
    name: "poller",
    type: "choice",
    choices: LISTENER_POLLERS,
    items: ["listen"],
    text:
      "What watches its sockets and those of its clients: as --poller says, or Deno's own sockets beside it.",
  },
  {
    name: "method",
    type: "methods",
    items: ["route"],
    text: "Only requests with this method, or one of several: GET+HEAD.",
  },
  {
    name: "header",
    type: "header-match",
    items: ["route"],
    isRepeatable: true,
    text:
      "Only requests that have this header, with this value if one is written (X-Version:2); repeat for more.",
  },
  {
    name: "alpn",
    type: "protocols",
    items: ["route"],
    text: "Only TLS client hellos that offer this protocol, or one of several: h2+http/1.1 (sni listener).",
  },
  {
    name: "redirect",
    type: "redirect",
    items: ["listen", "route"],
    text:
      "Answer with a redirect, in place of servers: https, https:8443 (host and path kept), /path, a URL, or prefix: and a URL (path kept).",
  },
  {
    name: "code",
    type: "choice",
    choices: REDIRECT_CODES,
    items: ["listen", "route"],
    text: "Status of the redirect; 308 for redirect=https, else 302, unless written.",
  },
  itemTimeout("client", "timeout-client", "listen", "Inactivity of the client."),
  itemTimeout("request", "timeout-request", "listen", "To the whole request head, or TLS client hello."),
  itemTimeout("keepalive", "timeout-keepalive", "listen", "Between two requests."),
  itemTimeout(
    "client-fin",
    "timeout-client-fin",
    "listen",
    "Inactivity of a client whose server has ended its side.",
  ),
  itemTimeout("client-hs", "timeout-client-hs", "listen", "To the whole PROXY protocol header."),
  {
    name: "proxy",
    type: "proxy",
    items: ["listen", "backend", "route"],
    text:
      "PROXY protocol: a listener (proxy, or proxy=on|off) awaits a header, version 1 or 2, from --trust; a server (proxy=1|2) is sent one.",
  },
  {
    name: "cert",
    type: "file",
    items: ["listen", "backend", "route"],
    text:
      "Certificate of an https:// or tls:// listener: a PEM file, or a directory of them, chosen by the name that is asked for (SNI). Of a server: hadro's own, shown when it asks for one.",
  },
  {
    name: "key",
    type: "file",
    items: ["listen", "backend", "route"],
    text: "Its private key, when it is in another file.",
  },
  {
    name: "ca",
    type: "file",
    items: ["listen", "backend", "route"],
    text:
      "Certificates that sign those of clients, which are asked for then; that of a server must be signed by one of them (by one that the system trusts unless written).",
  },
  {
    name: "verify",
    type: "choice",
    choices: ["required", "optional", "off"],
    items: ["listen", "backend", "route"],
    text:
      "Whether a client without a certificate is refused: required (unless written) or optional. Of a server: off believes whoever answers.",
  },
  {
    name: "strict-sni",
    type: "switch",
    items: ["listen"],
    text: "Refuse clients that ask for a name that no certificate is for; else they are shown the first one.",
  },
  {
    name: "sni",
    type: "text",
    items: ["backend", "route"],
    text:
      "Name that an https:// or tls:// server is asked for and must prove; host: the request's Host. Its host name unless written.",
  },
  {
    name: "tls-min",
    type: "choice",
    choices: ["1.2", "1.3"],
    items: ["listen", "backend", "route"],
    text: "The oldest version of TLS; 1.2 unless written.",
  },
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
    type: "balance",
    items: ["backend", "route"],
    text: "Algorithm of the backend.",
    flag: "lb",
  },
  {
    name: "hash-balance-factor",
    type: "count",
    items: ["backend", "route"],
    text: "Load of a server at most, in percent of the average, where lb hashes.",
    flag: "hash-balance-factor",
  },
  {
    name: "retries",
    type: "count",
    items: ["backend", "route"],
    text: "Retries of the backend.",
    flag: "retries",
  },
  ...RETRY_KEYS,
  {
    name: "source",
    type: "source",
    items: ["backend", "route"],
    text:
      "Connect to this server from this address (an IP literal, with :port if need be) or interface; poller epoll only.",
  },
  {
    name: "proxy-v2-options",
    type: "text",
    items: ["backend", "route"],
    text:
      "What proxy=2 sends besides addresses: authority (the Host, or the TLS server name), unique-id (where --unique-id gives one), ssl (the client's TLS and certificate), crc32c; joined by +.",
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
    name: "abortonclose",
    type: "choice",
    choices: ["on", "off"],
    items: ["backend", "route"],
    text: "Requests whose client ends its side are given up.",
    flag: "abortonclose",
  },
  {
    name: "host",
    type: "host",
    items: ["backend", "route"],
    text: "Host header of the backend.",
    flag: "host",
  },
  {
    name: "strip-prefix",
    type: "path",
    items: ["backend", "route"],
    text: "Take this from the beginning of the path; the server (or the redirect) sees the rest.",
  },
  {
    name: "replace-path",
    type: "replacement",
    items: ["backend", "route"],
    text:
      'Then replace in the path: a regular expression, a space, the replacement, in quotes: "^/v([0-9]+)/ /$1-".',
  },
  {
    name: "add-prefix",
    type: "path",
    items: ["backend", "route"],
    text: "Then put this before the path.",
  },
  itemTimeout("connect", "timeout-connect", "backend", "To connect."),
  itemTimeout("queue", "timeout-queue", "backend", "Waiting for a server that has maxconn."),
  itemTimeout("server", "timeout-server", "backend", "Inactivity of the server."),
  itemTimeout("tunnel", "timeout-tunnel", "backend", "Inactivity of a tunnel."),
  itemTimeout(
    "server-fin",
    "timeout-server-fin",
    "backend",
    "Inactivity of a server whose client has ended its side.",
  ),
  ...STICK_KEYS,
  ...COMPRESS_KEYS,
  ...HEALTH_KEYS,
  ...NAME_KEYS,
];
