/**
 * The response's way: interim heads pass, the final head is rewritten in place, the body follows it to the client.
 *
 *     head        to the client
 *     1xx         passed on (dropped for HTTP/1.0); another head is awaited
 *     101         passed on, then a tunnel; an error when no upgrade was asked for
 *     final       hop-by-hop fields go; `Connection` says whether the client may stay; the version becomes HTTP/1.1;
 *                 chunked framing is removed for HTTP/1.0
 *
 * May import: base, event, mux, protocol, proxy.
 *
 * @module
 */
import { FrontPhase } from "../mux/h1_front.ts";
import { FULL_CAPACITY } from "../mux/socket_end.ts";
import type { HeadParser } from "../protocol/h1/head_parser.ts";
import { FieldName } from "../protocol/http/field_name.ts";
import { BodyKind, persists, responseFraming } from "../protocol/http/framing.ts";
import { refreshDeadlines } from "./http_request.ts";
import type { HttpStream } from "./http_stream.ts";
import { EndCause, EndPhase } from "./log_record.ts";
import { repeatsAfterStatus } from "./retry/http_retry.ts";
import { StreamStep } from "./stream_step.ts";

/** Interim heads before a final one, at most. */
const INTERIM_MAX = 32;

const LINES = {
  close: new TextEncoder().encode("Connection: close\r\n"),
  keepAlive: new TextEncoder().encode("Connection: keep-alive\r\n"),
  upgrade: new TextEncoder().encode("Connection: upgrade\r\n"),
} as const;
const NO_LINE = new Uint8Array(0);

/** A head from the server is complete. */
export function acceptResponseHead(stream: HttpStream): void {
  const head = stream.back!.parsedHead;
  if (head.status === 101) acceptUpgrade(stream, head);
  else if (head.status < 200) acceptInterim(stream, head);
  else acceptFinal(stream, head);
}

/** Sends what there is of the response; receives more while there is room. */
export function pumpResponse(stream: HttpStream): void {
  const { front } = stream.session;
  const back = stream.back!;
  if (back.isReceiveEnded && !stream.isInterim) back.body.endOfStream();
  // The end of the connection goes out with the end of the answer.
  const isLast = stream.step === StreamStep.DATA && back.body.isDone && !stream.keepsAlive;
  while (back.forwardableBytes > 0 && front.canSend) {
    if (back.forward(front, isLast) < 0 || front.isSendBlocked) break;
  }
  if (front.sendError !== 0) {
    stream.abort(EndCause.CLIENT, EndPhase.DATA, "the client closed while the response was sent", false);
    return;
  }
  if (back.forwardableBytes === 0) {
    if (stream.isInterim) {
      awaitNextHead(stream);
      return;
    }
    if (stream.step === StreamStep.DATA && back.body.isDone) {
      stream.onResponseDone();
      return;
    }
    if (stream.step === StreamStep.DATA && (back.isReceiveEnded || back.receiveError !== 0)) {
      const verb = back.receiveError === 0 ? "closed" : "reset";
      stream.failExchange(
        502,
        EndCause.SERVER,
        EndPhase.DATA,
        `the server ${verb} in the middle of its response`,
      );
      return;
    }
  }
  back.setReceiving(back.hasRoom(FULL_CAPACITY));
  refreshDeadlines(stream);
}

function acceptInterim(stream: HttpStream, head: HeadParser): void {
  const back = stream.back!;
  if (++stream.interimCount > INTERIM_MAX) {
    const why = `the server sent more than ${INTERIM_MAX} interim responses`;
    stream.failExchange(502, EndCause.PROXY, EndPhase.HEADERS, why);
    return;
  }
  if (stream.clientVersionMinor === 0) {
    back.discard(head.headEnd);
    awaitNextHead(stream);
    return;
  }
  if (!rewriteHead(stream, head, false, NO_LINE)) return;
  stream.isInterim = true;
  back.beginForwarding(stream.context.headEdit.newHeadLength, BodyKind.NONE, 0);
  back.setBodyPhase();
  back.releaseParser();
  pumpResponse(stream);
}

function awaitNextHead(stream: HttpStream): void {
  const back = stream.back!;
  stream.isInterim = false;
  back.expectHead();
  if (back.isReceiveEnded || back.receiveError !== 0) {
    stream.onServerEnd();
    return;
  }
  back.setReceiving(true);
  refreshDeadlines(stream);
  back.resumeHead();
}

function acceptUpgrade(stream: HttpStream, head: HeadParser): void {
  if (!stream.asksUpgrade) {
    const why = "the server switched protocols though no upgrade was asked for";
    stream.failExchange(502, EndCause.PROXY, EndPhase.HEADERS, why);
    return;
  }
  noteHead(stream, head);
  if (stream.replay.isKept) stream.replay.release();
  if (!rewriteHead(stream, head, true, LINES.upgrade)) return;
  stream.startTunnel();
}

function acceptFinal(stream: HttpStream, head: HeadParser): void {
  const { front } = stream.session;
  const back = stream.back!;
  noteHead(stream, head);
  if (stream.replay.isKept && repeatsAfterStatus(stream, head.status)) return;
  const kind = responseFraming(head, stream.methodId, head.status);
  const isOldClient = stream.clientVersionMinor === 0;
  back.stripsChunks = kind === BodyKind.CHUNKED && isOldClient;
  stream.serverPersists = persists(head) && kind !== BodyKind.UNTIL_CLOSE;
  stream.keepsAlive = stream.clientPersists && !stream.context.isDraining && !back.stripsChunks &&
    kind !== BodyKind.UNTIL_CLOSE && front.phase === FrontPhase.DONE;
  const contentLength = head.contentLength;
  const line = stream.keepsAlive ? (isOldClient ? LINES.keepAlive : NO_LINE) : LINES.close;
  if (!rewriteHead(stream, head, false, line)) return;
  stream.step = StreamStep.DATA;
  if (!back.beginForwarding(stream.context.headEdit.newHeadLength, kind, contentLength)) {
    stream.onResponseBodyBad(back.body.errorCode);
    return;
  }
  back.setBodyPhase();
  back.releaseParser();
  pumpResponse(stream);
}

function noteHead(stream: HttpStream, head: HeadParser): void {
  stream.responseMs = stream.context.engine.nowMs;
  stream.dispatch.noteAnswer(head.status >= 500);
  stream.record.status = head.status;
  stream.dispatch.server!.observer?.onStatus(head.status);
  stream.record.responseMs = Math.round(stream.responseMs - stream.connectedMs);
}

/** Edits the head in place; on lack of room it fails the exchange and returns false. */
function rewriteHead(stream: HttpStream, head: HeadParser, keepsUpgrade: boolean, line: Uint8Array): boolean {
  const back = stream.back!;
  const { headEdit, headersDown } = stream.context;
  back.makeRewriteRoom();
  const { bytes, messageStart: base } = back;
  headEdit.begin(head);
  headEdit.dropHopByHop(head, bytes, base, keepsUpgrade);
  if (back.stripsChunks) headEdit.dropField(head.fieldIndexOf(FieldName.TRANSFER_ENCODING));
  if (line.length > 0) headEdit.append(line, 0, line.length);
  headersDown.apply(headEdit, head, bytes, base, stream);
  // "HTTP/1.0" becomes our version in place.
  if (head.versionMinor === 0) bytes[base + 7] = 0x31;
  const end = headEdit.apply(bytes, base, head, back.base + back.tail, back.base + FULL_CAPACITY);
  if (end < 0) {
    const why = "the fields that hadro adds do not fit behind the response head";
    stream.failExchange(502, EndCause.PROXY, EndPhase.HEADERS, why);
    return false;
  }
  back.tail = end - back.base;
  stream.record.headBytesOut += headEdit.newHeadLength;
  return true;
}
