/**
 * How long a message's body is, and whether its connection lives on: RFC 9112 sections 6.3 and 9.3 on a parsed head.
 *
 *     response                              body           request                 body
 *     to HEAD, 1xx, 204, 304                NONE           Transfer-Encoding       CHUNKED
 *     101, or 2xx to CONNECT                TUNNEL         Content-Length above 0  LENGTH
 *     Transfer-Encoding: chunked            CHUNKED        neither                 NONE
 *     Content-Length 0 / above 0            NONE / LENGTH
 *     neither                               UNTIL_CLOSE
 *
 * The parser has already refused every head whose framing two readers could understand differently.
 *
 * May import: protocol/http.
 *
 * @module
 */

import { ConnectionFlag, type MessageHead } from "./message_head.ts";
import { Method } from "./method.ts";

/** How a body ends. */
export const BodyKind = {
  /** No byte follows the head. */
  NONE: 0,
  /** `contentLength` bytes follow, at least one. */
  LENGTH: 1,
  CHUNKED: 2,
  UNTIL_CLOSE: 3,
  /** HTTP is over: bytes of another protocol follow in both directions. */
  TUNNEL: 4,
} as const;

/** Returns the {@linkcode BodyKind} of a request. For CONNECT, which hadro refuses, it is that of its head alone. */
export function requestFraming(head: MessageHead): number {
  if (head.isChunked) return BodyKind.CHUNKED;
  return head.contentLength > 0 ? BodyKind.LENGTH : BodyKind.NONE;
}

/** Returns the {@linkcode BodyKind} of a response with `status` to a request with method `requestMethodId`. */
export function responseFraming(head: MessageHead, requestMethodId: number, status: number): number {
  if (status === 101) return BodyKind.TUNNEL;
  if (requestMethodId === Method.HEAD || status < 200 || status === 204 || status === 304) {
    return BodyKind.NONE;
  }
  if (requestMethodId === Method.CONNECT && status < 300) return BodyKind.TUNNEL;
  if (head.isChunked) return BodyKind.CHUNKED;
  if (head.contentLength < 0) return BodyKind.UNTIL_CLOSE;
  return head.contentLength > 0 ? BodyKind.LENGTH : BodyKind.NONE;
}

/** Whether the sender keeps the connection open after this message (RFC 9112 section 9.3); `close` wins over `keep-alive`. */
export function persists(head: MessageHead): boolean {
  if ((head.connectionFlags & ConnectionFlag.CLOSE) !== 0) return false;
  return head.versionMinor === 1 || (head.connectionFlags & ConnectionFlag.KEEP_ALIVE) !== 0;
}
