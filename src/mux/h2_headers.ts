/**
 * Header blocks that come on an HTTP/2 connection, to requests and trailers.
 *
 *     block on a stream   new             a request: checked, as HTTP/1 text, and given to its exchange
 *                         open            trailers, with which it ends
 *                         closed          see h2_faults.ts
 *
 * Every block is decoded, whatever becomes of it: the tables of both ends must stay the same.
 *
 * May import: protocol, mux.
 *
 * @module
 */
import { ParseError } from "../protocol/h1/parse_error.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { describeFault, Fault, faultError } from "../protocol/h2/fault.ts";
import { HeaderBlock } from "../protocol/h2/header_block.ts";
import { bodyFault } from "../protocol/h2/message_check.ts";
import { parsePriority, urgencyOf } from "../protocol/h2/priority.ts";
import { StreamEvent, StreamState, StreamVerdict } from "../protocol/h2/stream_state.ts";
import { writeRequestHead, writeTrailers } from "../protocol/h2/to_h1.ts";
import { HpackDecoder } from "../protocol/hpack/decoder.ts";
import { ListPart } from "../protocol/hpack/field_list.ts";
import { describeHpackError, HpackError, isFatalHpackError } from "../protocol/hpack/hpack_error.ts";
import { HeadStatus } from "./h1_end.ts";
import { acceptLateFrame, acceptVerdict, failByFault } from "./h2_faults.ts";
import type { H2Peer } from "./h2_peer.ts";
import type { H2Stream } from "./h2_stream.ts";

/** A header block that comes in several frames. */
const BLOCK_BYTES_MAX = 32_768;
const TABLE_BYTES = 4_096;
const NO_KEY = new Uint8Array(0);

/** See the module's text. */
export class H2Headers {
  readonly #peer: H2Peer;
  readonly #decoder = new HpackDecoder(TABLE_BYTES);
  /** Made for the first block in several frames. */
  #block: HeaderBlock | null = null;
  #blockFault: number = Fault.NONE;
  #isBlockEnd = false;

  constructor(peer: H2Peer) {
    this.#peer = peer;
  }

  /** HEADERS; `fault` is one that the frame has, and that reaches its stream. */
  begin(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    isWhole: boolean,
    isEnd: boolean,
    fault: number,
  ): void {
    this.#isBlockEnd = isEnd;
    this.#blockFault = fault;
    if (isWhole) {
      this.#onBlock(bytes, start, end, streamId);
      return;
    }
    this.#block ??= new HeaderBlock(new Uint8Array(BLOCK_BYTES_MAX));
    this.#block.reset();
    this.#append(bytes, start, end);
  }

  /** CONTINUATION. */
  continue(streamId: number, bytes: Uint8Array, start: number, end: number, isWhole: boolean): void {
    if (start === end) this.#peer.onGlitch();
    this.#append(bytes, start, end);
    if (!isWhole || !this.#peer.isUsable) return;
    const block = this.#block!;
    this.#block = null;
    this.#onBlock(block.bytes, 0, block.length, streamId);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const fault = this.#block!.append(bytes, start, end);
    if (fault !== Fault.NONE) failByFault(this.#peer, fault);
  }

  #onBlock(bytes: Uint8Array, start: number, end: number, streamId: number): void {
    const peer = this.#peer;
    const error = this.#decoder.decode(bytes, start, end, peer.shared.fields);
    if (isFatalHpackError(error)) {
      const code = error === HpackError.EXCESSIVE_LIST
        ? H2Error.ENHANCE_YOUR_CALM
        : H2Error.COMPRESSION_ERROR;
      peer.fail(code, describeHpackError(error));
      return;
    }
    const stream = peer.streams.get(streamId);
    if (stream !== undefined) this.#onTrailers(stream, error);
    else if (streamId > peer.lastStreamId) {
      peer.lastStreamId = streamId;
      if (peer.admits(streamId)) this.#onRequest(streamId, error);
    } else acceptLateFrame(peer, streamId, StreamEvent.RECV_HEADERS);
  }

  /** A request: its head becomes text, and a stream has it. */
  #onRequest(streamId: number, error: number): void {
    const peer = this.#peer;
    const { shared } = peer;
    if (peer.streams.size >= peer.streamMax || !shared.hasOwnMemory) {
      peer.onGlitch();
      peer.sender.writeReset(streamId, H2Error.REFUSED_STREAM);
      peer.closedStreams.add(streamId, StreamState.RESET_BY_US);
      return;
    }
    const { check, fields, text } = shared;
    const isEnd = this.#isBlockEnd;
    const stream = peer.openStream(streamId);
    stream.step(StreamEvent.RECV_HEADERS);
    if (isEnd) {
      stream.step(StreamEvent.RECV_END);
      stream.isComplete = true;
    }
    stream.owner!.onRequestBegin();
    if (error !== HpackError.NONE) {
      stream.owner!.onRequestBad(error === HpackError.TOO_MANY_FIELDS ? ParseError.TOO_MANY_FIELDS : 0);
      return;
    }
    const fault = this.#blockFault !== Fault.NONE
      ? this.#blockFault
      : check.checkRequest(fields, isEnd, false);
    if (fault !== Fault.NONE) {
      stream.refuse(faultError(fault), describeFault(fault));
      return;
    }
    if (check.priorityRow >= 0) {
      const at = fields.fields[check.priorityRow + ListPart.VALUE_START]!;
      const length = fields.fields[check.priorityRow + ListPart.VALUE_LENGTH]!;
      stream.setUrgency(urgencyOf(parsePriority(fields.bytes, at, at + length)));
    }
    stream.contentLength = check.contentLength;
    const length = writeRequestHead(fields, check, isEnd, NO_KEY, text, 0, text.length);
    this.#present(stream, length, !isEnd && check.contentLength < 0);
  }

  #present(stream: H2Stream, length: number, isChunked: boolean): void {
    if (length < 0 || length > stream.headLimitBytes) {
      stream.owner!.onRequestBad(0);
      return;
    }
    stream.putHead(this.#peer.shared.text, length, isChunked);
    const status = stream.readHead();
    if (status === HeadStatus.DONE) stream.owner!.onRequestHead();
    else if (status === HeadStatus.BAD) stream.owner!.onRequestBad(stream.parsedHead.errorCode);
    else stream.owner!.onRequestBad(0);
  }

  #onTrailers(stream: H2Stream, error: number): void {
    const verdict = stream.step(StreamEvent.RECV_HEADERS);
    if (verdict !== StreamVerdict.OK) {
      acceptVerdict(this.#peer, stream.id, verdict);
      return;
    }
    const { check, fields, text } = this.#peer.shared;
    let fault = this.#blockFault;
    if (fault === Fault.NONE) fault = check.checkTrailers(fields, this.#isBlockEnd);
    if (fault === Fault.NONE) fault = bodyFault(stream.contentLength, stream.bodyBytes, true);
    const length = fault === Fault.NONE ? writeTrailers(fields, text, 0, text.length) : -1;
    if (length < 0 || error !== HpackError.NONE) {
      const isTooLarge = fault === Fault.NONE;
      stream.refuse(
        isTooLarge ? H2Error.ENHANCE_YOUR_CALM : faultError(fault),
        isTooLarge ? "trailers too large" : describeFault(fault),
      );
      return;
    }
    stream.step(StreamEvent.RECV_END);
    stream.putEnd(text, length);
    stream.owner?.onRequestData();
  }
}
