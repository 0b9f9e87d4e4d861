/**
 * The receiving half of an HTTP/2 connection: frames to the streams that they are for (RFC 9113 section 5 to 8).
 *
 *     DATA            its stream, within both windows                  PING, SETTINGS    answered
 *     HEADERS         a new stream: a request; else trailers           WINDOW_UPDATE     windows grow, who waited may send
 *     CONTINUATION    the block before it                              GOAWAY, unknown   passed over
 *     RST_STREAM      its stream is lost                               PRIORITY_UPDATE   its stream's urgency
 *
 * A fault ends the stream or the connection, as protocol/h2/fault.ts says. What is allowed and senseless is counted (h2_glitches.ts).
 *
 * Nothing here waits for memory. Only a client that does not read what it asked for holds it up: before each frame there must be
 * room for an answer.
 *
 * May import: base, protocol, mux.
 *
 * @module
 */
import { ParseError } from "../protocol/h1/parse_error.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { describeFault, Fault, faultError, FaultReach, faultReach } from "../protocol/h2/fault.ts";
import { FrameFlag, FrameType, readUint31 } from "../protocol/h2/frame.ts";
import { FrameScanner, ScanStatus } from "../protocol/h2/frame_scanner.ts";
import { HeaderBlock } from "../protocol/h2/header_block.ts";
import { bodyFault } from "../protocol/h2/message_check.ts";
import { parsePriority, urgencyOf } from "../protocol/h2/priority.ts";
import type { Settings } from "../protocol/h2/settings.ts";
import {
  stepStream,
  StreamEvent,
  StreamState,
  StreamVerdict,
  verdictFault,
  verdictOf,
} from "../protocol/h2/stream_state.ts";
import { writeRequestHead, writeTrailers } from "../protocol/h2/to_h1.ts";
import { growWindow, WINDOW_OVERFLOWN } from "../protocol/h2/window.ts";
import { HpackDecoder } from "../protocol/hpack/decoder.ts";
import { ListPart } from "../protocol/hpack/field_list.ts";
import { describeHpackError, HpackError, isFatalHpackError } from "../protocol/hpack/hpack_error.ts";
import { HeadStatus } from "./h1_end.ts";
import type { H2ClosedStreams } from "./h2_closed_streams.ts";
import type { H2Shared } from "./h2_shared.ts";
import type { H2Carrier, H2Stream } from "./h2_stream.ts";

/** Room for the answer to any frame: GOAWAY, or RST_STREAM with WINDOW_UPDATE. */
const ANSWER_BYTES = 64;
/** A header block that comes in several frames. */
const BLOCK_BYTES_MAX = 32_768;
const TABLE_BYTES = 4_096;
const NO_KEY = new Uint8Array(0);

/** What the receiving half needs of its connection. */
export interface H2Peer extends H2Carrier {
  readonly shared: H2Shared;
  readonly streams: ReadonlyMap<number, H2Stream>;
  readonly closedStreams: H2ClosedStreams;
  readonly peerSettings: Settings;
  /** Streams at once. */
  readonly streamMax: number;
  /** What the client may still send on the connection. */
  receiveWindow: number;
  /** The connection goes on. */
  readonly isUsable: boolean;
  /** Whether a request on this stream is still taken: a GOAWAY may have said otherwise. */
  admits(streamId: number): boolean;
  canAnswer(sizeBytes: number): boolean;
  /** Makes a stream for a request; the owner of the exchange comes with it. */
  openStream(streamId: number): H2Stream;
  /** The connection breaks: GOAWAY. */
  fail(code: number, words: string): void;
  onGlitch(): void;
  onSettings(windowDelta: number): void;
  onPing(bytes: Uint8Array, start: number, isAck: boolean): void;
  onWindowOpened(): void;
  /** The client takes no more of an exchange. */
  onStreamReset(stream: H2Stream): void;
}

/** See the module's text. */
export class H2Demux {
  /** Stopped before a frame for lack of room for its answer. */
  isStopped = false;
  /** The highest stream that the client opened. */
  lastStreamId = 0;
  readonly #peer: H2Peer;
  readonly #scanner = new FrameScanner(true);
  readonly #decoder = new HpackDecoder(TABLE_BYTES);
  /** Made for the first block in several frames. */
  #block: HeaderBlock | null = null;
  #blockFault: number = Fault.NONE;
  #isBlockEnd = false;
  #hasSettings = false;

  constructor(peer: H2Peer) {
    this.#peer = peer;
  }

  /** A header block was begun and is not whole. */
  get isInBlock(): boolean {
    return this.#scanner.isInBlock;
  }

  /** Takes frames out of `bytes[start, end)`; returns where the first one begins that must wait. */
  take(bytes: Uint8Array, start: number, end: number): number {
    const scanner = this.#scanner;
    let at = start;
    this.isStopped = false;
    while (this.#peer.isUsable) {
      if (!this.#peer.canAnswer(ANSWER_BYTES)) {
        this.isStopped = true;
        return at;
      }
      const status = scanner.next(bytes, at, end);
      at = scanner.position;
      if (status === ScanStatus.NEED_MORE) return at;
      if (status === ScanStatus.DATA) this.#onData(bytes);
      else if (status === ScanStatus.FRAME) this.#onFrame(bytes, Fault.NONE);
      else if (status === ScanStatus.ERROR) this.#onScanFault(bytes);
      else this.#peer.onGlitch();
    }
    return end;
  }

  #onScanFault(bytes: Uint8Array): void {
    const { fault, type, streamId } = this.#scanner;
    if (faultReach(fault) === FaultReach.CONNECTION) this.#fail(fault);
    else if (type === FrameType.HEADERS) this.#onFrame(bytes, fault);
    else this.#refuseStream(streamId, fault);
  }

  #fail(fault: number): void {
    this.#peer.fail(faultError(fault), describeFault(fault));
  }

  /** A fault that reaches a stream: it is reset, where it is one. */
  #refuseStream(streamId: number, fault: number): void {
    const stream = this.#peer.streams.get(streamId);
    if (stream !== undefined) stream.refuse(faultError(fault), describeFault(fault));
    else if (streamId > this.lastStreamId) this.#fail(Fault.FRAME_FOR_IDLE_STREAM);
    else {
      this.#peer.onGlitch();
      this.#peer.writeReset(streamId, faultError(fault));
    }
  }

  #onFrame(bytes: Uint8Array, fault: number): void {
    const { type, flags, streamId, payloadStart: start, payloadEnd: end } = this.#scanner;
    switch (type) {
      case FrameType.HEADERS:
        this.#isBlockEnd = (flags & FrameFlag.END_STREAM) !== 0;
        this.#blockFault = fault;
        if ((flags & FrameFlag.END_HEADERS) !== 0) this.#onBlock(bytes, start, end, streamId);
        else {
          this.#block ??= new HeaderBlock(new Uint8Array(BLOCK_BYTES_MAX));
          this.#block.reset();
          this.#appendBlock(bytes, start, end);
        }
        return;
      case FrameType.CONTINUATION:
        if (start === end) this.#peer.onGlitch();
        this.#appendBlock(bytes, start, end);
        if ((flags & FrameFlag.END_HEADERS) === 0 || !this.#peer.isUsable) return;
        this.#onBlock(this.#block!.bytes, 0, this.#block!.length, streamId);
        this.#block = null;
        return;
      case FrameType.RST_STREAM:
        this.#onReset(streamId);
        return;
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(streamId, readUint31(bytes, start));
        return;
      case FrameType.SETTINGS:
        if ((flags & FrameFlag.ACK) === 0) this.#onSettings(bytes, start, end);
        return;
      case FrameType.PING:
        this.#peer.onPing(bytes, start, (flags & FrameFlag.ACK) !== 0);
        return;
      case FrameType.PRIORITY_UPDATE:
        this.#peer.onGlitch();
        this.#peer.streams.get(readUint31(bytes, start))?.setUrgency(
          urgencyOf(parsePriority(bytes, start + 4, end)),
        );
        return;
      case FrameType.PRIORITY:
        this.#peer.onGlitch();
        return;
      default:
        return;
    }
  }

  #appendBlock(bytes: Uint8Array, start: number, end: number): void {
    const fault = this.#block!.append(bytes, start, end);
    if (fault !== Fault.NONE) this.#fail(fault);
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
    else if (streamId > this.lastStreamId) {
      this.lastStreamId = streamId;
      if (peer.admits(streamId)) this.#onRequest(streamId, error);
    } else this.#onClosedStream(streamId, StreamEvent.RECV_HEADERS);
  }

  /** A request: its head becomes text, and a stream has it. */
  #onRequest(streamId: number, error: number): void {
    const peer = this.#peer;
    const { shared } = peer;
    if (peer.streams.size >= peer.streamMax || (!shared.hasOwnMemory)) {
      peer.onGlitch();
      peer.writeReset(streamId, H2Error.REFUSED_STREAM);
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
      this.#onVerdict(stream.id, verdict);
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

  #onData(bytes: Uint8Array): void {
    const peer = this.#peer;
    const { streamId, flags, flowBytes, payloadStart: start, payloadEnd: end, isFrameEnd, length } =
      this.#scanner;
    peer.receiveWindow -= flowBytes;
    if (peer.receiveWindow < 0) {
      this.#fail(Fault.WINDOW_OVERFLOW);
      return;
    }
    const isEnd = isFrameEnd && (flags & FrameFlag.END_STREAM) !== 0;
    if (length === 0 && !isEnd) peer.onGlitch();
    const stream = peer.streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.lastStreamId) this.#fail(Fault.FRAME_FOR_IDLE_STREAM);
      else if (isFrameEnd) this.#onClosedStream(streamId, StreamEvent.RECV_DATA);
      peer.onReleased(0);
      return;
    }
    const fault = this.#dataFault(stream, flowBytes, end - start, isEnd);
    if (fault !== Fault.NONE) {
      stream.refuse(faultError(fault), describeFault(fault));
      return;
    }
    if (end > start) {
      if (stream.owner === null) stream.passBody(end - start);
      else stream.putBody(bytes, start, end);
    }
    if (isEnd) {
      stream.step(StreamEvent.RECV_END);
      stream.putEnd(NO_KEY, 0);
    }
    if (stream.owner !== null && (end > start || isEnd)) stream.owner.onRequestData();
    peer.onReleased(0);
  }

  /** Takes a piece of DATA into account. */
  #dataFault(stream: H2Stream, flowBytes: number, count: number, isEnd: boolean): number {
    const verdict = stream.step(StreamEvent.RECV_DATA);
    if (verdict !== StreamVerdict.OK) return verdictFault(verdict);
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) return Fault.STREAM_WINDOW_OVERFLOW;
    return bodyFault(stream.contentLength, stream.bodyBytes + count, isEnd);
  }

  #onReset(streamId: number): void {
    const peer = this.#peer;
    const stream = peer.streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.lastStreamId) this.#fail(Fault.FRAME_FOR_IDLE_STREAM);
      else peer.onGlitch();
      return;
    }
    stream.step(StreamEvent.RECV_RST);
    peer.onStreamReset(stream);
  }

  #onWindowUpdate(streamId: number, increment: number): void {
    const peer = this.#peer;
    if (streamId === 0) {
      const before = peer.sendWindow;
      const grown = growWindow(before, increment);
      if (grown === WINDOW_OVERFLOWN) {
        this.#fail(Fault.WINDOW_OVERFLOW);
        return;
      }
      peer.sendWindow = grown;
      if (before <= 0 && grown > 0) peer.onWindowOpened();
      return;
    }
    const stream = peer.streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.lastStreamId) this.#fail(Fault.FRAME_FOR_IDLE_STREAM);
      return;
    }
    if (!stream.growSendWindow(increment)) {
      stream.refuse(
        faultError(Fault.STREAM_WINDOW_OVERFLOW),
        describeFault(Fault.STREAM_WINDOW_OVERFLOW),
      );
    }
  }

  #onSettings(bytes: Uint8Array, start: number, end: number): void {
    const peer = this.#peer;
    if (this.#hasSettings) peer.onGlitch();
    this.#hasSettings = true;
    if (!peer.isUsable) return;
    const before = peer.peerSettings.initialWindowBytes;
    const fault = peer.peerSettings.read(bytes, start, end, true);
    if (fault !== Fault.NONE) this.#fail(fault);
    else peer.onSettings(peer.peerSettings.initialWindowBytes - before);
  }

  /** A frame for a stream that is not any more: perhaps on its way when we closed it. */
  #onClosedStream(streamId: number, event: number): void {
    const verdict = verdictOf(stepStream(this.#peer.closedStreams.stateOf(streamId), event));
    this.#peer.onGlitch();
    this.#onVerdict(streamId, verdict);
  }

  #onVerdict(streamId: number, verdict: number): void {
    const fault = verdictFault(verdict);
    if (fault === Fault.NONE || !this.#peer.isUsable) return;
    if (faultReach(fault) === FaultReach.CONNECTION) this.#fail(fault);
    else this.#refuseStream(streamId, fault);
  }
}
