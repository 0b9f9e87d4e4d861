/**
 * The part of the catalogue about compression; catalogue.ts takes it up, in the section Compression.
 *
 * May import: nothing.
 *
 * @module
 */

export const COMPRESS_FLAGS = [
  {
    name: "compress",
    value: "codings",
    type: "codings",
    default: "off",
    section: "Compression",
    text:
      "Compress responses: zstd, br, gzip, joined by + in the order of preference, with a level if need be (br:4); on is zstd+br+gzip; off.",
    example: "br+gzip:6",
  },
  {
    name: "compress-type",
    value: "types",
    type: "media-types",
    default: "text/ application/json application/javascript application/xml application/wasm +json +xml",
    section: "Compression",
    text: "Media types that are, with spaces between: text/ is all that begin so, +json all that end so.",
  },
  {
    name: "compress-min-size",
    value: "size",
    type: "size",
    default: "1k",
    section: "Compression",
    text: "Responses that are known to be smaller pass as they are.",
  },
  {
    name: "compress-offload",
    value: "on|off",
    type: "choice",
    choices: ["on", "off"],
    default: "off",
    section: "Compression",
    text: "Leave Accept-Encoding out of requests that hadro can compress for: servers then need not.",
  },
  {
    name: "compress-mem",
    value: "size",
    type: "size",
    default: "0",
    section: "Compression",
    text:
      "What encoders may take of --max-mem; responses beyond it pass as they are. 0: a quarter of what moves bytes.",
  },
] as const;

const ITEMS = ["listen", "backend", "route"] as const;

export const COMPRESS_KEYS = [
  {
    name: "compress",
    type: "codings",
    items: ITEMS,
    text: "Compression of responses; a backend's own holds instead of its listener's.",
    flag: "compress",
  },
  {
    name: "compress-type",
    type: "media-types",
    items: ITEMS,
    text: "Media types that are compressed, in quotes.",
    flag: "compress-type",
  },
  {
    name: "compress-min-size",
    type: "size",
    items: ITEMS,
    text: "Responses that are smaller pass as they are.",
    flag: "compress-min-size",
  },
  {
    name: "compress-offload",
    type: "choice",
    choices: ["on", "off"],
    items: ITEMS,
    text: "Servers are not told what the client accepts.",
    flag: "compress-offload",
  },
] as const;
