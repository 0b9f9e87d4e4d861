/**
 * Which fields enter the encoder's table, by their names.
 *
 *     NEVER     secrets: their size, seen by an attacker who can make requests, would tell what they are (RFC 7541 section 7.1);
 *               written so that no further hop indexes them either
 *     OFTEN     repeats on a connection: enters the table the first time
 *     SECOND    unknown: enters the table when the same field comes a second time, so ids of requests do not push out what repeats
 *     SELDOM    differs from message to message: never enters the table
 *
 * Cookie is short of NEVER when it is long: a long value cannot be guessed piece by piece, and it is what repeats most.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { FieldName } from "../http/field_name.ts";
import { asciiBytes } from "../http/octet.ts";
import { PseudoName } from "../http/pseudo_name.ts";

/** See the module's text. */
export const IndexPolicy = { SECOND: 0, OFTEN: 1, SELDOM: 2, NEVER: 3 } as const;

/** A cookie shorter than this, in bytes, is a secret that can be guessed. */
const LONG_COOKIE_BYTES = 20;

const POLICIES = buildPolicies();

/** Names without an id that differ from message to message. */
const SELDOM_NAMES: readonly Uint8Array[] = [
  "age",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-unmodified-since",
  "last-modified",
].map(asciiBytes);

/** Returns the policy of a field: `nameId` is the id of its name, which stands in `bytes` as given. */
export function indexPolicy(
  nameId: number,
  bytes: Uint8Array,
  nameStart: number,
  nameLength: number,
  valueLength: number,
): number {
  if (nameId === FieldName.COOKIE) {
    return valueLength < LONG_COOKIE_BYTES ? IndexPolicy.NEVER : IndexPolicy.SECOND;
  }
  if (nameId !== FieldName.OTHER) return POLICIES[nameId];
  for (let i = 0; i < SELDOM_NAMES.length; i++) {
    const name = SELDOM_NAMES[i];
    if (name.length !== nameLength || name[0] !== bytes[nameStart]) continue;
    let k = 1;
    while (k < nameLength && name[k] === bytes[nameStart + k]) k++;
    if (k === nameLength) return IndexPolicy.SELDOM;
  }
  return IndexPolicy.SECOND;
}

function buildPolicies(): Uint8Array {
  const policies = new Uint8Array(PseudoName.STATUS + 1);
  const never = [FieldName.AUTHORIZATION, FieldName.PROXY_AUTHORIZATION, FieldName.SET_COOKIE];
  const seldom = [
    FieldName.CONTENT_LENGTH,
    FieldName.CONTENT_RANGE,
    FieldName.RANGE,
    FieldName.LOCATION,
    FieldName.EXPECT,
    FieldName.ETAG,
    PseudoName.PATH,
  ];
  const often = [
    FieldName.DATE,
    FieldName.SERVER,
    FieldName.VIA,
    FieldName.USER_AGENT,
    FieldName.HOST,
    FieldName.ACCEPT,
    FieldName.ACCEPT_ENCODING,
    FieldName.CONTENT_TYPE,
    FieldName.CONTENT_ENCODING,
    FieldName.CACHE_CONTROL,
    FieldName.TE,
    PseudoName.METHOD,
    PseudoName.SCHEME,
    PseudoName.AUTHORITY,
    PseudoName.STATUS,
  ];
  for (const id of never) policies[id] = IndexPolicy.NEVER;
  for (const id of seldom) policies[id] = IndexPolicy.SELDOM;
  for (const id of often) policies[id] = IndexPolicy.OFTEN;
  return policies;
}
