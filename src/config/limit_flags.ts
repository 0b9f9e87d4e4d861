/**
 * The part of the catalogue about limits and access; catalogue.ts takes it up, in the section Limits.
 *
 * May import: nothing.
 *
 * @module
 */

export const LIMIT_FLAGS = [
  {
    name: "allow",
    value: "cidr",
    type: "cidrs",
    isRepeatable: true,
    section: "Limits",
    text: "Clients that may connect; with any, the rest may not. HTTP answers 403, TCP resets.",
    example: "10.0.0.0/8",
  },
  {
    name: "deny",
    value: "cidr",
    type: "cidrs",
    isRepeatable: true,
    section: "Limits",
    text: "Clients that may not connect; it wins over --allow, whatever the order.",
    example: "10.9.0.0/16",
  },
  {
    name: "max-body",
    value: "size",
    type: "size-or-off",
    default: "off",
    section: "Limits",
    text: "The largest body of a request; a larger one is answered 413.",
    example: "10m",
  },
  {
    name: "max-headers",
    value: "count",
    type: "count",
    default: "100",
    section: "Limits",
    text: "Headers of a request at most, 1 to 1000; more are answered 431.",
  },
  {
    name: "max-header-size",
    value: "size",
    type: "size-or-off",
    default: "off",
    section: "Limits",
    text: "The largest head of a request, 256 to 15424 bytes; a larger one is answered 431. off: 15424.",
  },
  {
    name: "h2-streams",
    value: "count",
    type: "count",
    default: "100",
    section: "Limits",
    text: "Streams at once of an HTTP/2 connection, 1 to 1000; 0: HTTP/2 is not spoken.",
  },
  {
    name: "h2-glitches",
    value: "count",
    type: "count",
    default: "500",
    section: "Limits",
    text:
      "Senseless acts of an HTTP/2 connection (streams reset before their answer, pings, empty frames) before it is ended; one a second is forgiven; 0: any number.",
  },
  {
    name: "rate",
    value: "rate",
    type: "rates",
    isRepeatable: true,
    section: "Limits",
    text:
      "Requests of each client (or hdr:NAME:, path:/PREFIX:), as 100/s, 5/m:burst=2; more are answered 429. For tcp: connections. Each thread counts its own.",
    example: "src@/login:5/m",
  },
  {
    name: "conn-rate",
    value: "rate",
    type: "rate-or-off",
    default: "off",
    section: "Limits",
    text: "Connections of each client, as 20/s:burst=50; more are reset.",
    example: "20/s:burst=50",
  },
  {
    name: "maxconn-per-src",
    value: "count",
    type: "count",
    default: "0",
    section: "Limits",
    text: "Connections at once of each client on a listener; more are reset; 0: no limit.",
  },
  {
    name: "auth",
    value: "user",
    type: "users",
    isRepeatable: true,
    section: "Limits",
    text: "Who may come in (HTTP Basic), as user:bcrypt-hash in single quotes; others are answered 401.",
    example: "'ann:$2y$10$…'",
  },
  {
    name: "min-rate",
    value: "size",
    type: "size-or-off",
    default: "off",
    section: "Limits",
    text:
      "Bytes a second that a client must send of a body, or take of an answer; a slower one gets 408, or is cut off.",
    example: "500",
  },
] as const;

export const LIMIT_KEYS = [
  {
    name: "allow",
    type: "cidrs",
    items: ["listen"],
    text: "Clients that may connect, joined by +; off for everyone.",
    flag: "allow",
  },
  {
    name: "deny",
    type: "cidrs",
    items: ["listen"],
    text: "Clients that may not connect, joined by +; off for none.",
    flag: "deny",
  },
  {
    name: "max-body",
    type: "size-or-off",
    items: ["listen", "backend", "route"],
    text: "The largest body of a request; a backend's own holds instead of its listener's.",
    flag: "max-body",
  },
  {
    name: "max-headers",
    type: "count",
    items: ["listen"],
    text: "Headers of a request at most.",
    flag: "max-headers",
  },
  {
    name: "max-header-size",
    type: "size-or-off",
    items: ["listen"],
    text: "The largest head of a request.",
    flag: "max-header-size",
  },
  {
    name: "h2-streams",
    type: "count",
    items: ["listen"],
    text: "Streams at once of an HTTP/2 connection; 0: HTTP/2 is not spoken.",
    flag: "h2-streams",
  },
  {
    name: "h2-glitches",
    type: "count",
    items: ["listen"],
    text: "Senseless acts of an HTTP/2 connection before it is ended; 0: any number.",
    flag: "h2-glitches",
  },
  {
    name: "rate",
    type: "rates",
    items: ["listen"],
    text: "Requests (tcp: connections) of each client, or as its key says, joined by +; off for no limit.",
    flag: "rate",
  },
  {
    name: "conn-rate",
    type: "rate-or-off",
    items: ["listen"],
    text: "Connections of each client.",
    flag: "conn-rate",
  },
  {
    name: "maxconn-per-src",
    type: "count",
    items: ["listen"],
    text: "Connections at once of each client.",
    flag: "maxconn-per-src",
  },
  {
    name: "auth",
    type: "users",
    items: ["listen"],
    text: "Who may come in (HTTP Basic), joined by +; off for everyone.",
    flag: "auth",
  },
  {
    name: "min-rate",
    type: "size-or-off",
    items: ["listen"],
    text: "Bytes a second that a client must send or take.",
    flag: "min-rate",
  },
] as const;
