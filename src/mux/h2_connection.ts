/**
 * The client's end of HTTP/2: a connection with many streams, each an exchange (HAProxy: mux_h2).
 *
 *     OPEN --fault, or all is said--> CLOSING --everything sent--> DRAIN: what still comes is thrown away, until the client closes
 *       \                                                                 or its owner closes the socket
 *        +-- drain: GOAWAY(all), PING -- answer --> GOAWAY(last stream) -- streams end --> CLOSING
 *
 * Its halves: h2_sender.ts, h2_demux.ts. Here are its streams, its life, and the beginning of a frame that is not whole.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Criticality } from "../buffer/criticality.ts";
import { Direction } from "../event/fd_state.ts";
import type { FdHandler } from "../event/fd_table.ts";
import { IoClass } from "../event/io_queue.ts";
import { H2Error } from "../protocol/h2/error_code.ts";
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, Setting, Settings } from "../protocol/h2/settings.ts";
import { StreamState } from "../protocol/h2/stream_state.ts";
import { windowCredit } from "../protocol/h2/window.ts";
import type { ParserPool } from "./h1_end.ts";
import type { H2StreamOwner } from "./h2_carrier.ts";
import { H2ClosedStreams } from "./h2_closed_streams.ts";
import { H2Demux } from "./h2_demux.ts";
import { Glitches } from "./h2_glitches.ts";
import type { H2Peer } from "./h2_peer.ts";
import { H2Sender, type SendingStream } from "./h2_sender.ts";
import { type H2Shared, HEADER_LIST_BYTES, RECEIVE_BYTES } from "./h2_shared.ts";
import { H2Stream } from "./h2_stream.ts";
import { NO_FD, SocketEnd } from "./socket_end.ts";
import type { EndContext } from "./waiting_bytes.ts";

export const H2Phase = { OPEN: 0, CLOSING: 1, DRAIN: 2 } as const;

/** Bytes thrown away in DRAIN at most. */
const DRAIN_BYTES_MAX = 1_024 * 1_024;
const TOO_MANY = "more glitches than --h2-glitches";
const CLOSED = "the client closed the connection";
/** "hadro-go" */
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
  receiveWindow: number = INITIAL_WINDOW_BYTES;
  lastStreamId = 0;
  readonly shared: H2Shared;
  readonly sender: H2Sender;
  readonly streams = new Map<number, H2Stream>();
  readonly closedStreams = new H2ClosedStreams();
  readonly peerSettings = new Settings();
  readonly #glitches: Glitches;
  readonly #limits: H2Limits;
  readonly #owner: H2ConnectionOwner;
  readonly #parsers: ParserPool;
  readonly #demux: H2Demux;
  /** Of a frame that is not whole. */
  #kept: Uint8Array | null = null;
  /** Payload that streams keep. */
  #heldBytes = 0;
  /** Streams above it are not taken any more. */
  #lastTaken = MAX_WINDOW_BYTES;
  #isDraining = false;
  /** Glitches, found while an exchange was at work. */
  #hasTooMany = false;
  #wasInFrame = false;

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
    this.#glitches = new Glitches(limits.glitchMax);
    this.sender = new H2Sender(this, shared, () => owner.onResumeNeeded());
    this.#demux = new H2Demux(this);
  }

  /** Begins on the socket of `end`, whose waiting bytes begin with the preface. */
  begin(end: SocketEnd, ioClass: number): void {
    this.openFrom(end, ioClass);
    this.context.engine.fdTable.setHandler(this.fd, this);
    this.sender.writeSettings([
      Setting.MAX_CONCURRENT_STREAMS,
      this.#limits.streamMax,
      Setting.MAX_HEADER_LIST_SIZE,
      HEADER_LIST_BYTES,
      Setting.NO_RFC7540_PRIORITIES,
      1,
    ]);
    const start = this.base + this.head;
    this.#kept = this.bytes.slice(start, start + this.waitingBytes);
    this.releaseBuffer();
    this.#takeKept();
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
    if (this.sendError !== 0) this.#lose(CLOSED);
  }

  /** hadro stops: no new streams; those there are end in their time. */
  drain(): void {
    if (this.phase !== H2Phase.OPEN || this.#isDraining) return;
    this.#isDraining = true;
    const isSaid = this.streams.size > 0 && this.sender.writeGoaway(MAX_WINDOW_BYTES, H2Error.NO_ERROR) &&
      this.sender.writePing(false, DRAIN_PING, 0);
    if (!isSaid) this.leave();
  }

  /** No stream is taken any more; with the last one the connection ends. */
  leave(): void {
    if (this.phase !== H2Phase.OPEN) return;
    this.#isDraining = true;
    const isNew = this.#lastTaken === MAX_WINDOW_BYTES;
    if (isNew && this.sender.writeGoaway(this.lastStreamId, H2Error.NO_ERROR)) {
      this.#lastTaken = this.lastStreamId;
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

  // What streams and the receiving half ask (H2Peer).

  get stalledCount(): number {
    let count = 0;
    for (const { isStalled } of this.streams.values()) if (isStalled) count++;
    return count;
  }

  onTinyFrame(): void {
    if (!this.#glitches.add(this.context.engine.nowMs)) return;
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

  onClosed(stream: SendingStream & { readonly state: number }): void {
    if (!this.streams.delete(stream.id)) return;
    this.sender.leave(stream);
    this.closedStreams.add(stream.id, stream.state);
    if (stream.state === StreamState.ENDED) this.#glitches.forgive();
    this.#openWindow();
    if (this.phase === H2Phase.CLOSING && this.streams.size === 0) this.sender.wantRun();
    if (!this.isUsable) return;
    if (this.streams.size === 0 && this.#isDraining) this.leave();
    this.#owner.onStreamsChanged();
  }

  admits(streamId: number): boolean {
    return streamId <= this.#lastTaken;
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
    this.sender.writeGoaway(this.lastStreamId, code);
    this.#beginClosing();
    for (const stream of this.streams.values()) stream.onLost();
  }

  onGlitch(): void {
    if (this.#glitches.add(this.context.engine.nowMs)) this.fail(H2Error.ENHANCE_YOUR_CALM, TOO_MANY);
  }

  onSettings(windowDelta: number): void {
    this.sender.limitTable(this.peerSettings.headerTableBytes);
    if (windowDelta !== 0) {
      for (const stream of this.streams.values()) {
        if (stream.growSendWindow(windowDelta)) continue;
        this.fail(H2Error.FLOW_CONTROL_ERROR, "window of a stream outside its limits");
        return;
      }
    }
    this.sender.writeSettingsAck();
  }

  onPing(bytes: Uint8Array, start: number, isAck: boolean): void {
    if (isAck) {
      if (this.#isDraining) this.leave();
      return;
    }
    this.sender.writePing(true, bytes, start);
    this.onGlitch();
  }

  onStreamReset(stream: H2Stream): void {
    this.onGlitch();
    if (this.streams.has(stream.id)) stream.onLost();
  }

  #openWindow(): void {
    if (!this.isUsable) return;
    const credit = windowCredit(INITIAL_WINDOW_BYTES, this.receiveWindow, this.#heldBytes);
    if (credit === 0) return;
    // While buffers are short a connection that keeps some gets no more than it has.
    const isHigh = this.context.engine.fdTable.ioClass(this.fd) <= IoClass.INTERACTIVE;
    const { pool } = this.context.buffers;
    if (this.#heldBytes > 0 && !pool.canTake(Criticality.REQUEST_BODY, isHigh)) return;
    if (this.sender.writeWindowUpdate(0, credit)) this.receiveWindow += credit;
  }

  #beginClosing(): void {
    this.phase = H2Phase.CLOSING;
    this.sender.wantRun();
    this.#owner.onStreamsChanged();
  }

  #onSendable(): void {
    const isDone = this.sender.run();
    if (!this.isOpen) return;
    if (this.sendError !== 0) this.#lose(CLOSED);
    if (!isDone || !this.isOpen) return;
    if (this.#demux.isStopped) this.#takeKept();
    this.#openWindow();
    if (this.phase === H2Phase.CLOSING && this.streams.size === 0 && this.sender.isEmpty) {
      this.#owner.onConnectionOver(false);
    }
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
    }
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
    this.#take(this.#restoreKept());
  }

  /** Takes the frames that lie in the shared memory, and keeps the beginning of one that is not whole. */
  #take(end: number): void {
    const { bytes } = this.shared.received;
    const at = this.#demux.take(bytes, 0, end);
    if (!this.isOpen) return;
    if (at < end) this.#kept = bytes.slice(at, end);
    this.setReceiving(!this.#demux.isStopped);
    if (this.isInFrame === this.#wasInFrame) return;
    this.#wasInFrame = this.isInFrame;
    if (this.isUsable) this.#owner.onStreamsChanged();
  }

  #onReceiveEnd(count: number): void {
    if (count < 0) {
      this.#lose("the client reset the connection");
      return;
    }
    if (this.phase !== H2Phase.OPEN) {
      this.#owner.onConnectionOver(false);
      return;
    }
    // Whole requests are still answered.
    this.failure = CLOSED;
    this.#isDraining = true;
    this.#lastTaken = this.lastStreamId;
    for (const stream of this.streams.values()) if (!stream.isComplete) stream.onLost();
    if (this.isOpen && this.streams.size === 0) this.#owner.onConnectionOver(false);
  }

  #lose(words: string): void {
    this.abandon(words);
    if (this.isOpen) this.#owner.onConnectionOver(true);
  }
}
