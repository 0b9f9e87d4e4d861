/**
 * HTTP/2's frames: types, flags, and what a header alone says to be wrong (RFC 9113 sections 4 and 6, RFC 9218 section 7.1).
 *
 *     | length 24 | type 8 | flags 8 | R 1, stream 31 | payload ... |
 *
 *     type             stream     payload, in bytes
 *     DATA             a stream   any                       flags END_STREAM PADDED
 *     HEADERS          a stream   any                       flags END_STREAM END_HEADERS PADDED PRIORITY
 *     PRIORITY         a stream   5, or the stream ends     deprecated
 *     RST_STREAM       a stream   4
 *     SETTINGS         0          6 times n; 0 with ACK     flag ACK
 *     PUSH_PROMISE     -          always refused: hadro says SETTINGS_ENABLE_PUSH 0, and clients never push
 *     PING             0          8                         flag ACK
 *     GOAWAY           0          at least 8
 *     WINDOW_UPDATE    any        4
 *     CONTINUATION     a stream   any                       flag END_HEADERS
 *     PRIORITY_UPDATE  0          at least 4
 *
 * Streams that a server opens do not exist here, so every stream's number is odd.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { Fault } from "./fault.ts";

/** Types of frames; others are skipped (RFC 9113 section 5.5). */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  PRIORITY_UPDATE: 0x10,
} as const;

/** Bits of a frame's flags; one bit means different things in different types. */
export const FrameFlag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** Bytes of a frame's header. */
export const FRAME_HEADER_BYTES = 9;
/** The longest payload that every peer takes, and the least that SETTINGS_MAX_FRAME_SIZE may say. */
export const MIN_MAX_FRAME_BYTES = 0x4000;
/** The most that SETTINGS_MAX_FRAME_SIZE may say. */
export const MAX_MAX_FRAME_BYTES = 0xff_ffff;
/** Bytes of the fields that flag PRIORITY adds to HEADERS, and of a PRIORITY frame. */
export const PRIORITY_BYTES = 5;

/** Whether the type is one that hadro knows. */
export function isKnownFrameType(type: number): boolean {
  return type <= FrameType.CONTINUATION || type === FrameType.PRIORITY_UPDATE;
}

/** Returns the `Fault` that a frame's header alone shows, 0 for none. Limits of length come from the caller. */
export function headerFault(type: number, flags: number, streamId: number, length: number): number {
  switch (type) {
    case FrameType.DATA:
    case FrameType.CONTINUATION:
    case FrameType.HEADERS:
      return streamFault(streamId);
    case FrameType.PRIORITY:
      if (streamId === 0) return Fault.STREAM_ID_MISSING;
      return length === PRIORITY_BYTES ? Fault.NONE : Fault.BAD_PRIORITY_LENGTH;
    case FrameType.RST_STREAM:
      return length === 4 ? streamFault(streamId) : Fault.BAD_FRAME_LENGTH;
    case FrameType.SETTINGS:
      if (streamId !== 0) return Fault.STREAM_ID_UNEXPECTED;
      if ((flags & FrameFlag.ACK) !== 0) return length === 0 ? Fault.NONE : Fault.BAD_FRAME_LENGTH;
      return length % 6 === 0 ? Fault.NONE : Fault.BAD_FRAME_LENGTH;
    case FrameType.PUSH_PROMISE:
      return Fault.PUSH_PROMISE;
    case FrameType.PING:
      return length === 8 ? connectionFault(streamId) : Fault.BAD_FRAME_LENGTH;
    case FrameType.GOAWAY:
      return length >= 8 ? connectionFault(streamId) : Fault.BAD_FRAME_LENGTH;
    case FrameType.WINDOW_UPDATE:
      if (length !== 4) return Fault.BAD_FRAME_LENGTH;
      return streamId === 0 ? Fault.NONE : streamFault(streamId);
    case FrameType.PRIORITY_UPDATE:
      return length >= 4 ? connectionFault(streamId) : Fault.BAD_FRAME_LENGTH;
    default:
      return Fault.NONE;
  }
}

/** Returns the 32-bit number at `at`: 0 to 2^32-1. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x100_0000 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
}

/** Returns the 31-bit number at `at`, without the reserved bit: a stream's number, a window's increment. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return (bytes[at] & 0x7f) << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

function streamFault(streamId: number): number {
  if (streamId === 0) return Fault.STREAM_ID_MISSING;
  return (streamId & 1) === 1 ? Fault.NONE : Fault.STREAM_ID_EVEN;
}

function connectionFault(streamId: number): number {
  return streamId === 0 ? Fault.NONE : Fault.STREAM_ID_UNEXPECTED;
}
