/**
 * The part of the catalogue about stickiness; catalogue.ts takes it up, in the section Balancing.
 *
 * May import: nothing.
 *
 * @module
 */

export const STICK_FLAGS = [
  {
    name: "cookie",
    value: "cookie",
    type: "text",
    default: "off",
    section: "Balancing",
    text:
      "A cookie that brings clients back to their server, with HAProxy's options: SRV:insert:indirect:nocache; see docs/reference/stickiness.md.",
    example: "SRV:insert:indirect:nocache",
  },
  {
    name: "cookie-key",
    value: "key",
    type: "text",
    default: "random",
    section: "Balancing",
    text:
      "Makes the values of dynamic and sealed cookies, the same in every hadro that has it; random: another at each start.",
  },
  {
    name: "stick",
    value: "key",
    type: "text",
    default: "off",
    section: "Balancing",
    text:
      "A table of which server a client had: by src, hdr:NAME, cookie:NAME or url_param:NAME, with size= (entries) and expire=.",
    example: "src:size=100k:expire=30m",
  },
  {
    name: "persist",
    value: "",
    type: "switch",
    section: "Balancing",
    text: "What cookie or table say holds for a server that is down, too.",
  },
  {
    name: "redispatch",
    value: "interval",
    type: "text",
    default: "1",
    section: "Balancing",
    text:
      "Which retries of a sticky stream leave its server: 1 each, 2 each second, on or -1 the last; off: none, of no stream.",
  },
] as const;

export const STICK_KEYS = [
  {
    name: "cookie",
    type: "text",
    items: ["backend", "route"],
    text: "What stands for this server in the cookie; its name by default; off: nothing.",
  },
  {
    name: "backend-cookie",
    type: "text",
    items: ["backend", "route"],
    text: "The cookie of the backend.",
    flag: "cookie",
  },
  {
    name: "stick",
    type: "text",
    items: ["backend", "route"],
    text: "The table of the backend.",
    flag: "stick",
  },
  {
    name: "persist",
    type: "switch",
    items: ["backend", "route"],
    text: "The backend's persistence holds for servers that are down, too.",
    flag: "persist",
  },
  {
    name: "ignore-persist",
    type: "text",
    items: ["backend", "route"],
    text: "No persistence for requests below these paths, joined by +: /static+/img.",
  },
  {
    name: "force-persist",
    type: "text",
    items: ["backend", "route"],
    text: "Persistence even to a server that is down for requests below these paths, joined by +.",
  },
  {
    name: "redispatch",
    type: "text",
    items: ["backend", "route"],
    text: "Which retries of the backend go to another server.",
    flag: "redispatch",
  },
] as const;
