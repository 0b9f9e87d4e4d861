/**
 * The sending half of an HTTP/2 connection: what streams and the connection have to say, in turn.
 *
 *     a stream begins a frame when   nothing waits before it, no payload is half sent, the socket takes bytes, and it is its turn
 *     its turn is                    at once while no other stream waits; else in the order of h2_ready_queue.ts
 *
 * One run of the socket sends what waits, then gives TURNS_MAX streams their turns, each with as much as its response buffer holds, then
 * sends what they had.
 *
 * May import: base, event, protocol, mux.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";
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
import { INITIAL_WINDOW_BYTES } from "../protocol/h2/settings.ts";
import { HpackEncoder } from "../protocol/hpack/encoder.ts";
import type { FieldList } from "../protocol/hpack/field_list.ts";
import { FlushResult, H2Output } from "./h2_output.ts";
import { H2ReadyQueue, type Turning } from "./h2_ready_queue.ts";
import type { H2Shared } from "./h2_shared.ts";
import { NO_FD, type SocketEnd } from "./socket_end.ts";

/** Streams that have their turn in one go. */
const TURNS_MAX = 16;
/** Payload that is copied behind its frame's head, so that small answers go out together. */
const COPY_BYTES_MAX = 2_048;
/** Room that a turn begins with. */
const TURN_BYTES = 64;
const TABLE_BYTES = 4_096;
const CR = 0x0d;
const LF = 0x0a;

/** A stream, as its connection sends of it. */
export interface SendingStream extends Turning {
  readonly id: number;
}

/** See the module's text. */
export class H2Sender {
  /** What may still be sent on the connection, in bytes. */
  sendWindow: number = INITIAL_WINDOW_BYTES;
  readonly #end: SocketEnd;
  readonly #shared: H2Shared;
  readonly #encoder = new HpackEncoder(TABLE_BYTES);
  readonly #output = new H2Output();
  readonly #ready = new H2ReadyQueue();
  /** Streams that wait for the connection's window. */
  readonly #windowWaiters: SendingStream[] = [];
  readonly #onSendError: () => void;
  #turn: Turning | null = null;

  /** @param onSendError Told, in the middle of whatever goes on, that a send failed. */
  constructor(end: SocketEnd, shared: H2Shared, onSendError: () => void) {
    this.#end = end;
    this.#shared = shared;
    this.#onSendError = onSendError;
  }

  /** Whether everything was sent. */
  get isEmpty(): boolean {
    return this.#output.isEmpty;
  }

  /** Whether so much may be written as an answer. */
  hasRoom(sizeBytes: number): boolean {
    return this.#output.hasRoom(sizeBytes);
  }

  /** Sends what waits and gives turns; returns whether all of that was done, and the connection is still there. */
  run(): boolean {
    if (!this.#flush()) return false;
    for (let turns = 0; turns < TURNS_MAX && this.#ready.size > 0 && this.#isFree; turns++) {
      this.#turn = this.#ready.take();
      this.#turn!.onTurn();
      this.#turn = null;
      if (this.#end.fd === NO_FD) return false;
    }
    if (!this.#flush()) return false;
    if (this.#ready.size > 0) this.wantRun();
    return true;
  }

  /** Something is to be sent, or done when all is sent: the socket's turn comes. */
  wantRun(): void {
    const { fd, sendError, context } = this.#end;
    if (fd !== NO_FD && sendError === 0) context.engine.fdTable.wantSend(fd);
  }

  /** Whether the stream may begin a frame now. */
  mayBegin(stream: SendingStream): boolean {
    return this.#isFree && (this.#ready.size === 0 || this.#turn === stream);
  }

  /** Whether the payload of this stream is half sent. */
  isSending(stream: SendingStream): boolean {
    return this.#output.payloadOwner === stream;
  }

  /** Waits for its turn. */
  await(stream: SendingStream): void {
    this.#ready.add(stream);
    this.wantRun();
  }

  /** Waits for the connection's window. */
  awaitWindow(stream: SendingStream): void {
    if (!this.#windowWaiters.includes(stream)) this.#windowWaiters.push(stream);
  }

  /** The connection's window was empty, and is not any more. */
  onWindowOpened(): void {
    for (const stream of this.#windowWaiters) this.#ready.add(stream);
    this.#windowWaiters.length = 0;
    this.wantRun();
  }

  /** Waits for nothing any more; returns whether it waited for its turn. */
  leave(stream: SendingStream): boolean {
    const wasReady = stream.isReady;
    this.#ready.remove(stream);
    const waiter = this.#windowWaiters.indexOf(stream);
    if (waiter >= 0) this.#windowWaiters.splice(waiter, 1);
    return wasReady;
  }

  /** The client's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(sizeBytes: number): void {
    this.#encoder.limitTable(sizeBytes);
  }

  /** Writes the head of a response that lies, whole, in `bytes[start, end)`; after {@linkcode H2Sender.mayBegin}. */
  writeHead(stream: SendingStream, bytes: Uint8Array, start: number, end: number, isEnd: boolean): void {
    const { answerParser: parser, answerFields } = this.#shared;
    parser.reset();
    parser.parse(bytes, start, end);
    responseToFields(parser, bytes, start, false, answerFields);
    this.#writeFields(stream, answerFields, isEnd);
  }

  /** Writes trailers, whole lines, as the end of the stream; after {@linkcode H2Sender.mayBegin}. */
  writeTrailers(stream: SendingStream, trailers: Uint8Array): void {
    const { answerFields } = this.#shared;
    trailersToFields(trailers, 0, trailers.length, answerFields);
    this.#writeFields(stream, answerFields, true);
  }

  /** Writes an empty DATA as the end of the stream; after {@linkcode H2Sender.mayBegin}. */
  writeEnd(stream: SendingStream): void {
    const out = this.#output;
    out.tail = writeFrameHeader(out.bytes, out.tail, 0, FrameType.DATA, FrameFlag.END_STREAM, stream.id);
    this.wantRun();
  }

  /**
   * Begins DATA with `sizeBytes` of payload at `offset` of `slab`, after {@linkcode H2Sender.mayBegin}; returns how many of them were
   * taken. The rest must stay where it is.
   */
  sendData(stream: SendingStream, slab: Slab, offset: number, sizeBytes: number, isEnd: boolean): number {
    const out = this.#output;
    const flags = isEnd ? FrameFlag.END_STREAM : 0;
    const isCopied = sizeBytes <= COPY_BYTES_MAX && out.hasRoom(FRAME_HEADER_BYTES + sizeBytes);
    out.tail = writeFrameHeader(out.bytes, out.tail, sizeBytes, FrameType.DATA, flags, stream.id);
    if (isCopied) {
      out.write(slab.bytes, offset, offset + sizeBytes);
      this.wantRun();
      return sizeBytes;
    }
    out.beginPayload(stream, sizeBytes);
    return this.continueData(slab, offset);
  }

  /** Sends on of a payload that was begun; returns how many bytes were taken. */
  continueData(slab: Slab, offset: number): number {
    const out = this.#output;
    const end = this.#end;
    const isNext = out.flush(end) === FlushResult.PAYLOAD;
    const count = isNext ? out.sendPayload(end, slab, offset) : 0;
    if (end.sendError !== 0) this.#onSendError();
    // A whole send ends the wish to send, and others may wait for theirs.
    else if (!end.isSendBlocked) this.wantRun();
    return Math.max(0, count);
  }

  /** The stream of the payload that is half sent goes: the rest, at `start` in `bytes`, is kept. */
  keepPayload(bytes: Uint8Array, start: number): void {
    this.#output.keepPayload(bytes, start);
    this.wantRun();
  }

  /** As all that follow: false, and nothing written, when there is no room. */
  writeReset(streamId: number, code: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(WORD_FRAME_BYTES)) return false;
    out.tail = writeRstStream(out.bytes, out.tail, streamId, code);
    this.wantRun();
    return true;
  }

  writeWindowUpdate(streamId: number, increment: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(WORD_FRAME_BYTES)) return false;
    out.tail = writeWindowUpdate(out.bytes, out.tail, streamId, increment);
    this.wantRun();
    return true;
  }

  writeGoaway(lastStreamId: number, code: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(GOAWAY_FRAME_BYTES)) return false;
    out.tail = writeGoaway(out.bytes, out.tail, lastStreamId, code);
    this.wantRun();
    return true;
  }

  writePing(isAck: boolean, source: Uint8Array, start: number): boolean {
    const out = this.#output;
    if (!out.hasRoom(PING_FRAME_BYTES)) return false;
    out.tail = writePing(out.bytes, out.tail, isAck, source, start);
    this.wantRun();
    return true;
  }

  /** Ours, at the beginning: ids and values in turn. */
  writeSettings(pairs: readonly number[]): void {
    const out = this.#output;
    out.tail = writeSettings(out.bytes, out.tail, pairs);
    this.wantRun();
  }

  writeSettingsAck(): boolean {
    const out = this.#output;
    if (!out.hasRoom(FRAME_HEADER_BYTES)) return false;
    out.tail = writeSettingsAck(out.bytes, out.tail);
    this.wantRun();
    return true;
  }

  get #isFree(): boolean {
    return this.#output.payloadLeft === 0 && !this.#end.isSendBlocked && this.#output.hasRoom(TURN_BYTES);
  }

  /** The table that the client keeps changes with each block, so what is encoded is also sent. */
  #writeFields(stream: SendingStream, fields: FieldList, isEnd: boolean): void {
    const out = this.#output;
    const { block } = this.#shared;
    const blockLength = this.#encoder.encode(fields, block, FRAME_HEADER_BYTES, block.length >> 1) -
      FRAME_HEADER_BYTES;
    const sizeBytes = headersLength(blockLength, MIN_MAX_FRAME_BYTES);
    writeHeaders(block, 0, blockLength, stream.id, isEnd, MIN_MAX_FRAME_BYTES);
    if (out.hasRoom(sizeBytes)) out.write(block, 0, sizeBytes);
    else out.writeLarge(block, 0, sizeBytes);
    this.wantRun();
  }

  /** Sends what waits; returns whether all of it was sent and the connection is still there. */
  #flush(): boolean {
    const out = this.#output;
    const end = this.#end;
    for (;;) {
      const result = out.flush(end);
      if (end.sendError !== 0) return false;
      if (result === FlushResult.BLOCKED) return false;
      if (result === FlushResult.EMPTY) {
        end.context.engine.fdTable.stopSend(end.fd);
        return true;
      }
      const stream = out.payloadOwner as SendingStream;
      stream.onTurn();
      if (end.fd === NO_FD || out.payloadOwner === stream) return false;
    }
  }
}

/** The length of the head that `bytes[start, start + size)` begins with: hadro's own, so it is whole. */
export function headLength(bytes: Uint8Array, start: number, size: number): number {
  const end = start + size;
  for (let at = start; at + 4 <= end; at++) {
    const isEnd = bytes[at] === CR && bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF;
    if (isEnd) return at + 4 - start;
  }
  return size;
}
