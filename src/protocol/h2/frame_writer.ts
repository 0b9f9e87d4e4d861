/**
 * Writes frames into a slab (RFC 9113 section 6). Every function returns the index behind what it wrote; the caller knows that there is
 * room: each says how many bytes it takes.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { FRAME_HEADER_BYTES, FrameFlag, FrameType } from "./frame.ts";
import { SETTING_BYTES } from "./settings.ts";

/** Bytes of RST_STREAM and of WINDOW_UPDATE. */
export const WORD_FRAME_BYTES: number = FRAME_HEADER_BYTES + 4;
/** Bytes of PING. */
export const PING_FRAME_BYTES: number = FRAME_HEADER_BYTES + 8;
/** Bytes of GOAWAY without debug data. */
export const GOAWAY_FRAME_BYTES: number = FRAME_HEADER_BYTES + 8;

/** Writes a frame's header, 9 bytes. `length` is that of the payload, 0 to 2^24-1. */
export function writeFrameHeader(
  into: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  into[at] = length >>> 16;
  into[at + 1] = length >>> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  return writeUint32(into, at + 5, streamId);
}

/** Writes SETTINGS: 9 bytes and 6 for each of the `pairs`, ids and values in turn. */
export function writeSettings(into: Uint8Array, at: number, pairs: readonly number[]): number {
  const length = pairs.length / 2 * SETTING_BYTES;
  let next = writeFrameHeader(into, at, length, FrameType.SETTINGS, 0, 0);
  for (let i = 0; i < pairs.length; i += 2) {
    into[next] = pairs[i] >>> 8;
    into[next + 1] = pairs[i];
    next = writeUint32(into, next + 2, pairs[i + 1]);
  }
  return next;
}

/** Writes the acknowledgement of SETTINGS, 9 bytes. */
export function writeSettingsAck(into: Uint8Array, at: number): number {
  return writeFrameHeader(into, at, 0, FrameType.SETTINGS, FrameFlag.ACK, 0);
}

/** Writes PING or its answer, 17 bytes, with the eight bytes of `source` from `start` on, which may be in `into`. */
export function writePing(
  into: Uint8Array,
  at: number,
  isAck: boolean,
  source: Uint8Array,
  start: number,
): number {
  const next = writeFrameHeader(into, at, 8, FrameType.PING, isAck ? FrameFlag.ACK : 0, 0);
  for (let i = 0; i < 8; i++) into[next + i] = source[start + i];
  return next + 8;
}

/** Writes GOAWAY, 17 bytes: streams above `lastStreamId` have not been and will not be looked at. */
export function writeGoaway(into: Uint8Array, at: number, lastStreamId: number, errorCode: number): number {
  const next = writeFrameHeader(into, at, 8, FrameType.GOAWAY, 0, 0);
  return writeUint32(into, writeUint32(into, next, lastStreamId), errorCode);
}

/** Writes RST_STREAM, 13 bytes. */
export function writeRstStream(into: Uint8Array, at: number, streamId: number, errorCode: number): number {
  return writeUint32(into, writeFrameHeader(into, at, 4, FrameType.RST_STREAM, 0, streamId), errorCode);
}

/** Writes WINDOW_UPDATE, 13 bytes; stream 0 is the connection, `increment` 1 to 2^31-1. */
export function writeWindowUpdate(into: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(into, writeFrameHeader(into, at, 4, FrameType.WINDOW_UPDATE, 0, streamId), increment);
}

/** Returns the bytes that {@linkcode writeHeaders} takes for a block. */
export function headersLength(blockLength: number, maxFrameBytes: number): number {
  return blockLength + FRAME_HEADER_BYTES * Math.max(1, Math.ceil(blockLength / maxFrameBytes));
}

/**
 * Writes HEADERS, and CONTINUATION where the block is longer than a frame may be: {@linkcode headersLength} bytes. The block,
 * `blockLength` bytes, already stands in `into` at index `at + FRAME_HEADER_BYTES`; what belongs to CONTINUATION is moved up.
 */
export function writeHeaders(
  into: Uint8Array,
  at: number,
  blockLength: number,
  streamId: number,
  isEnd: boolean,
  maxFrameBytes: number,
): number {
  const blockStart = at + FRAME_HEADER_BYTES;
  const extraCount = Math.max(1, Math.ceil(blockLength / maxFrameBytes)) - 1;
  for (let i = extraCount; i > 0; i--) {
    const start = i * maxFrameBytes;
    const length = Math.min(maxFrameBytes, blockLength - start);
    const frameAt = at + i * (FRAME_HEADER_BYTES + maxFrameBytes);
    into.copyWithin(frameAt + FRAME_HEADER_BYTES, blockStart + start, blockStart + start + length);
    const flags = i === extraCount ? FrameFlag.END_HEADERS : 0;
    writeFrameHeader(into, frameAt, length, FrameType.CONTINUATION, flags, streamId);
  }
  const flags = (isEnd ? FrameFlag.END_STREAM : 0) | (extraCount === 0 ? FrameFlag.END_HEADERS : 0);
  writeFrameHeader(into, at, Math.min(blockLength, maxFrameBytes), FrameType.HEADERS, flags, streamId);
  return blockStart + blockLength + extraCount * FRAME_HEADER_BYTES;
}

function writeUint32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}
