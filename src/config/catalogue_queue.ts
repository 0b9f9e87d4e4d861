/**
 * The part of the catalogue about queues; catalogue.ts takes it up, in the section Balancing.
 *
 * May import: nothing.
 *
 * @module
 */
export const QUEUE_FLAGS = [
  {
    name: "queue-prio",
    value: "off|hdr:NAME",
    type: "text",
    default: "off",
    section: "Balancing",
    text:
      "Where servers have maxconn: the header by which a request says whether it waits as high, normal or low; else it waits as prio says. Clients can send it, too.",
    example: "hdr:x-priority",
  },
] as const;

export const QUEUE_KEYS = [
  {
    name: "minconn",
    type: "count",
    items: ["backend", "route"],
    text:
      "Its maxconn while the backend has little to do; it grows with the backend's streams, see fullconn.",
  },
  {
    name: "maxqueue",
    type: "count",
    items: ["backend", "route"],
    text: "How many may wait for this very server, where lb is leastconn or hashes; more go to another one.",
  },
  {
    name: "fullconn",
    type: "count",
    items: ["backend", "route"],
    text:
      "Streams of the backend at which servers with minconn take their whole maxconn; a tenth of the listener's maxconn unless written.",
  },
  {
    name: "queue-prio",
    type: "text",
    items: ["backend", "route"],
    text: "Header of requests that says in which class they wait for servers of the backend (http).",
    flag: "queue-prio",
  },
] as const;
