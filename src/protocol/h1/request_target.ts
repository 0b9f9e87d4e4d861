/**
 * The four forms of a request target (RFC 9112 section 3.2), told apart and checked once the target is complete.
 *
 *     form        begins with            allowed with   sets
 *     ORIGIN      "/"                    all but CONNECT
 *     ASTERISK    is "*"                 OPTIONS
 *     AUTHORITY   host [ ":" port ]      CONNECT        authority
 *     ABSOLUTE    "http(s)://" host      all but CONNECT authority, path (a path or query or nothing follows)
 *
 * Userinfo is refused: `http://good.example@evil.example/` is a trap for readers (RFC 9110 section 4.2.4).
 *
 * May import: protocol/http.
 *
 * @module
 */

import { type MessageHead, TargetForm } from "../http/message_head.ts";
import { Method } from "../http/method.ts";
import { asciiBytes, equalIgnoringCase, Octet } from "../http/octet.ts";
import { isAuthority } from "../http/uri.ts";
import { ParseError } from "./parse_error.ts";

const HTTP = asciiBytes("http://");
const HTTPS = asciiBytes("https://");

/** Fills the target's form, authority and path. Returns false, with the head's error set, when the target has no valid form. */
export function checkTarget(head: MessageHead, bytes: Uint8Array, base: number): boolean {
  const start = base + head.targetStart;
  const end = base + head.targetEnd;
  head.pathStart = head.targetStart;
  if (head.methodId === Method.CONNECT) {
    head.targetForm = TargetForm.AUTHORITY;
    head.pathStart = head.targetEnd;
    return checkAuthority(head, bytes, base, start, end);
  }
  if (bytes[start] === Octet.SLASH) {
    head.targetForm = TargetForm.ORIGIN;
    return true;
  }
  if (bytes[start] === Octet.ASTERISK && end === start + 1 && head.methodId === Method.OPTIONS) {
    head.targetForm = TargetForm.ASTERISK;
    return true;
  }
  const prefixLength = schemePrefixLength(bytes, start, end);
  if (prefixLength === 0) {
    head.fail(ParseError.BAD_TARGET_FORM, head.targetStart);
    return false;
  }
  head.targetForm = TargetForm.ABSOLUTE;
  let at = start + prefixLength;
  while (at < end && bytes[at] !== Octet.SLASH && bytes[at] !== Octet.QUESTION) at++;
  head.pathStart = at - base;
  return checkAuthority(head, bytes, base, start + prefixLength, at);
}

/** Returns the port that an absolute target means when it names none: 443 for `https`, 80 otherwise. */
export function defaultTargetPort(head: MessageHead): number {
  return head.authorityStart - head.targetStart === HTTPS.length ? 443 : 80;
}

function schemePrefixLength(bytes: Uint8Array, start: number, end: number): number {
  if (hasPrefix(bytes, start, end, HTTP)) return HTTP.length;
  return hasPrefix(bytes, start, end, HTTPS) ? HTTPS.length : 0;
}

function hasPrefix(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  const prefixEnd = start + prefix.length;
  return prefixEnd <= end && equalIgnoringCase(bytes, start, prefixEnd, prefix, 0, prefix.length);
}

function checkAuthority(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  start: number,
  end: number,
): boolean {
  head.authorityStart = start - base;
  head.authorityEnd = end - base;
  if (isAuthority(bytes, start, end)) return true;
  head.fail(ParseError.BAD_TARGET_AUTHORITY, head.authorityStart);
  return false;
}
