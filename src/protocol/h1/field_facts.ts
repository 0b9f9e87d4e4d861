/**
 * What the fields that decide framing, routing and persistence say, noted while a head is parsed (RFC 9112 section 6).
 *
 * Everything that two readers could understand differently is refused here: it is what request smuggling is made of.
 *
 *     field              accepted                                   refused
 *     Content-Length     one field, 1*DIGIT, at most 2^53-1         repeated (even when equal), list, sign, empty
 *     Transfer-Encoding  one field, "chunked", HTTP/1.1             anything else; beside Content-Length
 *     Host (request)     one field, host [ ":" port ] or empty      repeated, userinfo, other characters
 *     Connection         a list of at most 32 options               more
 *     Expect             100-continue                               (other values are forwarded)
 *
 * May import: protocol/http.
 *
 * @module
 */

import { FieldName } from "../http/field_name.ts";
import { nextListElementEnd, skipListSeparators, trimElementEnd } from "../http/list.ts";
import { ConnectionFlag, FieldPart, type MessageHead } from "../http/message_head.ts";
import { asciiBytes, equalIgnoringCase, OCTET_CLASS, OctetClass } from "../http/octet.ts";
import { isAuthority } from "../http/uri.ts";
import { ParseError } from "./parse_error.ts";

/** Options that Connection may list in one head. */
const MAX_CONNECTION_OPTIONS = 32;

const CHUNKED = asciiBytes("chunked");
const CONTINUE = asciiBytes("100-continue");
const H2C = asciiBytes("h2c");
const OPTION_NAMES: readonly Uint8Array[] = ["close", "keep-alive", "upgrade", "te"].map(asciiBytes);
const OPTION_FLAGS: readonly number[] = [
  ConnectionFlag.CLOSE,
  ConnectionFlag.KEEP_ALIVE,
  ConnectionFlag.UPGRADE,
  ConnectionFlag.TE,
];

/** Notes the field whose integers begin at `row` in `head.fields`. Returns false, with the head's error set, to refuse it. */
export function noteField(head: MessageHead, bytes: Uint8Array, base: number, row: number): boolean {
  const start = base + head.fields[row + FieldPart.VALUE_START];
  const end = base + head.fields[row + FieldPart.VALUE_END];
  let code: number = ParseError.NONE;
  switch (head.fields[row + FieldPart.NAME_ID]) {
    case FieldName.HOST:
      code = noteHost(head, bytes, start, end);
      break;
    case FieldName.CONTENT_LENGTH:
      code = noteContentLength(head, bytes, start, end);
      break;
    case FieldName.TRANSFER_ENCODING:
      code = noteTransferEncoding(head, bytes, start, end);
      break;
    case FieldName.CONNECTION:
      code = noteConnection(head, bytes, start, end);
      break;
    case FieldName.EXPECT:
      if (head.isRequest && head.versionMinor === 1 && isText(bytes, start, end, CONTINUE)) {
        head.expectContinue = true;
      }
      break;
    case FieldName.UPGRADE:
      head.hasUpgrade = true;
      if (listHas(bytes, start, end, H2C)) head.upgradesToH2c = true;
      break;
    case FieldName.TE:
      head.hasTe = true;
      break;
  }
  if (code === ParseError.NONE) return true;
  head.fail(code, head.fields[row + FieldPart.NAME_START]);
  return false;
}

function noteHost(head: MessageHead, bytes: Uint8Array, start: number, end: number): number {
  if (!head.isRequest) return ParseError.NONE;
  if (head.hasHost) return ParseError.REPEATED_HOST;
  head.hasHost = true;
  return start === end || isAuthority(bytes, start, end) ? ParseError.NONE : ParseError.BAD_HOST;
}

function noteContentLength(head: MessageHead, bytes: Uint8Array, start: number, end: number): number {
  if (head.contentLength >= 0) return ParseError.REPEATED_CONTENT_LENGTH;
  if (head.isChunked) return ParseError.LENGTH_AND_CODING;
  if (start === end) return ParseError.BAD_CONTENT_LENGTH;
  let length = 0;
  for (let at = start; at < end; at++) {
    if ((OCTET_CLASS[bytes[at]] & OctetClass.DIGIT) === 0) return ParseError.BAD_CONTENT_LENGTH;
    const digit = bytes[at] - 0x30;
    if (length > (Number.MAX_SAFE_INTEGER - digit) / 10) return ParseError.CONTENT_LENGTH_TOO_LARGE;
    length = length * 10 + digit;
  }
  head.contentLength = length;
  return ParseError.NONE;
}

function noteTransferEncoding(head: MessageHead, bytes: Uint8Array, start: number, end: number): number {
  if (head.isChunked) return ParseError.REPEATED_TRANSFER_ENCODING;
  if (head.contentLength >= 0) return ParseError.LENGTH_AND_CODING;
  if (head.versionMinor === 0) return ParseError.CODING_IN_HTTP_1_0;
  if (isText(bytes, start, end, CHUNKED)) {
    head.isChunked = true;
    return ParseError.NONE;
  }
  let tokenEnd = start;
  while (tokenEnd < end && (OCTET_CLASS[bytes[tokenEnd]] & OctetClass.TCHAR) !== 0) tokenEnd++;
  const isOtherCoding = tokenEnd > start && !isText(bytes, start, tokenEnd, CHUNKED);
  return isOtherCoding ? ParseError.UNKNOWN_CODING : ParseError.BAD_TRANSFER_ENCODING;
}

function noteConnection(head: MessageHead, bytes: Uint8Array, start: number, end: number): number {
  let at = skipListSeparators(bytes, start, end);
  while (at < end) {
    const elementEnd = nextListElementEnd(bytes, at, end);
    if (++head.connectionOptionCount > MAX_CONNECTION_OPTIONS) return ParseError.TOO_MANY_CONNECTION_OPTIONS;
    head.connectionFlags |= connectionOptionFlag(bytes, at, trimElementEnd(bytes, at, elementEnd));
    at = skipListSeparators(bytes, elementEnd, end);
  }
  return ParseError.NONE;
}

function connectionOptionFlag(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < OPTION_NAMES.length; i++) {
    if (isText(bytes, start, end, OPTION_NAMES[i])) return OPTION_FLAGS[i];
  }
  return ConnectionFlag.HAS_OTHER;
}

function listHas(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  let at = skipListSeparators(bytes, start, end);
  while (at < end) {
    const elementEnd = nextListElementEnd(bytes, at, end);
    if (isText(bytes, at, trimElementEnd(bytes, at, elementEnd), text)) return true;
    at = skipListSeparators(bytes, elementEnd, end);
  }
  return false;
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  return end - start === text.length && equalIgnoringCase(bytes, start, end, text, 0, text.length);
}
