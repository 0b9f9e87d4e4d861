/**
 * A response's way when it is compressed: http_response.ts calls in here where it would send what it has.
 *
 *     request head    accepted_coding.ts
 *     response head   fits the rule: Vary; the client accepts it too, and there is memory: Content-Encoding, chunks, a weak ETag
 *     body            server's buffer → encoder → chunks → client; the rest as without
 *     end             memory goes back, the log is told
 *
 * The server's connection is in the class HEAVY meanwhile, unless it is prio=high: what is not compressed goes first.
 *
 * May import: base, event, mux, protocol, proxy.
 *
 * @module
 */
import { IoClass } from "../../event/io_queue.ts";
import type { H1Back } from "../../mux/h1_back.ts";
import { FULL_CAPACITY } from "../../mux/socket_end.ts";
import { CODING_NAMES, ContentCoding } from "../../protocol/http/accept_encoding.ts";
import { FieldName } from "../../protocol/http/field_name.ts";
import { BodyKind, responseFraming } from "../../protocol/http/framing.ts";
import { FIELD_STRIDE, FieldPart, type MessageHead } from "../../protocol/http/message_head.ts";
import { asciiBytes } from "../../protocol/http/octet.ts";
import { EntityTag, entityTagKind, listHas } from "../../protocol/http/representation.ts";
import { refreshDeadlines } from "../http_request.ts";
import type { HttpStream } from "../http_stream.ts";
import { EndCause, EndPhase } from "../log_record.ts";
import { Behind, type CompressedBody } from "./compressed_body.ts";
import type { Compression } from "./compression.ts";

const VARY = asciiBytes("Vary: Accept-Encoding\r\n");
const CODING_LINES: readonly Uint8Array[] = CODING_NAMES.map((name) =>
  asciiBytes(`Content-Encoding: ${name}\r\nTransfer-Encoding: chunked\r\n`)
);
const WEAK_TAG = asciiBytes("ETag: W/");
const CRLF = asciiBytes("\r\n");
const ACCEPT_ENCODING = asciiBytes("accept-encoding");
const STAR = asciiBytes("*");

/** A final head is being edited: what compression adds and takes, if the response is to be compressed or could have been. */
export function editCompressedHead(
  stream: HttpStream,
  compression: Compression,
  head: MessageHead,
  bytes: Uint8Array,
  base: number,
): void {
  const rule = stream.compressRule;
  if (rule === null || !rule.fits(head, bytes, base)) return;
  const { headEdit } = stream.context;
  if (!variesAlready(head, bytes, base)) headEdit.append(VARY, 0, VARY.length);
  const coding = stream.compressCoding;
  const kind = responseFraming(head, stream.methodId, head.status);
  // To streams of HTTP/2 not yet: what is sent here is chunks.
  const { isMultiplexed } = stream.session.front;
  if (coding === ContentCoding.IDENTITY || kind === BodyKind.NONE || isMultiplexed) return;
  const body = compression.take(rule, coding);
  if (body === null) return;
  stream.compressed = body;
  headEdit.dropId(head, FieldName.CONTENT_LENGTH);
  headEdit.dropId(head, FieldName.TRANSFER_ENCODING);
  headEdit.append(CODING_LINES[coding]!, 0, CODING_LINES[coding]!.length);
  weakenTag(stream, head, bytes, base);
  const back = stream.back!;
  back.seesBody = back.body.keepsTrailers = true;
  back.stripsChunks = kind === BodyKind.CHUNKED;
  if (stream.dispatch.ioClass > IoClass.INTERACTIVE) back.setNormalClass(IoClass.HEAVY);
}

/** Sends and compresses what there is; receives more while there is room. The counterpart of `pumpResponse`. */
export function pumpCompressed(stream: HttpStream, body: CompressedBody): void {
  const { front } = stream.session;
  const back = stream.back!;
  while (sendWaiting(stream, body) && !body.isDone) if (!compressSome(back, body)) break;
  if (front.sendError !== 0) {
    stream.abort(EndCause.CLIENT, EndPhase.DATA, "the client closed while the response was sent", false);
    return;
  }
  if (body.hasFailed) {
    stream.abort(EndCause.INTERNAL, EndPhase.DATA, "the response could not be compressed", true);
    return;
  }
  if (body.isDone && body.waitingBytes === 0) {
    stream.onResponseDone();
    return;
  }
  const hasEnded = back.isReceiveEnded || back.receiveError !== 0;
  if (hasEnded && !back.body.isDone && back.forwardableBytes === 0 && body.waitingBytes === 0) {
    const verb = back.receiveError === 0 ? "closed" : "reset";
    const why = `the server ${verb} in the middle of its response`;
    stream.failExchange(502, EndCause.SERVER, EndPhase.DATA, why);
    return;
  }
  back.setReceiving(back.hasRoom(FULL_CAPACITY));
  refreshDeadlines(stream);
}

/** The exchange with the server is over, one way or the other. */
export function endCompression(stream: HttpStream, body: CompressedBody): void {
  const { record } = stream;
  record.encoding = CODING_NAMES[body.coding]!;
  record.uncompressedBytes = body.takenBytes;
  stream.compressed = null;
  stream.context.compression!.give(body);
}

/** Sends the head, then the chunk that waits; returns whether nothing of them is left. */
function sendWaiting(stream: HttpStream, body: CompressedBody): boolean {
  const { front } = stream.session;
  const back = stream.back!;
  while (body.headBytes > 0) {
    if (!front.canSend) return false;
    // The first chunk comes right behind it where some of the body is here already.
    const count = front.sendFrom(back, body.headBytes, back.forwardableBytes > body.headBytes);
    if (count > 0) {
      body.headBytes -= count;
      back.forwardableBytes -= count;
    }
    if (front.isSendBlocked || front.sendError !== 0) return false;
  }
  // The end of the connection goes out with the end of the answer.
  const isLast = body.isDone && !stream.keepsAlive;
  while (body.waitingBytes > 0) {
    if (!front.canSend) return false;
    const count = front.sendBytes(body.output, body.head, body.waitingBytes, isLast);
    if (count > 0) body.head += count;
    if (body.waitingBytes > 0 && (front.isSendBlocked || front.sendError !== 0)) return false;
  }
  return true;
}

/** Takes of what was received; returns whether it came to something. */
function compressSome(back: H1Back, body: CompressedBody): boolean {
  const hasInput = back.forwardableBytes > 0;
  const isQuiet = !back.isReceiveFull || !back.canReceive;
  const behind = back.body.isDone ? Behind.END : isQuiet ? Behind.QUIET : Behind.MORE;
  const taken = body.feed(
    hasInput ? back.bytes : body.output.bytes,
    hasInput ? back.messageStart : 0,
    back.forwardableBytes,
    behind,
    back.body.trailers,
    back.body.trailerBytes,
  );
  if (taken > 0) {
    back.forwardableBytes -= taken;
    back.discard(taken);
  }
  return !body.hasFailed && (taken > 0 || body.waitingBytes > 0 || body.isDone);
}

function variesAlready(head: MessageHead, bytes: Uint8Array, base: number): boolean {
  for (let index = 0; index < head.fieldCount; index++) {
    const row = index * FIELD_STRIDE;
    if (head.fields[row + FieldPart.NAME_ID] !== FieldName.VARY) continue;
    const start = base + head.fields[row + FieldPart.VALUE_START]!;
    const end = base + head.fields[row + FieldPart.VALUE_END]!;
    if (listHas(bytes, start, end, ACCEPT_ENCODING) || listHas(bytes, start, end, STAR)) return true;
  }
  return false;
}

/** The same content in another coding is not the same, byte for byte (RFC 9110 section 8.8.3.3). */
function weakenTag(stream: HttpStream, head: MessageHead, bytes: Uint8Array, base: number): void {
  const index = head.fieldIndexOf(FieldName.ETAG);
  if (index < 0) return;
  const row = index * FIELD_STRIDE;
  const start = base + head.fields[row + FieldPart.VALUE_START]!;
  const end = base + head.fields[row + FieldPart.VALUE_END]!;
  if (entityTagKind(bytes, start, end) !== EntityTag.STRONG) return;
  const { headEdit } = stream.context;
  headEdit.dropField(index);
  headEdit.append(WEAK_TAG, 0, WEAK_TAG.length);
  headEdit.append(bytes, start, end);
  headEdit.append(CRLF, 0, CRLF.length);
}
