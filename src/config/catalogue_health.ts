/**
 * The part of the catalogue that concerns health: flags, and keys of servers with the same names.
 *
 * May import: nothing.
 *
 * @module
 */

export const OBSERVE_LEVELS = ["off", "l4", "l7"] as const;
export const ON_ERRORS = ["fastinter", "fail-check", "sudden-death", "mark-down"] as const;
export const ON_MARKED_DOWNS = ["none", "shutdown-sessions"] as const;
export const CHECK_METHODS = ["GET", "HEAD", "OPTIONS"] as const;

/** What the flags say, in the shape of the catalogue's. */
export const HEALTH_FLAGS = [
  {
    name: "check",
    value: "check",
    type: "check",
    default: "off",
    section: "Health",
    text: "Check servers: tcp (they accept), /path or http (they answer GET, of / with http), or off.",
    example: "/healthz",
  },
  {
    name: "expect",
    value: "answer",
    type: "expect",
    default: "200-399",
    section: "Health",
    text: "What an http check must bring: statuses as 2xx, 200-399 or 200,404, or body:TEXT.",
  },
  {
    name: "inter",
    value: "duration",
    type: "duration",
    default: "2s",
    section: "Health",
    text: "Between two checks of a server.",
  },
  {
    name: "fastinter",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Health",
    text: "The same while it goes up or down; off: as inter.",
  },
  {
    name: "downinter",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Health",
    text: "The same while it is down; off: as inter.",
  },
  {
    name: "rise",
    value: "count",
    type: "count",
    default: "2",
    section: "Health",
    text: "Checks in a row that must pass for a server to be up again.",
  },
  {
    name: "fall",
    value: "count",
    type: "count",
    default: "3",
    section: "Health",
    text: "Checks in a row that must fail for a server to be down; the very first one alone is enough.",
  },
  {
    name: "timeout-check",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Health",
    text: "To the answer once connected; off: connect and answer together have inter.",
  },
  {
    name: "spread-checks",
    value: "percent",
    type: "count",
    default: "0",
    section: "Health",
    text: "Checks come up to so many percent of the interval earlier or later, 0 to 50.",
  },
  {
    name: "check-method",
    value: "method",
    type: "choice",
    choices: CHECK_METHODS,
    default: "GET",
    section: "Health",
    text: "Method of http checks.",
  },
  {
    name: "check-host",
    value: "name",
    type: "text",
    default: "auto",
    section: "Health",
    text: "Host header of http checks; auto: the name of --host, else the server's address.",
  },
  {
    name: "check-header",
    value: "header",
    type: "header",
    isRepeatable: true,
    section: "Health",
    text: 'A further header of http checks: "Name: value".',
  },
  {
    name: "check-port",
    value: "port",
    type: "count",
    default: "0",
    section: "Health",
    text: "Checks connect to this port; 0: the server's.",
  },
  {
    name: "check-addr",
    value: "host",
    type: "text",
    default: "server",
    section: "Health",
    text: "Checks connect to this address or name; server: the server's.",
  },
  {
    name: "disable-on-404",
    value: "",
    type: "switch",
    section: "Health",
    text: "A 404 of an http check lets the server end what it has and gives it nothing new (NOLB).",
  },
  {
    name: "observe",
    value: "layer",
    type: "choice",
    choices: OBSERVE_LEVELS,
    default: "off",
    section: "Health",
    text:
      "Errors of traffic count too: l4: failed connects; l7: failed connects, bad answers and statuses 5xx.",
  },
  {
    name: "error-limit",
    value: "count",
    type: "count",
    default: "10",
    section: "Health",
    text: "Errors of traffic in a row that do what on-error says.",
  },
  {
    name: "on-error",
    value: "action",
    type: "choice",
    choices: ON_ERRORS,
    default: "fail-check",
    section: "Health",
    text:
      "Then: fastinter: check soon; fail-check: count as a failed check; sudden-death: one more is down; mark-down: down.",
  },
  {
    name: "eject",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Health",
    text:
      "Without checks, error-limit errors in a row keep a server out so long, longer each time (never the last one).",
  },
  {
    name: "slowstart",
    value: "duration",
    type: "duration-or-off",
    default: "off",
    section: "Health",
    text: "A server that comes up again grows to its weight within this time.",
  },
  {
    name: "on-marked-down",
    value: "action",
    type: "choice",
    choices: ON_MARKED_DOWNS,
    default: "none",
    section: "Health",
    text: "What the sessions of a server that goes down meet.",
  },
] as const;

const SERVER_ITEMS = ["backend", "route"] as const;

/** All but these are keys of a backend's items, each with its flag as default. */
const FLAGS_ALONE: readonly string[] = ["spread-checks", "check-header"];

/** The keys, made of the flags; those of one server alone are check-port and check-addr. */
export const HEALTH_KEYS = HEALTH_FLAGS.filter(({ name }) => !FLAGS_ALONE.includes(name)).map((flag) => ({
  name: flag.name,
  type: flag.type,
  ...("choices" in flag ? { choices: flag.choices } : {}),
  items: SERVER_ITEMS,
  text: flag.text,
  flag: flag.name,
}));
