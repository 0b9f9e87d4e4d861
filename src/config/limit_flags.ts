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
] as const;
