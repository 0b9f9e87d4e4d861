/**
 * HTTP/2 messages as HTTP/1.1 heads: field lists that `MessageCheck` has found right, written as bytes.
 *
 *     request                                   response
 *     :method SP :path SP HTTP/1.1 CRLF         HTTP/1.1 SP :status SP reason CRLF
 *     host: the authority CRLF                  fields
 *     fields, without host                      content-length: 0, or transfer-encoding: chunked, where HTTP/1 needs them
 *     cookie: crumbs, joined by "; "            CRLF
 *     te: trailers, connection: te
 *     content-length: 0, or transfer-encoding: chunked, where HTTP/1 needs them
 *     CRLF
 *
 * A body whose length nobody announced is chunked; that the stream has ended says there is none. CONNECT with :protocol becomes
 * `GET` with `connection: upgrade` and `upgrade`, and for WebSocket `sec-websocket-key`, which HTTP/2 does not have (RFC 8441
 * section 5): the caller gives one. Its response, 2xx, becomes 101 with lines that the caller gives.
 *
 * Nothing here can add a line of the peer's own: names, values, method, path and authority have no CR, LF, NUL, and the last three no
 * space.
 *
 * May import: protocol/http, protocol/hpack.
 *
 * @module
 */

import { type FieldList, LIST_STRIDE, ListPart } from "../hpack/field_list.ts";
import { FieldName } from "../http/field_name.ts";
import { Method } from "../http/method.ts";
import { asciiBytes, Octet } from "../http/octet.ts";
import { PseudoName } from "../http/pseudo_name.ts";
import { reasonPhrase } from "../http/status.ts";
import { isName, isValue } from "./field_values.ts";
import type { MessageCheck } from "./message_check.ts";

const CRLF = asciiBytes("\r\n");
const REQUEST_LINE_END = asciiBytes(" HTTP/1.1\r\nhost: ");
const GET = asciiBytes("GET");
const STATUS_LINE_START = asciiBytes("HTTP/1.1 ");
const SWITCHING = asciiBytes("101 Switching Protocols\r\n");
const COLON_SPACE = asciiBytes(": ");
const COOKIE = asciiBytes("cookie: ");
const COOKIE_SEPARATOR = asciiBytes("; ");
const TE = asciiBytes("te: trailers\r\nconnection: te\r\n");
const UPGRADE = asciiBytes("connection: upgrade\r\nupgrade: ");
const WEBSOCKET = asciiBytes("websocket");
const WEBSOCKET_KEY_NAME = asciiBytes("sec-websocket-key");
const WEBSOCKET_KEY = asciiBytes("sec-websocket-key: ");
const CHUNKED = asciiBytes("transfer-encoding: chunked\r\n");
const NO_LENGTH = asciiBytes("content-length: 0\r\n");

/** More than all constant texts of a head together, in bytes. */
const CONSTANT_BYTES = 256;

/** Returns how many bytes the head, or the trailers, of a list take at most; `extraBytes` is the length of what the caller adds. */
export function h1LengthMax(list: FieldList, extraBytes: number): number {
  return list.length + list.count * 4 + CONSTANT_BYTES + extraBytes;
}

/**
 * Writes the head of the request in `list`, of which `facts` says that it is right, to `into` from index `at` on. `isEnd`: no body
 * follows. `webSocketKey` is what the head of an extended CONNECT gets, 24 bytes. Returns the index behind the head; -1 when there
 * are less than {@linkcode h1LengthMax} bytes before `limit`.
 */
export function writeRequestHead(
  list: FieldList,
  facts: MessageCheck,
  isEnd: boolean,
  webSocketKey: Uint8Array,
  into: Uint8Array,
  at: number,
  limit: number,
): number {
  if (limit - at < h1LengthMax(list, webSocketKey.length)) return -1;
  const isUpgrade = facts.isExtendedConnect;
  let next = isUpgrade ? put(GET, into, at) : putValue(list, facts.row(PseudoName.METHOD), into, at);
  into[next++] = Octet.SP;
  next = putValue(list, facts.isConnect ? facts.authorityRow : facts.row(PseudoName.PATH), into, next);
  next = put(REQUEST_LINE_END, into, next);
  next = put(CRLF, into, putValue(list, facts.authorityRow, into, next));
  next = putRequestFields(list, isUpgrade, into, next);
  if (facts.cookieCount > 0) next = putCookies(list, into, next);
  if (isUpgrade) {
    next = putUpgrade(list, facts.row(PseudoName.PROTOCOL), webSocketKey, into, next);
  } else {
    if (facts.hasTe) next = put(TE, into, next);
    if (facts.contentLength < 0 && !facts.isConnect) {
      next = putRequestFraming(facts.methodId, isEnd, into, next);
    }
  }
  return put(CRLF, into, next);
}

/**
 * Writes the head of the response in `list`, as {@linkcode writeRequestHead}. `requestMethodId` is the method it answers. With
 * `switchingLines` a 2xx answers an extended CONNECT, and becomes 101: they are whole lines with connection, upgrade and what belongs
 * to them; null otherwise.
 */
export function writeResponseHead(
  list: FieldList,
  facts: MessageCheck,
  isEnd: boolean,
  requestMethodId: number,
  switchingLines: Uint8Array | null,
  into: Uint8Array,
  at: number,
  limit: number,
): number {
  const extraBytes = switchingLines === null ? 0 : switchingLines.length;
  if (limit - at < h1LengthMax(list, extraBytes)) return -1;
  const isSwitching = switchingLines !== null && facts.status >= 200 && facts.status < 300;
  let next = put(STATUS_LINE_START, into, at);
  if (isSwitching) next = put(SWITCHING, into, next);
  else {
    next = putValue(list, facts.row(PseudoName.STATUS), into, next);
    into[next++] = Octet.SP;
    const reason = reasonPhrase(facts.status);
    for (let i = 0; i < reason.length; i++) into[next++] = reason.charCodeAt(i);
    next = put(CRLF, into, next);
  }
  const end = list.count * LIST_STRIDE;
  for (let row = 0; row < end; row += LIST_STRIDE) {
    const nameId = list.fields[row + ListPart.NAME_ID];
    const isLeftOut = nameId >= PseudoName.OTHER || nameId === FieldName.TE ||
      (isSwitching && nameId === FieldName.CONTENT_LENGTH);
    if (!isLeftOut) next = putField(list, row, into, next);
  }
  if (isSwitching) next = put(switchingLines, into, next);
  else if (facts.contentLength < 0 && mayHaveBody(facts.status, requestMethodId)) {
    next = put(isEnd ? NO_LENGTH : CHUNKED, into, next);
  }
  return put(CRLF, into, next);
}

/** Writes a list of trailers as field lines, without the empty line at the end; as {@linkcode writeRequestHead}. */
export function writeTrailers(list: FieldList, into: Uint8Array, at: number, limit: number): number {
  if (limit - at < h1LengthMax(list, 0)) return -1;
  let next = at;
  for (let row = 0; row < list.count * LIST_STRIDE; row += LIST_STRIDE) {
    next = putField(list, row, into, next);
  }
  return next;
}

function mayHaveBody(status: number, requestMethodId: number): boolean {
  return requestMethodId !== Method.HEAD && status >= 200 && status !== 204 && status !== 304;
}

function putRequestFields(list: FieldList, isUpgrade: boolean, into: Uint8Array, at: number): number {
  const end = list.count * LIST_STRIDE;
  let next = at;
  for (let row = 0; row < end; row += LIST_STRIDE) {
    switch (list.fields[row + ListPart.NAME_ID]) {
      case FieldName.HOST:
      case FieldName.COOKIE:
      case FieldName.TE:
        break;
      case FieldName.OTHER:
        if (!isUpgrade || !isName(list, row, WEBSOCKET_KEY_NAME)) next = putField(list, row, into, next);
        break;
      default:
        if (list.fields[row + ListPart.NAME_ID] < PseudoName.OTHER) next = putField(list, row, into, next);
    }
  }
  return next;
}

/** Without a length and without chunks an HTTP/1 request has no body; servers want to be told so where a body is expected. */
function putRequestFraming(methodId: number, isEnd: boolean, into: Uint8Array, at: number): number {
  if (!isEnd) return put(CHUNKED, into, at);
  const expectsBody = methodId === Method.POST || methodId === Method.PUT || methodId === Method.PATCH;
  return expectsBody ? put(NO_LENGTH, into, at) : at;
}

function putCookies(list: FieldList, into: Uint8Array, at: number): number {
  let next = put(COOKIE, into, at);
  let isFirst = true;
  for (let row = 0; row < list.count * LIST_STRIDE; row += LIST_STRIDE) {
    if (list.fields[row + ListPart.NAME_ID] !== FieldName.COOKIE) continue;
    if (!isFirst) next = put(COOKIE_SEPARATOR, into, next);
    isFirst = false;
    next = putValue(list, row, into, next);
  }
  return put(CRLF, into, next);
}

function putUpgrade(
  list: FieldList,
  protocolRow: number,
  webSocketKey: Uint8Array,
  into: Uint8Array,
  at: number,
): number {
  let next = put(UPGRADE, into, at);
  next = put(CRLF, into, putValue(list, protocolRow, into, next));
  if (!isValue(list, protocolRow, WEBSOCKET)) return next;
  return put(CRLF, into, put(webSocketKey, into, put(WEBSOCKET_KEY, into, next)));
}

function putField(list: FieldList, row: number, into: Uint8Array, at: number): number {
  const start = list.fields[row + ListPart.NAME_START];
  const length = list.fields[row + ListPart.NAME_LENGTH];
  for (let i = 0; i < length; i++) into[at + i] = list.bytes[start + i];
  const next = put(COLON_SPACE, into, at + length);
  return put(CRLF, into, putValue(list, row, into, next));
}

function putValue(list: FieldList, row: number, into: Uint8Array, at: number): number {
  const start = list.fields[row + ListPart.VALUE_START];
  const length = list.fields[row + ListPart.VALUE_LENGTH];
  for (let i = 0; i < length; i++) into[at + i] = list.bytes[start + i];
  return at + length;
}

function put(text: Uint8Array, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text[i];
  return at + text.length;
}
