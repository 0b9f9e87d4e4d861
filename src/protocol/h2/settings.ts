/**
 * SETTINGS (RFC 9113 section 6.5, RFC 8441 section 3, RFC 9218 section 2.1): what one end says about what it takes.
 *
 *     id    setting                  before it is said   allowed
 *     0x1   HEADER_TABLE_SIZE        4,096               any
 *     0x2   ENABLE_PUSH              1                   0, 1; from a server only 0
 *     0x3   MAX_CONCURRENT_STREAMS   no limit            any
 *     0x4   INITIAL_WINDOW_SIZE      65,535              0 to 2^31-1
 *     0x5   MAX_FRAME_SIZE           16,384              2^14 to 2^24-1
 *     0x6   MAX_HEADER_LIST_SIZE     no limit            any
 *     0x8   ENABLE_CONNECT_PROTOCOL  0                   0, 1; never from 1 back to 0
 *     0x9   NO_RFC7540_PRIORITIES    0                   0, 1 (not looked at: hadro never follows RFC 7540's priorities)
 *
 * Unknown settings are ignored. Where one comes twice, the last counts.
 *
 * May import: protocol/h2.
 *
 * @module
 */

import { Fault } from "./fault.ts";
import { MAX_MAX_FRAME_BYTES, MIN_MAX_FRAME_BYTES, readUint32 } from "./frame.ts";

/** Ids of settings. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

/** Bytes of one setting in a frame. */
export const SETTING_BYTES = 6;
/** What a limit is when nobody has set one. */
export const NO_LIMIT = 0xffff_ffff;
/** The flow control window of a stream, and of the connection, before anybody says otherwise. */
export const INITIAL_WINDOW_BYTES = 65_535;
/** The largest that a flow control window may be. */
export const MAX_WINDOW_BYTES = 0x7fff_ffff;

/** The settings of one end, as the other knows them. */
export class Settings {
  headerTableBytes = 4096;
  isPushEnabled = true;
  maxConcurrentStreams: number = NO_LIMIT;
  initialWindowBytes: number = INITIAL_WINDOW_BYTES;
  maxFrameBytes: number = MIN_MAX_FRAME_BYTES;
  /** In bytes, as RFC 9113 section 10.5.1 counts them. */
  maxHeaderListBytes: number = NO_LIMIT;
  isConnectProtocolEnabled = false;

  /**
   * Takes in the payload of a SETTINGS frame without ACK, whose length is a multiple of {@linkcode SETTING_BYTES}. Returns a
   * `Fault`; after one the settings before it in the frame have been taken in. `isFromClient` says which end they are of.
   */
  read(bytes: Uint8Array, start: number, end: number, isFromClient: boolean): number {
    for (let at = start; at + SETTING_BYTES <= end; at += SETTING_BYTES) {
      const fault = this.#take(bytes[at] << 8 | bytes[at + 1], readUint32(bytes, at + 2), isFromClient);
      if (fault !== Fault.NONE) return fault;
    }
    return Fault.NONE;
  }

  #take(id: number, value: number, isFromClient: boolean): number {
    switch (id) {
      case Setting.HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1 || (value === 1 && !isFromClient)) return Fault.BAD_ENABLE_PUSH;
        this.isPushEnabled = value === 1;
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) return Fault.BAD_INITIAL_WINDOW;
        this.initialWindowBytes = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) return Fault.BAD_MAX_FRAME_SIZE;
        this.maxFrameBytes = value;
        break;
      case Setting.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListBytes = value;
        break;
      case Setting.ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (value === 0 && this.isConnectProtocolEnabled)) return Fault.BAD_ENABLE_CONNECT;
        this.isConnectProtocolEnabled = value === 1;
        break;
    }
    return Fault.NONE;
  }
}
