/**
 * Bytes of a connection to frames: where each begins and ends, and whether it may stand there (RFC 9113 sections 3.4, 4 and 6).
 *
 *     state     waits for                         then
 *     PREFACE   24 bytes, servers only            HEADER
 *     HEADER    9 bytes                           HEADER, DATA, PAYLOAD, SKIP
 *     DATA      the pad length, then any bytes    a DATA status for each piece that came, HEADER after the last
 *     PAYLOAD   the whole payload                 a FRAME status, HEADER
 *     SKIP      any bytes                         a SKIPPED status, HEADER
 *     FAILED    -                                 ERROR
 *
 * DATA passes in pieces, so a body is forwarded while it comes. Every other frame is given whole, in the caller's buffer: a buffer of
 * `FRAME_HEADER_BYTES + maxFrameBytes` bytes always gets there. Frames of unknown types need no room.
 *
 * The scanner keeps the rules that need no knowledge of streams: the first frame is SETTINGS, CONTINUATION follows HEADERS with nothing
 * in between, what a header and the fixed parts of a payload must say. After a fault that reaches a stream only, `next` goes on behind
 * the frame, and the caller ends the stream.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { Fault, FaultReach, faultReach } from "./fault.ts";
import {
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  headerFault,
  isKnownFrameType,
  MIN_MAX_FRAME_BYTES,
  PRIORITY_BYTES,
  readUint31,
} from "./frame.ts";
import { matchPreface, PREFACE, PrefaceMatch } from "./preface.ts";

/** What {@linkcode FrameScanner.next} returns. */
export const ScanStatus = {
  /** Come again with more bytes behind `position`. */
  NEED_MORE: 0,
  /** A whole frame other than DATA: its content is `payloadStart` to `payloadEnd`. */
  FRAME: 1,
  /** A piece of a DATA frame, maybe of no byte: `payloadStart` to `payloadEnd`. */
  DATA: 2,
  /** A frame of an unknown type has passed. */
  SKIPPED: 3,
  /** `fault` says what; when it reaches the connection, `next` says so for ever. */
  ERROR: -1,
} as const;

const State = { PREFACE: 0, HEADER: 1, DATA: 2, PAYLOAD: 3, SKIP: 4, FAILED: 5 } as const;

/** Scans one direction of one connection. */
export class FrameScanner {
  /** The longest payload: what our SETTINGS_MAX_FRAME_SIZE says, 16,384 unless the caller changes it. */
  maxFrameBytes: number = MIN_MAX_FRAME_BYTES;

  /** Index of the first byte that `next` has not consumed. */
  position = 0;
  /** A `Fault`, after ERROR. */
  fault: number = Fault.NONE;

  // The frame that the last status was about.
  type = 0;
  flags = 0;
  streamId = 0;
  /** Bytes of the payload on the wire, padding included. */
  length = 0;
  /** The content: without pad length, priority fields and padding. */
  payloadStart = 0;
  payloadEnd = 0;
  /** After DATA: bytes of flow control that this piece took (pad length and padding count); over the frame they are `length`. */
  flowBytes = 0;
  /** After DATA: the frame ends with this piece, so its END_STREAM counts. */
  isFrameEnd = false;

  #state: number;
  #isFirst = true;
  readonly #isServer: boolean;
  /** The stream whose CONTINUATION must come next, 0 for none. */
  #blockStreamId = 0;
  /** Bytes of the payload that have not passed; in DATA, those of padding among them, -1 before the pad length is known. */
  #remaining = 0;
  #padding = 0;

  /** `isServer`: the peer is a client and sends the preface. */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
    this.#state = isServer ? State.PREFACE : State.HEADER;
  }

  /** A header block has begun and not ended: the peer owes CONTINUATION. */
  get isInBlock(): boolean {
    return this.#blockStreamId !== 0;
  }

  /** Whether the peer may end the connection here: not inside a frame, a header block or the preface. */
  get isBetweenFrames(): boolean {
    return this.#state === State.HEADER && this.#blockStreamId === 0;
  }

  /**
   * Scans `bytes[start, end)`, where `start` is the first byte that the last call did not consume (bytes may have been moved). Returns
   * a {@linkcode ScanStatus}; call it again from `position` until it says NEED_MORE. Cost: bytes of DATA are not looked at.
   */
  next(bytes: Uint8Array, start: number, end: number): number {
    this.position = start;
    if (this.#state === State.PREFACE) {
      const match = matchPreface(bytes, start, end);
      if (match === PrefaceMatch.NO) return this.#fail(Fault.BAD_PREFACE);
      if (match === PrefaceMatch.PARTLY) return ScanStatus.NEED_MORE;
      this.position = start + PREFACE.length;
      this.#state = State.HEADER;
    }
    if (this.#state === State.HEADER) {
      if (end - this.position < FRAME_HEADER_BYTES) return ScanStatus.NEED_MORE;
      const fault = this.#header(bytes, this.position);
      if (fault !== Fault.NONE) return this.#refuse(fault);
    }
    switch (this.#state) {
      case State.DATA:
        return this.#data(bytes, end);
      case State.PAYLOAD:
        return this.#payload(bytes, end);
      case State.SKIP:
        return this.#skip(end);
      default:
        return ScanStatus.ERROR;
    }
  }

  /** Reads a frame's header and decides what to do with its payload. Returns a fault. */
  #header(bytes: Uint8Array, at: number): number {
    this.length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    this.type = bytes[at + 3];
    this.flags = bytes[at + 4];
    this.streamId = readUint31(bytes, at + 5);
    this.position = at + FRAME_HEADER_BYTES;
    this.#remaining = this.length;
    this.payloadStart = this.payloadEnd = this.position;
    this.isFrameEnd = false;

    if (this.#isFirst) {
      const isSettings = this.type === FrameType.SETTINGS && (this.flags & FrameFlag.ACK) === 0;
      if (!isSettings) return Fault.FIRST_FRAME_NOT_SETTINGS;
      this.#isFirst = false;
    }
    const isContinuation = this.type === FrameType.CONTINUATION;
    if (this.#blockStreamId !== 0) {
      if (!isContinuation || this.streamId !== this.#blockStreamId) return Fault.CONTINUATION_MISSING;
    } else if (isContinuation) return Fault.CONTINUATION_UNEXPECTED;
    if (this.length > this.maxFrameBytes) return Fault.FRAME_TOO_LARGE;
    const fault = headerFault(this.type, this.flags, this.streamId, this.length);
    if (fault !== Fault.NONE) return fault;
    if (this.type === FrameType.PRIORITY_UPDATE && !this.#isServer) return Fault.UNEXPECTED_PRIORITY_UPDATE;
    this.#enter();
    return Fault.NONE;
  }

  #enter(): void {
    if (this.type === FrameType.DATA) {
      this.#state = State.DATA;
      this.#padding = (this.flags & FrameFlag.PADDED) !== 0 ? -1 : 0;
    } else this.#state = isKnownFrameType(this.type) ? State.PAYLOAD : State.SKIP;
    const isBlock = this.type === FrameType.HEADERS || this.type === FrameType.CONTINUATION;
    if (isBlock) this.#blockStreamId = (this.flags & FrameFlag.END_HEADERS) !== 0 ? 0 : this.streamId;
  }

  /** Gives the next piece of a DATA frame, as much as came. */
  #data(bytes: Uint8Array, end: number): number {
    let at = this.position;
    this.flowBytes = 0;
    if (this.#padding < 0) {
      if (this.#remaining === 0) return this.#fail(Fault.BAD_FRAME_LENGTH);
      if (at === end) return ScanStatus.NEED_MORE;
      this.#padding = bytes[at++];
      this.#remaining--;
      this.flowBytes = 1;
      if (this.#padding > this.#remaining) return this.#fail(Fault.BAD_PADDING);
    } else if (at === end && this.#remaining > 0) return ScanStatus.NEED_MORE;
    const count = Math.min(end - at, this.#remaining);
    const dataCount = Math.min(count, this.#remaining - this.#padding);
    this.payloadStart = at;
    this.payloadEnd = at + dataCount;
    this.#padding -= count - dataCount;
    this.#remaining -= count;
    this.flowBytes += count;
    this.position = at + count;
    this.isFrameEnd = this.#remaining === 0;
    if (this.isFrameEnd) this.#state = State.HEADER;
    return ScanStatus.DATA;
  }

  /** Gives a whole frame. */
  #payload(bytes: Uint8Array, end: number): number {
    const start = this.position;
    if (end - start < this.length) return ScanStatus.NEED_MORE;
    this.#state = State.HEADER;
    this.#remaining = 0;
    this.payloadStart = start;
    this.payloadEnd = this.position = start + this.length;
    const fault = this.type === FrameType.HEADERS ? this.#headers(bytes) : this.#payloadFault(bytes, start);
    return fault === Fault.NONE ? ScanStatus.FRAME : this.#refuse(fault);
  }

  /** Takes padding and priority off HEADERS. Returns a fault. */
  #headers(bytes: Uint8Array): number {
    const isPadded = (this.flags & FrameFlag.PADDED) !== 0;
    const hasPriority = (this.flags & FrameFlag.PRIORITY) !== 0;
    const fixedBytes = (isPadded ? 1 : 0) + (hasPriority ? PRIORITY_BYTES : 0);
    if (this.length < fixedBytes) return Fault.BAD_FRAME_LENGTH;
    const padding = isPadded ? bytes[this.payloadStart] : 0;
    if (padding > this.length - fixedBytes) return Fault.BAD_PADDING;
    const priorityAt = this.payloadStart + (isPadded ? 1 : 0);
    this.payloadStart += fixedBytes;
    this.payloadEnd -= padding;
    return hasPriority && readUint31(bytes, priorityAt) === this.streamId
      ? Fault.DEPENDS_ON_ITSELF
      : Fault.NONE;
  }

  #payloadFault(bytes: Uint8Array, at: number): number {
    switch (this.type) {
      case FrameType.PRIORITY:
        return readUint31(bytes, at) === this.streamId ? Fault.DEPENDS_ON_ITSELF : Fault.NONE;
      case FrameType.WINDOW_UPDATE:
        if (readUint31(bytes, at) !== 0) return Fault.NONE;
        return this.streamId === 0 ? Fault.ZERO_INCREMENT : Fault.ZERO_STREAM_INCREMENT;
      case FrameType.PRIORITY_UPDATE:
        return readUint31(bytes, at) === 0 ? Fault.PRIORITY_UPDATE_OF_ZERO : Fault.NONE;
      default:
        return Fault.NONE;
    }
  }

  #skip(end: number): number {
    const count = Math.min(end - this.position, this.#remaining);
    this.position += count;
    this.#remaining -= count;
    if (this.#remaining > 0) return ScanStatus.NEED_MORE;
    this.#state = State.HEADER;
    return ScanStatus.SKIPPED;
  }

  /** Notes a fault and, when it reaches a stream only, goes on behind the frame. */
  #refuse(fault: number): number {
    if (faultReach(fault) === FaultReach.CONNECTION) return this.#fail(fault);
    this.fault = fault;
    // A frame refused for its header alone has not passed yet.
    this.#state = this.#remaining > 0 ? State.SKIP : State.HEADER;
    return ScanStatus.ERROR;
  }

  #fail(fault: number): number {
    this.fault = fault;
    this.#state = State.FAILED;
    return ScanStatus.ERROR;
  }
}
