/**
 * Request methods as small integers, with the facts that retries and framing need (RFC 9110 section 9.2).
 *
 *     method    safe   idempotent
 *     GET       yes    yes
 *     HEAD      yes    yes
 *     OPTIONS   yes    yes
 *     TRACE     yes    yes
 *     PUT       no     yes
 *     DELETE    no     yes
 *     POST, PATCH, CONNECT, OTHER   no, no
 *
 * May import: protocol/http.
 *
 * @module
 */

import { asciiBytes } from "./octet.ts";

/** Ids of methods; `OTHER` is every token not listed, `get` among them: methods are case-sensitive. */
export const Method = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  OPTIONS: 6,
  PATCH: 7,
  TRACE: 8,
  CONNECT: 9,
} as const;

const NAMES: readonly string[] = Object.keys(Method);
const NAME_BYTES: readonly Uint8Array[] = NAMES.map(asciiBytes);
const SAFE_BITS = bitsOf([Method.GET, Method.HEAD, Method.OPTIONS, Method.TRACE]);
const IDEMPOTENT_BITS = SAFE_BITS | bitsOf([Method.PUT, Method.DELETE]);

/** Returns the id of the method in `bytes[start, end)`, {@linkcode Method.OTHER} when it has none. */
export function classifyMethod(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  for (let id = 1; id < NAME_BYTES.length; id++) {
    const name = NAME_BYTES[id];
    if (name.length !== length || name[0] !== bytes[start]) continue;
    let i = 1;
    while (i < length && name[i] === bytes[start + i]) i++;
    if (i === length) return id;
  }
  return Method.OTHER;
}

/** Whether the method asks for no change at the server (RFC 9110 section 9.2.1). */
export function isSafeMethod(id: number): boolean {
  return (SAFE_BITS >> id & 1) === 1;
}

/** Whether sending the request twice intends the same as once (RFC 9110 section 9.2.2). Every safe method is. */
export function isIdempotentMethod(id: number): boolean {
  return (IDEMPOTENT_BITS >> id & 1) === 1;
}

/** Returns the method's name; `"OTHER"` for one without an id. */
export function methodName(id: number): string {
  return NAMES[id];
}

function bitsOf(ids: readonly number[]): number {
  return ids.reduce((bits, id) => bits | 1 << id, 0);
}
