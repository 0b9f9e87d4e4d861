/**
 * HTTP/1 heads as HTTP/2 field lists: a head that `HeadParser` has found right, without what belongs to its connection.
 *
 *     request                                                    response
 *     :method                                                    :status
 *     :scheme, as the caller says                                fields
 *     :authority    of an absolute target, or of Host
 *     :path         the target without scheme and authority; "*" for OPTIONS of a whole server
 *     fields, without Host
 *
 * Names become lower-case. Left out: Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade, HTTP2-Settings, and the
 * fields that Connection lists, unless hadro knows them as end-to-end. `TE` is kept as `te: trailers` when it has trailers.
 *
 * A WebSocket request becomes an extended CONNECT, without Sec-WebSocket-Key; its 101 becomes 200 without Sec-WebSocket-Accept
 * (RFC 8441 section 5).
 *
 * Every function resets the list and returns whether all of it fitted.
 *
 * May import: protocol/http, protocol/hpack.
 *
 * @module
 */

import type { FieldList } from "../hpack/field_list.ts";
import { FieldName } from "../http/field_name.ts";
import { nextListElementEnd, skipListSeparators, trimElementEnd } from "../http/list.ts";
import {
  ConnectionFlag,
  FIELD_STRIDE,
  FieldPart,
  type MessageHead,
  TargetForm,
} from "../http/message_head.ts";
import { Method } from "../http/method.ts";
import { asciiBytes, equalIgnoringCase, LOWER_CASE, Octet, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { isConnectionField } from "./field_rules.ts";

const NOTHING = new Uint8Array(0);
const METHOD = asciiBytes(":method");
const SCHEME = asciiBytes(":scheme");
const AUTHORITY = asciiBytes(":authority");
const PATH = asciiBytes(":path");
const PROTOCOL = asciiBytes(":protocol");
const STATUS = asciiBytes(":status");
const CONNECT = asciiBytes("CONNECT");
const HTTP = asciiBytes("http");
const HTTPS = asciiBytes("https");
const SLASH = asciiBytes("/");
const ASTERISK = asciiBytes("*");
const OK = asciiBytes("200");
const TE = asciiBytes("te");
const TRAILERS = asciiBytes("trailers");
const HTTP2_SETTINGS = asciiBytes("http2-settings");
const WEBSOCKET_KEY = asciiBytes("sec-websocket-key");
const WEBSOCKET_ACCEPT = asciiBytes("sec-websocket-accept");

const STATUS_DIGITS = 3;
/** Where the status stands in `HTTP/1.1 200 OK`. */
const STATUS_START = 9;

/**
 * Puts a request's head into `list`. The message begins at `bytes[base]`. `asExtendedConnect`: the request asks for an upgrade
 * (`head.hasUpgrade`), and the peer takes extended CONNECT; the value of Upgrade becomes `:protocol`.
 */
export function requestToFields(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  isHttps: boolean,
  asExtendedConnect: boolean,
  list: FieldList,
): boolean {
  list.reset();
  const isConnect = head.methodId === Method.CONNECT && !asExtendedConnect;
  const methodStart = base + head.startOffset;
  let isWhole = asExtendedConnect
    ? add(list, METHOD, CONNECT, 0, CONNECT.length)
    : add(list, METHOD, bytes, methodStart, base + head.methodEnd);
  if (asExtendedConnect) {
    const row = head.fieldIndexOf(FieldName.UPGRADE) * FIELD_STRIDE;
    isWhole &&= addLower(list, PROTOCOL, bytes, base, head, row);
  }
  if (!isConnect) {
    const scheme = isHttps ? HTTPS : HTTP;
    isWhole &&= add(list, SCHEME, scheme, 0, scheme.length);
  }
  isWhole &&= addAuthority(head, bytes, base, list);
  if (!isConnect) isWhole &&= addPath(head, bytes, base, list);
  return isWhole && addFields(head, bytes, base, list, asExtendedConnect ? WEBSOCKET_KEY : NOTHING);
}

/** Puts a response's head into `list`; with `isSwitching` a 101 answers an extended CONNECT, and becomes 200. */
export function responseToFields(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  isSwitching: boolean,
  list: FieldList,
): boolean {
  list.reset();
  const isAccepted = isSwitching && head.status === 101;
  const statusStart = base + head.startOffset + STATUS_START;
  const isWhole = isAccepted
    ? add(list, STATUS, OK, 0, OK.length)
    : add(list, STATUS, bytes, statusStart, statusStart + STATUS_DIGITS);
  return isWhole && addFields(head, bytes, base, list, isAccepted ? WEBSOCKET_ACCEPT : NOTHING);
}

/**
 * Puts the trailer section `bytes[start, end)`, field lines that `TrailerScanner` has found right, into `list`; the empty line at its
 * end may be there or not.
 */
export function trailersToFields(bytes: Uint8Array, start: number, end: number, list: FieldList): boolean {
  list.reset();
  let at = start;
  while (at < end && bytes[at] !== Octet.CR) {
    let nameEnd = at;
    while (nameEnd < end && bytes[nameEnd] !== Octet.COLON) nameEnd++;
    let lineEnd = nameEnd;
    while (lineEnd < end && bytes[lineEnd] !== Octet.CR) lineEnd++;
    let valueStart = nameEnd + 1;
    while (valueStart < lineEnd && isBlank(bytes[valueStart])) valueStart++;
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
    if (!addField(list, bytes, at, nameEnd, valueStart, valueEnd)) return false;
    at = lineEnd + 2;
  }
  return true;
}

function addAuthority(head: MessageHead, bytes: Uint8Array, base: number, list: FieldList): boolean {
  if (head.authorityEnd > head.authorityStart) {
    return add(list, AUTHORITY, bytes, base + head.authorityStart, base + head.authorityEnd);
  }
  const index = head.fieldIndexOf(FieldName.HOST);
  if (index < 0) return true;
  const start = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_START];
  const end = base + head.fields[index * FIELD_STRIDE + FieldPart.VALUE_END];
  return start === end || add(list, AUTHORITY, bytes, start, end);
}

function addPath(head: MessageHead, bytes: Uint8Array, base: number, list: FieldList): boolean {
  const start = base + head.pathStart;
  const end = base + head.targetEnd;
  if (start === end && head.targetForm === TargetForm.ABSOLUTE) {
    const path = head.methodId === Method.OPTIONS ? ASTERISK : SLASH;
    return add(list, PATH, path, 0, path.length);
  }
  if (bytes[start] !== Octet.QUESTION) return add(list, PATH, bytes, start, end);
  // A query without a path, in an absolute target: the path is "/" (RFC 9110 section 4.2.3).
  if (!list.hasRoom(PATH.length, end - start + 1)) return false;
  copy(PATH, 0, PATH.length, list.bytes, list.length);
  list.bytes[list.length + PATH.length] = Octet.SLASH;
  copy(bytes, start, end, list.bytes, list.length + PATH.length + 1);
  list.commit(PATH.length, end - start + 1, 0);
  return true;
}

/** Adds every field that goes on; `leftOut` is the name of one more that does not, where the message begins a tunnel. */
function addFields(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  list: FieldList,
  leftOut: Uint8Array,
): boolean {
  const listsOthers = (head.connectionFlags & ConnectionFlag.HAS_OTHER) !== 0;
  for (let index = 0; index < head.fieldCount; index++) {
    const row = index * FIELD_STRIDE;
    const id = head.fields[row + FieldPart.NAME_ID];
    if (isConnectionField(id) || (id === FieldName.HOST && head.isRequest)) continue;
    const nameStart = base + head.fields[row + FieldPart.NAME_START];
    const nameEnd = base + head.fields[row + FieldPart.NAME_END];
    const valueStart = base + head.fields[row + FieldPart.VALUE_START];
    const valueEnd = base + head.fields[row + FieldPart.VALUE_END];
    if (id === FieldName.TE) {
      const isKept = head.isRequest && listHasTrailers(bytes, valueStart, valueEnd);
      if (isKept && !add(list, TE, TRAILERS, 0, TRAILERS.length)) return false;
      continue;
    }
    // A tunnel has no length.
    if (id === FieldName.CONTENT_LENGTH && leftOut.length > 0) continue;
    if (id === FieldName.OTHER) {
      if (isNamed(bytes, nameStart, nameEnd, leftOut) || isNamed(bytes, nameStart, nameEnd, HTTP2_SETTINGS)) {
        continue;
      }
      if (listsOthers && isListed(head, bytes, base, nameStart, nameEnd)) continue;
    }
    if (!addField(list, bytes, nameStart, nameEnd, valueStart, valueEnd)) return false;
  }
  return true;
}

/** Whether a Connection field of the head lists this name. */
function isListed(
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
  nameStart: number,
  nameEnd: number,
): boolean {
  for (let index = 0; index < head.fieldCount; index++) {
    const row = index * FIELD_STRIDE;
    if (head.fields[row + FieldPart.NAME_ID] !== FieldName.CONNECTION) continue;
    const end = base + head.fields[row + FieldPart.VALUE_END];
    let at = skipListSeparators(bytes, base + head.fields[row + FieldPart.VALUE_START], end);
    while (at < end) {
      const elementEnd = nextListElementEnd(bytes, at, end);
      const optionEnd = trimElementEnd(bytes, at, elementEnd);
      if (equalIgnoringCase(bytes, at, optionEnd, bytes, nameStart, nameEnd)) return true;
      at = skipListSeparators(bytes, elementEnd, end);
    }
  }
  return false;
}

function listHasTrailers(bytes: Uint8Array, start: number, end: number): boolean {
  let at = skipListSeparators(bytes, start, end);
  while (at < end) {
    const elementEnd = nextListElementEnd(bytes, at, end);
    if (isNamed(bytes, at, trimElementEnd(bytes, at, elementEnd), TRAILERS)) return true;
    at = skipListSeparators(bytes, elementEnd, end);
  }
  return false;
}

/** Adds a field with a constant name. */
function add(list: FieldList, name: Uint8Array, value: Uint8Array, start: number, end: number): boolean {
  if (!list.hasRoom(name.length, end - start)) return false;
  copy(name, 0, name.length, list.bytes, list.length);
  copy(value, start, end, list.bytes, list.length + name.length);
  list.commit(name.length, end - start, 0);
  return true;
}

/** Adds a field of the head under a constant name, its value in lower case. */
function addLower(
  list: FieldList,
  name: Uint8Array,
  bytes: Uint8Array,
  base: number,
  head: MessageHead,
  row: number,
): boolean {
  const start = base + head.fields[row + FieldPart.VALUE_START];
  const length = base + head.fields[row + FieldPart.VALUE_END] - start;
  if (!list.hasRoom(name.length, length)) return false;
  copy(name, 0, name.length, list.bytes, list.length);
  const at = list.length + name.length;
  for (let i = 0; i < length; i++) list.bytes[at + i] = LOWER_CASE[bytes[start + i]];
  list.commit(name.length, length, 0);
  return true;
}

/** Adds a field as it stands, its name in lower case. */
function addField(
  list: FieldList,
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): boolean {
  const nameLength = nameEnd - nameStart;
  if (!list.hasRoom(nameLength, valueEnd - valueStart)) return false;
  const at = list.length;
  for (let i = 0; i < nameLength; i++) list.bytes[at + i] = LOWER_CASE[bytes[nameStart + i]];
  copy(bytes, valueStart, valueEnd, list.bytes, at + nameLength);
  list.commit(nameLength, valueEnd - valueStart, 0);
  return true;
}

function isNamed(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  return end - start === name.length && equalIgnoringCase(bytes, start, end, name, 0, name.length);
}

function isBlank(octet: number): boolean {
  return (OCTET_CLASS[octet] & OctetClass.BLANK) !== 0;
}

function copy(source: Uint8Array, start: number, end: number, into: Uint8Array, at: number): void {
  for (let i = start; i < end; i++) into[at + i - start] = source[i];
}
