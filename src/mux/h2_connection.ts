/**
 * The client's end of HTTP/2: a connection with many streams, each an exchange (HAProxy: mux_h2).
 *
 *     OPEN --fault, or all is said--> CLOSING --everything sent--> DRAIN: what still comes is thrown away, until the client closes
 *       \                                                                 or its owner closes the socket
 *        +-- drain: GOAWAY(all), PING -- answer --> GOAWAY(last stream) -- streams end --> CLOSING
 *
 * A turn of the socket sends what waits, then gives streams their turns (h2_ready_queue.ts), TURNS_MAX of them, each with as much as its
 * response buffer holds. What comes goes to h2_demux.ts; a frame that is not whole is kept here.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import { Criticality } from "../buffer/criticality.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { IoClass } from "../event/io_queue.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, MIN_MAX_FRAME_BYTES } from "../protocol/h2/frame.ts";
import {
  GOAWAY_FRAME_BYTES,
  headersLength,
  PING_FRAME_BYTES,
  WORD_FRAME_BYTES,
  writeFrameHeader,
  writeGoaway,
  writeHeaders,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "../protocol/h2/frame_writer.ts";
import { responseToFields, trailersToFields } from "../protocol/h2/from_h1.ts";
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, Setting, Settings } from "../protocol/h2/settings.ts";
import { StreamState } from "../protocol/h2/stream_state.ts";
import { windowCredit } from "../protocol/h2/window.ts";
import { HpackEncoder } from "../protocol/hpack/encoder.ts";
import type { FieldList } from "../protocol/hpack/field_list.ts";
import type { ParserPool } from "./h1_end.ts";
import { H2ClosedStreams } from "./h2_closed_streams.ts";
import { H2Demux, type H2Peer } from "./h2_demux.ts";
import { Glitches } from "./h2_glitches.ts";
import { FlushResult, H2Output } from "./h2_output.ts";
import { H2ReadyQueue, type Turning } from "./h2_ready_queue.ts";
import { type H2Shared, HEADER_LIST_BYTES, KEPT_BYTES_MAX, RECEIVE_BYTES } from "./h2_shared.ts";
import { H2Stream, type H2StreamOwner } from "./h2_stream.ts";
import { NO_FD, SocketEnd } from "./socket_end.ts";
import type { EndContext } from "./waiting_bytes.ts";

export const H2Phase = { OPEN: 0, CLOSING: 1, DRAIN: 2 } as const;

/** Streams that have their turn in one go. */
const TURNS_MAX = 16;
/** Payload that is copied behind its frame's head, so that small answers go out together. */
const COPY_BYTES_MAX = 2_048;
/** Room that a turn begins with. */
const TURN_BYTES = 64;
const TABLE_BYTES = 4_096;
/** Bytes thrown away in DRAIN at most. */
const DRAIN_BYTES_MAX = 1_024 * 1_024;
const TOO_MANY = "more glitches than --h2-glitches";
const DRAIN_PING = new Uint8Array([0x68, 0x61, 0x64, 0x72, 0x6f, 0x2d, 0x67, 0x6f]);

/** Who owns a connection. */
export interface H2ConnectionOwner {
  /** A stream was opened: who has its exchange? */
  onStreamOpen(stream: H2Stream): H2StreamOwner;
  /** A stream is closed; or a header block was begun, or is whole: other deadlines hold. */
  onStreamsChanged(): void;
  /** Nothing more is to be sent or expected; the socket is the owner's to close. */
  onConnectionOver(isReset: boolean): void;
  /** {@linkcode H2Connection.resume} must be called from elsewhere, soon. */
  onResumeNeeded(): void;
}

export interface H2Limits {
  /** Streams at once: SETTINGS_MAX_CONCURRENT_STREAMS. */
  readonly streamMax: number;
  /** Glitches before the connection is ended; 0: any number. */
  readonly glitchMax: number;
  /** The largest head of a request. */
  readonly headBytesMax: number;
}

/** See the module's text. */
export class H2Connection extends SocketEnd implements FdHandler, H2Peer {
  phase: number = H2Phase.OPEN;
  failure = "";
  sendWindow: number = INITIAL_WINDOW_BYTES;
  receiveWindow: number = INITIAL_WINDOW_BYTES;
  readonly shared: H2Shared;
  readonly streams = new Map<number, H2Stream>();
  readonly closedStreams = new H2ClosedStreams();
  readonly peerSettings = new Settings();
  readonly glitches: Glitches;
  readonly #limits: H2Limits;
  readonly #owner: H2ConnectionOwner;
  readonly #parsers: ParserPool;
  readonly #demux: H2Demux;
  readonly #encoder = new HpackEncoder(TABLE_BYTES);
  readonly #output = new H2Output();
  readonly #ready = new H2ReadyQueue();
  /** Streams that wait for the connection's window. */
  readonly #windowWaiters: H2Stream[] = [];
  #turn: Turning | null = null;
  /** Of a frame that is not whole. */
  #kept: Uint8Array | null = null;
  /** Payload that streams keep. */
  #heldBytes = 0;
  /** Streams above it are not taken any more. */
  #lastTaken = MAX_WINDOW_BYTES;
  #isDraining = false;
  /** Glitches, found while an exchange was at work. */
  #hasTooMany = false;
  #wasInBlock = false;

  constructor(
    context: EndContext,
    parsers: ParserPool,
    shared: H2Shared,
    limits: H2Limits,
    owner: H2ConnectionOwner,
  ) {
    super(context);
    this.#parsers = parsers;
    this.shared = shared;
    this.#limits = limits;
    this.#owner = owner;
    this.glitches = new Glitches(limits.glitchMax);
    this.#demux = new H2Demux(this);
  }

  /** Begins on the socket of `end`, whose waiting bytes begin with the preface. */
  begin(end: SocketEnd, ioClass: number): void {
    this.openFrom(end, ioClass);
    this.context.engine.fdTable.setHandler(this.fd, this);
    const out = this.#output;
    out.tail = writeSettings(out.bytes, out.tail, [
      Setting.MAX_CONCURRENT_STREAMS,
      this.#limits.streamMax,
      Setting.MAX_HEADER_LIST_SIZE,
      HEADER_LIST_BYTES,
      Setting.NO_RFC7540_PRIORITIES,
      1,
    ]);
    this.wantFlush();
    const start = this.base + this.head;
    this.#kept = this.bytes.slice(start, start + this.waitingBytes);
    this.releaseBuffer();
    this.#takeKept();
    if (this.isOpen) this.setReceiving(!this.#demux.isStopped);
  }

  get isOpen(): boolean {
    return this.fd !== NO_FD;
  }

  get isUsable(): boolean {
    return this.phase === H2Phase.OPEN && this.fd !== NO_FD;
  }

  get streamMax(): number {
    return this.#limits.streamMax;
  }

  /** A frame is not whole, or a header block. */
  get isInFrame(): boolean {
    return this.#kept !== null || this.#demux.isInBlock;
  }

  onIo(fd: number, ready: number): void {
    if ((ready & Direction.SEND) !== 0) this.#onSendable();
    const isReceivable = this.fd === fd &&
      (this.context.engine.fdTable.readyDirections(fd) & Direction.RECV) !== 0;
    if (isReceivable) this.#onReceivable();
  }

  /** Does what could not be done in the middle of an exchange: a send failed, or the client did too much without sense. */
  resume(): void {
    if (!this.isOpen) return;
    if (this.#hasTooMany) this.fail(H2Error.ENHANCE_YOUR_CALM, TOO_MANY);
    if (this.sendError !== 0) this.#lose("the client closed the connection", true);
  }

  /** hadro stops: no new streams; those there are end in their time. */
  drain(): void {
    if (this.phase !== H2Phase.OPEN || this.#isDraining) return;
    this.#isDraining = true;
    const isSaid = this.streams.size > 0 && this.#output.hasRoom(GOAWAY_FRAME_BYTES + PING_FRAME_BYTES);
    if (!isSaid) {
      this.leave();
      return;
    }
    const out = this.#output;
    out.tail = writeGoaway(out.bytes, out.tail, MAX_WINDOW_BYTES, H2Error.NO_ERROR);
    out.tail = writePing(out.bytes, out.tail, false, DRAIN_PING, 0);
    this.wantFlush();
  }

  /** No stream is taken any more; with the last one the connection ends. */
  leave(): void {
    if (this.phase !== H2Phase.OPEN) return;
    this.#isDraining = true;
    if (this.#lastTaken === MAX_WINDOW_BYTES && this.#output.hasRoom(GOAWAY_FRAME_BYTES)) {
      this.#lastTaken = this.#demux.lastStreamId;
      this.#writeGoaway(H2Error.NO_ERROR);
    }
    if (this.streams.size === 0) this.#beginClosing();
  }

  /** Throws away what still comes; the owner says for how long. */
  beginDrain(): void {
    this.phase = H2Phase.DRAIN;
    this.receivedBytes = 0;
    this.endSend();
    this.setReceiving(true);
  }

  /** Ends every stream, each in the way of its owner, before the socket is closed. */
  abandon(words: string): void {
    if (this.failure === "") this.failure = words;
    this.phase = H2Phase.DRAIN;
    for (const stream of this.streams.values()) stream.onLost();
  }

  override closeSocket(isReset: boolean): void {
    this.#kept = null;
    super.closeSocket(isReset);
  }

  // What streams ask (H2Carrier).

  mayBegin(stream: H2Stream): boolean {
    return this.#output.payloadLeft === 0 && !this.isSendBlocked && this.#output.hasRoom(TURN_BYTES) &&
      (this.#ready.size === 0 || this.#turn === stream);
  }

  isSending(stream: H2Stream): boolean {
    return this.#output.payloadOwner === stream;
  }

  writeHead(stream: H2Stream, bytes: Uint8Array, start: number, end: number, isEnd: boolean): boolean {
    const { answerParser: parser, answerFields } = this.shared;
    parser.reset();
    parser.parse(bytes, start, end);
    responseToFields(parser, bytes, start, false, answerFields);
    return this.#writeFields(stream, answerFields, isEnd);
  }

  writeTrailers(stream: H2Stream, trailers: Uint8Array): boolean {
    const { answerFields } = this.shared;
    trailersToFields(trailers, 0, trailers.length, answerFields);
    return this.#writeFields(stream, answerFields, true);
  }

  writeEnd(stream: H2Stream): boolean {
    const out = this.#output;
    out.tail = writeFrameHeader(out.bytes, out.tail, 0, FrameType.DATA, FrameFlag.END_STREAM, stream.id);
    this.wantFlush();
    return true;
  }

  sendData(stream: H2Stream, slab: Slab, offset: number, sizeBytes: number, isEnd: boolean): number {
    const out = this.#output;
    const flags = isEnd ? FrameFlag.END_STREAM : 0;
    const isCopied = sizeBytes <= COPY_BYTES_MAX && out.hasRoom(FRAME_HEADER_BYTES + sizeBytes);
    out.tail = writeFrameHeader(out.bytes, out.tail, sizeBytes, FrameType.DATA, flags, stream.id);
    if (isCopied) {
      out.write(slab.bytes, offset, offset + sizeBytes);
      this.wantFlush();
      return sizeBytes;
    }
    out.beginPayload(stream, sizeBytes);
    return this.continueData(slab, offset);
  }

  continueData(slab: Slab, offset: number): number {
    const out = this.#output;
    if (out.flush(this) !== FlushResult.PAYLOAD) {
      this.#noteSendError();
      return 0;
    }
    const count = out.sendPayload(this, slab, offset);
    this.#noteSendError();
    // A whole send ends the wish to send: there may be more that waits for its turn.
    if (this.#ready.size > 0 || this.#demux.isStopped || !out.isEmpty || this.phase !== H2Phase.OPEN) {
      this.wantFlush();
    }
    return Math.max(0, count);
  }

  keepPayload(bytes: Uint8Array, start: number): void {
    this.#output.keepPayload(bytes, start);
    this.wantFlush();
  }

  writeReset(streamId: number, code: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(WORD_FRAME_BYTES)) return false;
    out.tail = writeRstStream(out.bytes, out.tail, streamId, code);
    this.wantFlush();
    return true;
  }

  writeWindowUpdate(streamId: number, increment: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(WORD_FRAME_BYTES)) return false;
    out.tail = writeWindowUpdate(out.bytes, out.tail, streamId, increment);
    this.wantFlush();
    return true;
  }

  await(stream: H2Stream): void {
    this.#ready.add(stream);
    this.wantFlush();
  }

  leaveQueue(stream: H2Stream): void {
    this.#ready.remove(stream);
  }

  awaitWindow(stream: H2Stream): void {
    if (!this.#windowWaiters.includes(stream)) this.#windowWaiters.push(stream);
  }

  /** Told in the middle of an exchange's work: what it leads to comes later. */
  onTinyFrame(): void {
    if (!this.glitches.add(this.context.engine.nowMs)) return;
    this.#hasTooMany = true;
    this.#owner.onResumeNeeded();
  }

  onHeld(count: number): void {
    this.#heldBytes += count;
  }

  onReleased(count: number): void {
    this.#heldBytes -= count;
    this.#openWindow();
  }

  onOwnMemory(sizeBytes: number): void {
    this.shared.ownBytes += sizeBytes;
  }

  onClosed(stream: H2Stream): void {
    if (!this.streams.delete(stream.id)) return;
    this.#ready.remove(stream);
    const waiter = this.#windowWaiters.indexOf(stream);
    if (waiter >= 0) this.#windowWaiters.splice(waiter, 1);
    this.closedStreams.add(stream.id, stream.state);
    if (stream.state === StreamState.ENDED) this.glitches.forgive();
    this.#openWindow();
    if (this.phase === H2Phase.CLOSING && this.streams.size === 0) this.wantFlush();
    if (!this.isUsable) return;
    if (this.streams.size === 0 && this.#isDraining) this.leave();
    this.#owner.onStreamsChanged();
  }

  // What the receiving half asks (H2Peer).

  admits(streamId: number): boolean {
    return streamId <= this.#lastTaken;
  }

  canAnswer(sizeBytes: number): boolean {
    return this.#output.hasRoom(sizeBytes);
  }

  openStream(streamId: number): H2Stream {
    const stream = new H2Stream(
      this.context,
      this.#parsers,
      this,
      streamId,
      this.peerSettings.initialWindowBytes,
    );
    stream.headLimitBytes = this.#limits.headBytesMax;
    this.streams.set(streamId, stream);
    stream.owner = this.#owner.onStreamOpen(stream);
    this.#owner.onStreamsChanged();
    return stream;
  }

  fail(code: number, words: string): void {
    if (!this.isUsable) return;
    this.failure = `HTTP/2: ${words}`;
    this.#writeGoaway(code);
    this.#beginClosing();
    for (const stream of this.streams.values()) stream.onLost();
  }

  onGlitch(): void {
    if (!this.glitches.add(this.context.engine.nowMs)) return;
    this.fail(H2Error.ENHANCE_YOUR_CALM, TOO_MANY);
  }

  onSettings(windowDelta: number): void {
    this.#encoder.limitTable(this.peerSettings.headerTableBytes);
    if (windowDelta !== 0) {
      for (const stream of this.streams.values()) {
        if (stream.growSendWindow(windowDelta)) continue;
        this.fail(H2Error.FLOW_CONTROL_ERROR, "window of a stream outside its limits");
        return;
      }
    }
    const out = this.#output;
    out.tail = writeSettingsAck(out.bytes, out.tail);
    this.wantFlush();
  }

  onPing(bytes: Uint8Array, start: number, isAck: boolean): void {
    if (isAck) {
      if (this.#isDraining) this.leave();
      return;
    }
    const out = this.#output;
    out.tail = writePing(out.bytes, out.tail, true, bytes, start);
    this.wantFlush();
    this.onGlitch();
  }

  onWindowOpened(): void {
    for (const stream of this.#windowWaiters) this.#ready.add(stream);
    this.#windowWaiters.length = 0;
    this.wantFlush();
  }

  onStreamReset(stream: H2Stream): void {
    this.onGlitch();
    if (this.streams.has(stream.id)) stream.onLost();
  }

  /** Something is to be sent: the socket's turn comes. */
  wantFlush(): void {
    if (this.fd !== NO_FD && this.sendError === 0) this.context.engine.fdTable.wantSend(this.fd);
  }

  #writeFields(stream: H2Stream, fields: FieldList, isEnd: boolean): boolean {
    const out = this.#output;
    const { block } = this.shared;
    const blockLength = this.#encoder.encode(fields, block, FRAME_HEADER_BYTES, block.length >> 1) -
      FRAME_HEADER_BYTES;
    const sizeBytes = headersLength(blockLength, MIN_MAX_FRAME_BYTES);
    writeHeaders(block, 0, blockLength, stream.id, isEnd, MIN_MAX_FRAME_BYTES);
    if (out.hasRoom(sizeBytes)) out.write(block, 0, sizeBytes);
    else out.writeLarge(block, 0, sizeBytes);
    this.wantFlush();
    return true;
  }

  #writeGoaway(code: number): void {
    const out = this.#output;
    if (!out.hasRoom(GOAWAY_FRAME_BYTES)) return;
    out.tail = writeGoaway(out.bytes, out.tail, this.#demux.lastStreamId, code);
    this.wantFlush();
  }

  #openWindow(): void {
    if (!this.isUsable) return;
    const credit = windowCredit(INITIAL_WINDOW_BYTES, this.receiveWindow, this.#heldBytes);
    if (credit === 0) return;
    // While buffers are short a connection that keeps some gets no more than it has.
    const { pool } = this.context.buffers;
    if (this.#heldBytes > 0 && !pool.canTake(Criticality.REQUEST_BODY, this.#isHigh)) return;
    if (this.writeWindowUpdate(0, credit)) this.receiveWindow += credit;
  }

  get #isHigh(): boolean {
    return this.context.engine.fdTable.ioClass(this.fd) <= IoClass.INTERACTIVE;
  }

  #beginClosing(): void {
    this.phase = H2Phase.CLOSING;
    this.wantFlush();
    this.#owner.onStreamsChanged();
  }

  /** Sends what waits, gives streams their turns, and sends what they had. */
  #onSendable(): void {
    if (!this.#flush()) return;
    for (let turns = 0; turns < TURNS_MAX && this.#ready.size > 0; turns++) {
      if (!this.#mayGiveTurn) break;
      this.#turn = this.#ready.take();
      this.#turn!.onTurn();
      this.#turn = null;
      if (!this.isOpen) return;
    }
    if (!this.#flush()) return;
    if (this.#ready.size > 0) this.wantFlush();
    if (this.#demux.isStopped) {
      this.#takeKept();
      if (this.isOpen) this.setReceiving(!this.#demux.isStopped);
    }
    this.#openWindow();
    if (this.phase === H2Phase.CLOSING && this.streams.size === 0 && this.#output.isEmpty) {
      this.#owner.onConnectionOver(false);
    }
  }

  get #mayGiveTurn(): boolean {
    return this.#output.payloadLeft === 0 && !this.isSendBlocked && this.#output.hasRoom(TURN_BYTES);
  }

  /** Sends what waits; returns whether all of it was sent and the connection is still there. */
  #flush(): boolean {
    const out = this.#output;
    for (;;) {
      const result = out.flush(this);
      if (this.sendError !== 0) {
        this.#lose("the client closed the connection", true);
        return false;
      }
      if (result === FlushResult.EMPTY) {
        if (this.fd !== NO_FD) this.context.engine.fdTable.stopSend(this.fd);
        return true;
      }
      if (result === FlushResult.BLOCKED) return false;
      const stream = out.payloadOwner as H2Stream;
      stream.onTurn();
      if (!this.isOpen || out.payloadOwner === stream) return false;
    }
  }

  #noteSendError(): void {
    if (this.sendError !== 0) this.#owner.onResumeNeeded();
  }

  #onReceivable(): void {
    const { engine } = this.context;
    const { received } = this.shared;
    const kept = this.phase === H2Phase.OPEN ? this.#restoreKept() : 0;
    const count = engine.recv(this.fd, received, kept, RECEIVE_BYTES);
    if (count <= 0) {
      this.noteReceiveEnd(count);
      if (kept > 0) this.#kept = received.bytes.slice(0, kept);
      if (count !== -Errno.EAGAIN) this.#onReceiveEnd(count);
      return;
    }
    this.noteReceived(count, RECEIVE_BYTES);
    if (this.phase === H2Phase.OPEN) this.#take(kept + count);
    else if (this.phase === H2Phase.DRAIN && this.receivedBytes > DRAIN_BYTES_MAX) {
      this.#owner.onConnectionOver(true);
      return;
    }
    if (this.isOpen && this.#demux.isStopped) this.setReceiving(false);
  }

  /** Puts what was kept to the front of the shared memory; returns its length. */
  #restoreKept(): number {
    if (this.#kept === null) return 0;
    const { length } = this.#kept;
    this.shared.received.bytes.set(this.#kept);
    this.#kept = null;
    return length;
  }

  #takeKept(): void {
    if (this.#kept !== null) this.#take(this.#restoreKept());
  }

  /** Takes the frames that lie in the shared memory, and keeps the beginning of one that is not whole. */
  #take(end: number): void {
    const { bytes } = this.shared.received;
    const at = this.#demux.take(bytes, 0, end);
    if (!this.isOpen) return;
    if (at < end) this.#kept = bytes.slice(at, Math.min(end, at + KEPT_BYTES_MAX));
    if (this.isInFrame !== this.#wasInBlock) {
      this.#wasInBlock = this.isInFrame;
      if (this.isUsable) this.#owner.onStreamsChanged();
    }
  }

  #onReceiveEnd(count: number): void {
    if (count < 0) {
      this.#lose("the client reset the connection", true);
      return;
    }
    if (this.phase !== H2Phase.OPEN) {
      this.#owner.onConnectionOver(false);
      return;
    }
    // Whole requests are still answered.
    this.failure = "the client closed the connection";
    this.#isDraining = true;
    this.#lastTaken = this.#demux.lastStreamId;
    for (const stream of this.streams.values()) if (!stream.isComplete) stream.onLost();
    if (this.isOpen && this.streams.size === 0) this.#owner.onConnectionOver(false);
  }

  #lose(words: string, isReset: boolean): void {
    this.abandon(words);
    if (this.isOpen) this.#owner.onConnectionOver(isReset);
  }
}
