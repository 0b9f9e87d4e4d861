/**
 * The value of the Priority field and of PRIORITY_UPDATE (RFC 9218 section 4): `u=0` to `u=7`, and `i`.
 *
 *     priority    = member *( OWS "," OWS member )        a Dictionary of RFC 8941
 *     member      = key [ "=" value ] *( ";" *SP key [ "=" value ] )
 *
 * A priority is one small integer: urgency times 2, plus 1 when incremental. The default is urgency 3, not incremental. A member that
 * hadro does not know, or with a value out of range, is passed over; where the grammar is broken, the whole value is the default.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";

/** Urgency 3, not incremental. */
export const DEFAULT_PRIORITY = 6;

const MAX_URGENCY = 7;
const EQUALS = 0x3d;
const LOWER_U = 0x75;
const LOWER_I = 0x69;
const MINUS = 0x2d;
const PLUS = 0x2b;
const UNDERSCORE = 0x5f;
const LEFT_PARENTHESIS = 0x28;
const RIGHT_PARENTHESIS = 0x29;

/** Returns the urgency of a priority, 0 (first) to 7 (last). */
export function urgencyOf(priority: number): number {
  return priority >> 1;
}

/** Whether the stream is of use in pieces, so that it shares with others of its urgency. */
export function isIncremental(priority: number): boolean {
  return (priority & 1) === 1;
}

/** Returns the priority that `bytes[start, end)` says; {@linkcode DEFAULT_PRIORITY} when it is empty or malformed. */
export function parsePriority(bytes: Uint8Array, start: number, end: number): number {
  let urgency = DEFAULT_PRIORITY >> 1;
  let incremental = 0;
  let at = skipBlanks(bytes, start, end);
  while (at < end) {
    const keyEnd = skipKey(bytes, at, end);
    if (keyEnd < 0) return DEFAULT_PRIORITY;
    const valueAt = keyEnd < end && bytes[keyEnd] === EQUALS ? keyEnd + 1 : -1;
    const valueEnd = valueAt < 0 ? keyEnd : skipValue(bytes, valueAt, end);
    const memberEnd = valueEnd < 0 ? -1 : skipParameters(bytes, valueEnd, end);
    if (memberEnd < 0) return DEFAULT_PRIORITY;
    if (keyEnd - at === 1 && bytes[at] === LOWER_U) urgency = urgencyValue(bytes, valueAt, valueEnd, urgency);
    if (keyEnd - at === 1 && bytes[at] === LOWER_I) {
      incremental = incrementalValue(bytes, valueAt, valueEnd, incremental);
    }
    at = skipBlanks(bytes, memberEnd, end);
    if (at === end) break;
    if (bytes[at] !== Octet.COMMA) return DEFAULT_PRIORITY;
    at = skipBlanks(bytes, at + 1, end);
    if (at === end) return DEFAULT_PRIORITY;
  }
  return urgency << 1 | incremental;
}

function urgencyValue(bytes: Uint8Array, at: number, end: number, otherwise: number): number {
  if (at < 0 || end - at !== 1) return otherwise;
  const urgency = bytes[at] - 0x30;
  return urgency >= 0 && urgency <= MAX_URGENCY ? urgency : otherwise;
}

/** `i` alone and `i=?1` are true, `i=?0` is false. */
function incrementalValue(bytes: Uint8Array, at: number, end: number, otherwise: number): number {
  if (at < 0) return 1;
  return end - at === 2 && bytes[at] === Octet.QUESTION ? bytes[at + 1] - 0x30 : otherwise;
}

/** Returns the index after a key; -1 when none stands there. */
function skipKey(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || !(isLower(bytes[start]) || bytes[start] === Octet.ASTERISK)) return -1;
  let at = start + 1;
  while (at < end && isKeyOctet(bytes[at])) at++;
  return at;
}

/** Returns the index after parameters, none among them; -1 when they are malformed. */
function skipParameters(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === Octet.SEMICOLON) {
    at++;
    while (at < end && bytes[at] === Octet.SP) at++;
    at = skipKey(bytes, at, end);
    if (at < 0) return -1;
    if (at < end && bytes[at] === EQUALS) at = skipValue(bytes, at + 1, end);
    if (at < 0) return -1;
  }
  return at;
}

/** Returns the index after a bare item or an inner list; -1 when none stands there. What is inside is looked at loosely. */
function skipValue(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const octet = bytes[start];
  if (octet === Octet.QUOTE) return skipString(bytes, start, end);
  if (octet === LEFT_PARENTHESIS) return skipInnerList(bytes, start, end);
  if (octet === Octet.COLON) return skipUntil(bytes, start + 1, end, Octet.COLON);
  if (octet === Octet.QUESTION) {
    const isBoolean = start + 1 < end && (bytes[start + 1] === 0x30 || bytes[start + 1] === 0x31);
    return isBoolean ? start + 2 : -1;
  }
  const isNumber = (OCTET_CLASS[octet] & OctetClass.DIGIT) !== 0 || octet === MINUS;
  let at = start + 1;
  if (isNumber) {
    while (at < end && ((OCTET_CLASS[bytes[at]] & OctetClass.DIGIT) !== 0 || bytes[at] === Octet.DOT)) at++;
    return octet === MINUS && at === start + 1 ? -1 : at;
  }
  if (!isLower(octet | 0x20) && octet !== Octet.ASTERISK) return -1;
  while (at < end && isTokenOctet(bytes[at])) at++;
  return at;
}

function skipString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === Octet.QUOTE) return at + 1;
    if (bytes[at] === Octet.BACKSLASH) at++;
  }
  return -1;
}

function skipInnerList(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== RIGHT_PARENTHESIS) {
    at = bytes[at] === Octet.QUOTE ? skipString(bytes, at, end) : at + 1;
    if (at < 0) return -1;
  }
  return at < end ? at + 1 : -1;
}

function skipUntil(bytes: Uint8Array, start: number, end: number, stop: number): number {
  let at = start;
  while (at < end && bytes[at] !== stop) at++;
  return at < end ? at + 1 : -1;
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (OCTET_CLASS[bytes[at]] & OctetClass.BLANK) !== 0) at++;
  return at;
}

function isLower(octet: number): boolean {
  return octet >= 0x61 && octet <= 0x7a;
}

function isKeyOctet(octet: number): boolean {
  return isLower(octet) || (OCTET_CLASS[octet] & OctetClass.DIGIT) !== 0 || octet === UNDERSCORE ||
    octet === MINUS || octet === Octet.DOT || octet === Octet.ASTERISK;
}

function isTokenOctet(octet: number): boolean {
  return (OCTET_CLASS[octet] & OctetClass.TCHAR) !== 0 || octet === Octet.COLON || octet === Octet.SLASH ||
    octet === PLUS;
}
