/**
 * Authorities, hosts and paths inside a head, as ranges of its bytes: checks, comparison and copies without allocation.
 *
 *     authority = host [ ":" port ]                      userinfo is refused (RFC 9110 section 4.2.4)
 *     host      = reg-name / IPv4 / "[" IPv6 "]"          RFC 3986 section 3.2.2; no zone, no IPvFuture
 *     reg-name  = 1*( unreserved / sub-delims / "%" 2HEX )
 *     port      = *DIGIT, 0 to 65535                      an empty port counts as none
 *
 * A routing host is a host in lower case without its port and without one trailing dot (`Example.COM.:80` is `example.com`).
 *
 * May import: protocol/http.
 *
 * @module
 */

import { equalIgnoringCase, LOWER_CASE, Octet, OCTET_CLASS, OctetClass } from "./octet.ts";

const MAX_PORT = 65535;
/** `[` + 39 + `]`, or with an IPv4 tail 45. */
const MAX_IPV6_LITERAL_LENGTH = 47;

/**
 * Returns the index after the host that begins at `start`, or -1 when no well-formed host stands there. The result is `end`
 * or the index of a byte that cannot belong to the host, such as the colon of a port.
 */
export function scanHost(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === Octet.LEFT_BRACKET) return scanIpv6Literal(bytes, start, end);
  let at = start;
  while (at < end) {
    if ((OCTET_CLASS[bytes[at]] & OctetClass.NAME) !== 0) at += 1;
    else if (bytes[at] !== Octet.PERCENT) break;
    else if (at + 2 < end && isHex(bytes[at + 1]) && isHex(bytes[at + 2])) at += 3;
    else return -1;
  }
  return at > start ? at : -1;
}

/** Whether `bytes[start, end)` is a host with an optional port; an empty range and userinfo are not. */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = scanHost(bytes, start, end);
  if (hostEnd < 0) return false;
  return hostEnd === end || (bytes[hostEnd] === Octet.COLON && parsePort(bytes, hostEnd + 1, end) !== -2);
}

/** Returns the port of a well-formed authority, -1 when it has none. */
export function authorityPort(bytes: Uint8Array, start: number, end: number): number {
  const hostEnd = scanHost(bytes, start, end);
  return hostEnd < 0 || hostEnd === end ? -1 : parsePort(bytes, hostEnd + 1, end);
}

/** Whether two well-formed authorities of the same bytes name the same host and port; a missing port is `defaultPort`. */
export function authoritiesAgree(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
  defaultPort: number,
): boolean {
  const hostEnd = scanHost(bytes, start, end);
  const otherHostEnd = scanHost(bytes, otherStart, otherEnd);
  if (hostEnd < 0 || otherHostEnd < 0) return false;
  if (!equalIgnoringCase(bytes, start, hostEnd, bytes, otherStart, otherHostEnd)) return false;
  const port = authorityPort(bytes, start, end);
  const otherPort = authorityPort(bytes, otherStart, otherEnd);
  return (port < 0 ? defaultPort : port) === (otherPort < 0 ? defaultPort : otherPort);
}

/** Returns the index after the routing host of a well-formed authority that begins at `start`; `start` when there is none. */
function routingHostEnd(bytes: Uint8Array, start: number, end: number): number {
  const hostEnd = scanHost(bytes, start, end);
  if (hostEnd < 0) return start;
  return hostEnd > start + 1 && bytes[hostEnd - 1] === Octet.DOT ? hostEnd - 1 : hostEnd;
}

/**
 * Copies the routing host of an authority to `into` from index `at`. Returns its length in bytes, 0 when there is none, -1
 * when it does not fit.
 */
export function copyRoutingHost(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  const length = routingHostEnd(bytes, start, end) - start;
  if (at + length > into.length) return -1;
  for (let i = 0; i < length; i++) into[at + i] = LOWER_CASE[bytes[start + i]];
  return length;
}

/** Whether an authority's routing host is `host`, which must be a routing host itself. */
export function isHost(bytes: Uint8Array, start: number, end: number, host: Uint8Array): boolean {
  return equalIgnoringCase(bytes, start, routingHostEnd(bytes, start, end), host, 0, host.length);
}

/** Whether an authority's routing host ends with `suffix` (`.example.com`) and has at least one byte before it. */
export function isHostUnder(bytes: Uint8Array, start: number, end: number, suffix: Uint8Array): boolean {
  const hostEnd = routingHostEnd(bytes, start, end);
  const suffixStart = hostEnd - suffix.length;
  return suffixStart > start && equalIgnoringCase(bytes, suffixStart, hostEnd, suffix, 0, suffix.length);
}

/** Returns the index of the `?` of a path with query, `end` when it has none. */
function pathEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== Octet.QUESTION) at++;
  return at;
}

/**
 * Whether the path in `bytes[start, end)` (a query may follow it) lies under `prefix`, letters compared with case. A prefix
 * matches whole segments: `/api` and `/api/` match `/api/x`; `/api` matches `/api` and `/api?x` but not `/apix`. An empty path
 * is `/` (RFC 9110 section 4.2.3). Percent-encoding and `..` are compared as they stand.
 */
export function pathHasPrefix(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  const length = prefix.length;
  const stop = pathEnd(bytes, start, end);
  if (stop === start) return length === 0 || (length === 1 && prefix[0] === Octet.SLASH);
  if (stop - start < length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== prefix[i]) return false;
  }
  if (length === 0 || prefix[length - 1] === Octet.SLASH) return true;
  return start + length === stop || bytes[start + length] === Octet.SLASH;
}

/** Returns the port's value, -1 when the range is empty, -2 when it is no port. */
function parsePort(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let port = 0;
  for (let at = start; at < end; at++) {
    if ((OCTET_CLASS[bytes[at]] & OctetClass.DIGIT) === 0) return -2;
    port = port * 10 + bytes[at] - 0x30;
    if (port > MAX_PORT) return -2;
  }
  return port;
}

/** Checks the shape of an IPv6 literal (its octets, two colons, its length), not that it is an address. */
function scanIpv6Literal(bytes: Uint8Array, start: number, end: number): number {
  let colons = 0;
  let at = start + 1;
  while (at < end && (isHex(bytes[at]) || bytes[at] === Octet.COLON || bytes[at] === Octet.DOT)) {
    if (bytes[at] === Octet.COLON) colons++;
    at++;
  }
  const isClosed = at < end && bytes[at] === Octet.RIGHT_BRACKET;
  return isClosed && colons >= 2 && at + 1 - start <= MAX_IPV6_LITERAL_LENGTH ? at + 1 : -1;
}

function isHex(octet: number): boolean {
  return (OCTET_CLASS[octet] & OctetClass.HEX) !== 0;
}
