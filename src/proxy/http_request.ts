/**
 * The request's way: its head is read, routed, rewritten in place, and the body follows it to the server.
 *
 * Rewriting (RFC 9110 section 7.6, RFC 9112 section 3.2): hop-by-hop fields go, as do those that Connection lists; X-Forwarded-* are
 * set (incoming ones believed only from `--trust`); an absolute target becomes origin form and its authority the Host; the
 * version becomes ours, HTTP/1.1.
 *
 * May import: base, config, event, net, mux, protocol, proxy.
 *
 * @module
 */
import { FrontPhase } from "../mux/front.ts";
import {
  ConnectionFlag,
  FIELD_STRIDE,
  FieldPart,
  type HeadParser,
  TargetForm,
} from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { persists, requestFraming } from "../protocol/http/framing.ts";
import { Method } from "../protocol/http/method.ts";
import { NEVER_MS } from "../event/task.ts";
import { formatAddress } from "./address_text.ts";
import { noteAcceptEncoding } from "./compress/accepted_coding.ts";
import { admitsRequest } from "./http_admission.ts";
import { routeRequest } from "./http_route.ts";
import type { HttpStream } from "./http_stream.ts";
import { captureRequest } from "./log_capture.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { rewritePath } from "./path_rewrite.ts";
import { keepRequest } from "./retry/http_retry.ts";

const LINES = {
  connectionUpgrade: new TextEncoder().encode("Connection: upgrade\r\n"),
  teTrailers: new TextEncoder().encode("TE: trailers\r\nConnection: TE\r\n"),
  forwardedFor: new TextEncoder().encode("X-Forwarded-For: "),
  forwardedProto: new TextEncoder().encode("X-Forwarded-Proto: http\r\n"),
  forwardedProtoTls: new TextEncoder().encode("X-Forwarded-Proto: https\r\n"),
  forwardedHost: new TextEncoder().encode("X-Forwarded-Host: "),
  host: new TextEncoder().encode("Host: "),
  crlf: new TextEncoder().encode("\r\n"),
} as const;

/** A request's head is complete: looks at it, and finds a backend or an answer for it. */
export function acceptRequestHead(stream: HttpStream): void {
  const { front } = stream.session;
  const head = front.parsedHead;
  stream.methodId = head.methodId;
  stream.clientVersionMinor = head.versionMinor;
  stream.clientPersists = !front.isMultiplexed && persists(head);
  stream.context.uniqueIds?.assign(stream.record);
  if (stream.context.log.enabled) {
    captureRequest(stream.record, head, front.bytes, front.messageStart, front.isMultiplexed);
  }
  const isBodyGood = front.beginForwarding(head.headEnd, requestFraming(head), head.contentLength);
  front.setBodyPhase();
  if (front.phase === FrontPhase.BODY) front.setReceiving(false);
  if (!isBodyGood) {
    stream.onRequestBodyBad(front.body.errorCode);
    return;
  }
  if (admitsRequest(stream)) routeRequest(stream);
}

/** Not connected yet: the body waits where it is, but while the stream is queued as much as fits comes in, and the client's end is seen. */
export function receiveWhileQueued(stream: HttpStream): void {
  const { front } = stream.session;
  const takesMore = front.phase === FrontPhase.DONE || front.hasRoom(front.bodyCapacity);
  front.setReceiving(stream.dispatch.isQueued && takesMore);
}

/** Connected: rewrites the head where it lies and sends it on its way. */
export function forwardRequestHead(stream: HttpStream): void {
  const { front } = stream.session;
  const { retry } = stream.backend!;
  if (retry !== null) keepRequest(stream, retry);
  if (!rewriteRequestHead(stream, front.parsedHead)) {
    const why = "the fields that hadro adds do not fit behind the request head";
    stream.replyError(431, EndCause.PROXY, EndPhase.REQUEST, why);
    return;
  }
  front.releaseParser();
  pumpRequest(stream);
}

/** Sends what there is of the request; receives more while there is room. */
export function pumpRequest(stream: HttpStream): void {
  const { front } = stream.session;
  const back = stream.back!;
  if (stream.isRequestSent) return;
  if (stream.replay.isKept) stream.replay.follow(front, back);
  while (front.forwardableBytes > 0 && back.canSend) {
    if (front.forward(back) < 0 || back.isSendBlocked) break;
  }
  if (front.phase === FrontPhase.DONE) {
    stream.isRequestSent = front.forwardableBytes === 0;
    front.setReceiving(true);
  } else front.setReceiving(back.sendError === 0 && front.hasRoom(front.bodyCapacity));
  refreshDeadlines(stream);
}

/** Sets both deadlines from who is being waited for. */
export function refreshDeadlines(stream: HttpStream): void {
  const { session } = stream;
  const { front } = session;
  const back = stream.back!;
  const nowMs = stream.context.engine.nowMs;
  const isRequestStuck = back.isSendBlocked || back.sendError !== 0;
  const waitsForClient = front.isSendBlocked || (front.phase === FrontPhase.BODY && !isRequestStuck);
  const { timeouts, limits } = session.listener.config;
  const paceMs = limits.minRateBytes === 0
    ? NEVER_MS
    : stream.pace.follow(waitsForClient, front.receivedBytes + front.sentBytes, limits.minRateBytes, nowMs);
  session.setClientDeadline(waitsForClient ? Math.min(nowMs + timeouts.clientMs, paceMs) : NEVER_MS);
  const waitsForServer = isRequestStuck || (stream.isRequestSent && !front.isSendBlocked);
  session.setServerDeadline(waitsForServer ? nowMs + stream.backend!.config.timeouts.serverMs : NEVER_MS);
}

function rewriteRequestHead(stream: HttpStream, head: HeadParser): boolean {
  const { front } = stream.session;
  const { headEdit, headersUp } = stream.context;
  front.makeRewriteRoom();
  hideCookie(stream, head);
  const { bytes, messageStart: base } = front;
  stream.asksUpgrade = head.hasUpgrade && !head.upgradesToH2c && front.phase === FrontPhase.DONE &&
    (head.connectionFlags & ConnectionFlag.UPGRADE) !== 0;
  const keepsTrailers = head.hasTe && listsTrailers(head, bytes, base);
  headEdit.begin(head);
  headEdit.dropHopByHop(head, bytes, base, stream.asksUpgrade);
  if (stream.asksUpgrade) appendLine(stream, LINES.connectionUpgrade);
  else if (keepsTrailers) appendLine(stream, LINES.teTrailers);
  editHost(stream, head, bytes, base);
  editForwarded(stream, head, bytes, base);
  const { compression } = stream.context;
  if (compression !== null) noteAcceptEncoding(stream, compression, head, bytes, base);
  headersUp.apply(headEdit, head, bytes, base, stream);
  // The version is ours. The line keeps its length, so this byte can change in place.
  if (head.versionMinor === 0) bytes[base + head.startLineEnd - 1] = 0x31;
  const { pathRewrite } = stream.backend!;
  if (pathRewrite !== null && !isServerWide(head)) {
    rewritePath(pathRewrite, headEdit, stream.context.scratch, head, bytes, base);
  } else if (head.targetForm === TargetForm.ABSOLUTE) useOriginForm(stream, head, bytes, base);
  const end = headEdit.apply(bytes, base, head, front.base + front.tail, front.base + front.capacityBytes);
  if (end < 0) return false;
  const growth = end - (front.base + front.tail);
  front.tail += growth;
  front.forwardableBytes += growth;
  if (head.startOffset > 0) {
    front.forwardableBytes -= head.startOffset;
    front.discard(head.startOffset);
  }
  return true;
}

/** The server does not see the cookie that is between hadro and the client. */
function hideCookie({ backend, session: { front }, stick }: HttpStream, head: HeadParser): void {
  const sticky = backend!.stick;
  if (sticky === null) return;
  const end = front.base + front.tail;
  const hidden = sticky.hideCookie(stick, head, front.bytes, front.messageStart, end);
  front.tail -= hidden;
  front.forwardableBytes -= hidden;
}

function appendLine(stream: HttpStream, line: Uint8Array): void {
  stream.context.headEdit.append(line, 0, line.length);
}

/** Host: the client's (the authority of an absolute target before the field), the server's, or a fixed name. */
function editHost(stream: HttpStream, head: HeadParser, bytes: Uint8Array, base: number): void {
  const { headEdit } = stream.context;
  const policy = stream.backend!.config.hostPolicy;
  const isAbsolute = head.targetForm === TargetForm.ABSOLUTE;
  if (policy.kind === "client" && head.hasHost && !isAbsolute) return;
  const index = head.fieldIndexOf(FieldName.HOST);
  if (index >= 0) headEdit.dropField(index);
  appendLine(stream, LINES.host);
  if (policy.kind === "client" && isAbsolute) {
    headEdit.append(bytes, base + head.authorityStart, base + head.authorityEnd);
  } else {
    const text = policy.kind === "name" ? policy.name : serverHost(stream);
    appendLine(stream, stream.context.hostBytes(text));
  }
  appendLine(stream, LINES.crlf);
}

/** The server as written by the user, or as its SRV record has it; its address when only a port was written. */
function serverHost(stream: HttpStream): string {
  const { endpoint, template } = stream.dispatch.server!.config;
  if (template !== null && template.kind === "srv") return stream.dispatch.server!.hashName;
  if (endpoint.kind === "unix") return "localhost";
  if (endpoint.host === "") return formatAddress(stream.dispatch.address);
  return formatAddress({ kind: "tcp", host: endpoint.host, port: endpoint.port });
}

function editForwarded(stream: HttpStream, head: HeadParser, bytes: Uint8Array, base: number): void {
  const { headEdit } = stream.context;
  const { client } = stream.session;
  let hasProto = false;
  let hasHost = false;
  for (let i = 0; i < head.fieldCount; i++) {
    const id = head.fields[i * FIELD_STRIDE + FieldPart.NAME_ID]!;
    if (
      id !== FieldName.X_FORWARDED_FOR && id !== FieldName.X_FORWARDED_PROTO &&
      id !== FieldName.X_FORWARDED_HOST
    ) {
      continue;
    }
    if (!client.isTrusted) headEdit.dropField(i);
    else if (id === FieldName.X_FORWARDED_PROTO) hasProto = true;
    else if (id === FieldName.X_FORWARDED_HOST) hasHost = true;
  }
  const { addsForwarded } = stream.context;
  if (addsForwarded.for) {
    appendLine(stream, LINES.forwardedFor);
    headEdit.appendAscii(client.forwardedFor);
    appendLine(stream, LINES.crlf);
  }
  if (!hasProto && addsForwarded.proto) {
    const isEncrypted = stream.session.listener.config.tls !== null;
    appendLine(stream, isEncrypted ? LINES.forwardedProtoTls : LINES.forwardedProto);
  }
  const row = head.fieldIndexOf(FieldName.HOST) * FIELD_STRIDE;
  if (hasHost || row < 0 || !addsForwarded.host) return;
  appendLine(stream, LINES.forwardedHost);
  headEdit.append(
    bytes,
    base + head.fields[row + FieldPart.VALUE_START]!,
    base + head.fields[row + FieldPart.VALUE_END]!,
  );
  appendLine(stream, LINES.crlf);
}

/** `OPTIONS *`, and what a proxy makes it of: a request about the server, not about a path. */
function isServerWide(head: HeadParser): boolean {
  return head.targetForm === TargetForm.ASTERISK ||
    (head.methodId === Method.OPTIONS && head.pathStart === head.targetEnd);
}

/** `GET http://host/path` becomes `GET /path`; `OPTIONS http://host` becomes `OPTIONS *` (RFC 9112 section 3.2.4). */
function useOriginForm(stream: HttpStream, head: HeadParser, bytes: Uint8Array, base: number): void {
  const { headEdit, scratch } = stream.context;
  let at = 0;
  for (let i = head.startOffset; i <= head.methodEnd; i++) scratch[at++] = bytes[base + i]!;
  const pathByte = bytes[base + head.pathStart];
  const hasPath = head.pathStart < head.targetEnd && pathByte === 0x2f;
  if (!hasPath) {
    const isAsterisk = head.methodId === Method.OPTIONS && head.pathStart === head.targetEnd;
    scratch[at++] = isAsterisk ? 0x2a : 0x2f;
  }
  for (let i = head.pathStart; i < head.startLineEnd; i++) scratch[at++] = bytes[base + i]!;
  headEdit.replaceStartLine(scratch, 0, at);
}

function listsTrailers(head: HeadParser, bytes: Uint8Array, base: number): boolean {
  const row = head.fieldIndexOf(FieldName.TE) * FIELD_STRIDE;
  const start = base + head.fields[row + FieldPart.VALUE_START]!;
  const end = base + head.fields[row + FieldPart.VALUE_END]!;
  // "trailers" in any case: the only TE value that is passed on.
  const text = "trailers";
  for (let from = start; from + text.length <= end; from++) {
    let i = 0;
    while (i < text.length && (bytes[from + i]! | 0x20) === text.charCodeAt(i)) i++;
    if (i === text.length) return true;
  }
  return false;
}
