/**
 * The part of the catalogue that concerns names: flags, and keys of servers.
 *
 * May import: nothing.
 *
 * @module
 */

export const ADDRESS_FAMILIES = ["ipv4", "ipv6"] as const;

const PREFER_TEXT =
  "Of a name's addresses those that come first; a slot has one of the others only when there is none of these.";

/** What the flags say, in the shape of the catalogue's. */
export const NAME_FLAGS = [
  {
    name: "resolve-every",
    value: "duration",
    type: "duration",
    default: "10s",
    section: "Names",
    text: "Names of servers are looked up again after this time; after a failure sooner (1s, 2s, 4s …).",
  },
  {
    name: "hold",
    value: "state=duration",
    type: "text",
    isRepeatable: true,
    section: "Names",
    text:
      "How long what a name had is kept when it fails: nx=30s, refused=30s, timeout=30s, other=30s, or is gone from its answer: obsolete=0 (the defaults).",
    example: "nx=1m,timeout=10m",
  },
  {
    name: "resolve-retries",
    value: "count",
    type: "count",
    default: "3",
    section: "Names",
    text: "Further queries when a name server does not answer, to the next one where there are several.",
  },
  {
    name: "timeout-resolve",
    value: "duration",
    type: "duration",
    default: "1s",
    section: "Names",
    text: "To a name server's answer to one query.",
  },
  {
    name: "nameserver",
    value: "address",
    type: "text",
    isRepeatable: true,
    section: "Names",
    text:
      "Ask this name server, an IP address with :port if need be, instead of the system's resolver; repeat for more. No search domains.",
    example: "10.0.0.53",
  },
  {
    name: "resolve-prefer",
    value: "family",
    type: "choice",
    choices: ADDRESS_FAMILIES,
    default: "ipv4",
    section: "Names",
    text: PREFER_TEXT,
  },
] as const;

/** Keys of servers. */
export const NAME_KEYS = [
  {
    name: "slots",
    type: "count",
    items: ["backend", "route"],
    text:
      "So many servers out of one name, a slot for each address or SRV record: the same as 5* before the address; 16 with srv://.",
  },
  {
    name: "resolve-prefer",
    type: "choice",
    choices: ADDRESS_FAMILIES,
    items: ["backend", "route"],
    text: PREFER_TEXT,
    flag: "resolve-prefer",
  },
] as const;
