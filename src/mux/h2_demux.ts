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
import { describeFault, Fault, faultError, FaultReach, faultReach } from "../protocol/h2/fault.ts";
import { FrameFlag, FrameType, readUint31 } from "../protocol/h2/frame.ts";
import { FrameScanner, ScanStatus } from "../protocol/h2/frame_scanner.ts";
import { bodyFault } from "../protocol/h2/message_check.ts";
import { parsePriority, urgencyOf } from "../protocol/h2/priority.ts";
import { StreamEvent, StreamVerdict, verdictFault } from "../protocol/h2/stream_state.ts";
import { growWindow, WINDOW_OVERFLOWN } from "../protocol/h2/window.ts";
import { acceptLateFrame, failByFault, refuseStream } from "./h2_faults.ts";
import { H2Headers } from "./h2_headers.ts";
import type { H2Peer } from "./h2_peer.ts";
import type { H2Stream } from "./h2_stream.ts";

/** Room for the answer to any frame: GOAWAY, or RST_STREAM with WINDOW_UPDATE. */
const ANSWER_BYTES = 64;
const NO_TRAILERS = new Uint8Array(0);

/** See the module's text. */
export class H2Demux {
  /** Stopped before a frame for lack of room for its answer. */
  isStopped = false;
  readonly #peer: H2Peer;
  readonly #scanner = new FrameScanner(true);
  readonly #headers: H2Headers;
  #hasSettings = false;

  constructor(peer: H2Peer) {
    this.#peer = peer;
    this.#headers = new H2Headers(peer);
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
      if (!this.#peer.sender.hasRoom(ANSWER_BYTES)) {
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
    if (faultReach(fault) === FaultReach.CONNECTION) failByFault(this.#peer, fault);
    else if (type === FrameType.HEADERS) this.#onFrame(bytes, fault);
    else refuseStream(this.#peer, streamId, fault);
  }

  #onFrame(bytes: Uint8Array, fault: number): void {
    const { type, flags, streamId, payloadStart: start, payloadEnd: end } = this.#scanner;
    switch (type) {
      case FrameType.HEADERS:
        this.#headers.begin(
          streamId,
          bytes,
          start,
          end,
          (flags & FrameFlag.END_HEADERS) !== 0,
          (flags & FrameFlag.END_STREAM) !== 0,
          fault,
        );
        return;
      case FrameType.CONTINUATION:
        this.#headers.continue(streamId, bytes, start, end, (flags & FrameFlag.END_HEADERS) !== 0);
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

  #onData(bytes: Uint8Array): void {
    const peer = this.#peer;
    const { streamId, flags, flowBytes, payloadStart: start, payloadEnd: end, isFrameEnd, length } =
      this.#scanner;
    peer.receiveWindow -= flowBytes;
    if (peer.receiveWindow < 0) {
      failByFault(this.#peer, Fault.WINDOW_OVERFLOW);
      return;
    }
    const isEnd = isFrameEnd && (flags & FrameFlag.END_STREAM) !== 0;
    if (length === 0 && !isEnd) peer.onGlitch();
    const stream = peer.streams.get(streamId);
    if (stream === undefined) {
      if (streamId > peer.lastStreamId) failByFault(this.#peer, Fault.FRAME_FOR_IDLE_STREAM);
      else if (isFrameEnd) acceptLateFrame(peer, streamId, StreamEvent.RECV_DATA);
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
      stream.putEnd(NO_TRAILERS, 0);
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
      if (streamId > peer.lastStreamId) failByFault(this.#peer, Fault.FRAME_FOR_IDLE_STREAM);
      else peer.onGlitch();
      return;
    }
    stream.step(StreamEvent.RECV_RST);
    peer.onStreamReset(stream);
  }

  #onWindowUpdate(streamId: number, increment: number): void {
    const peer = this.#peer;
    if (streamId === 0) {
      const before = peer.sender.sendWindow;
      const grown = growWindow(before, increment);
      if (grown === WINDOW_OVERFLOWN) {
        failByFault(this.#peer, Fault.WINDOW_OVERFLOW);
        return;
      }
      peer.sender.sendWindow = grown;
      if (before <= 0 && grown > 0) peer.sender.onWindowOpened();
      return;
    }
    const stream = peer.streams.get(streamId);
    if (stream === undefined) {
      if (streamId > peer.lastStreamId) failByFault(this.#peer, Fault.FRAME_FOR_IDLE_STREAM);
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
    if (fault !== Fault.NONE) failByFault(this.#peer, fault);
    else peer.onSettings(peer.peerSettings.initialWindowBytes - before);
  }
}
