/**
 * The part of the catalogue about retries after a request was sent; catalogue.ts takes it up, in the section Balancing.
 *
 * May import: nothing.
 *
 * @module
 */

export const RETRY_FLAGS = [
  {
    name: "retry-on",
    value: "events",
    type: "retry-on",
    default: "conn-failure",
    section: "Balancing",
    text:
      "Try again after: conn-failure, empty-response, response-timeout, junk-response, a status, all-retryable-errors, none; joined by +. A POST only with non-idempotent.",
    example: "conn-failure+empty-response+503",
  },
  {
    name: "retry-budget",
    value: "share",
    type: "retry-budget",
    default: "20%+3/s",
    section: "Balancing",
    text:
      "Requests sent again at most: so many percent of a backend's requests of the last 10 s, and so many a second besides.",
  },
] as const;

export const RETRY_KEYS = [
  {
    name: "retry-on",
    type: "retry-on",
    items: ["backend", "route"],
    text: "After what a request of the backend is tried again.",
    flag: "retry-on",
  },
  {
    name: "retry-budget",
    type: "retry-budget",
    items: ["backend", "route"],
    text: "Requests of the backend sent again at most.",
    flag: "retry-budget",
  },
] as const;
