/**
 * Runs hadro's frame scanner over bytes and tells what it says, for tests.
 *
 * @module
 */
import { PREFACE } from "../../../src/protocol/h2/preface.ts";
import { FaultReach, faultReach } from "../../../src/protocol/h2/fault.ts";
import { FrameScanner, ScanStatus } from "../../../src/protocol/h2/frame_scanner.ts";
import { frame, hexOf, joined } from "./fields.ts";

/** Empty SETTINGS, with which every connection begins. */
export const SETTINGS: Uint8Array = frame(4, 0, 0, "");

/** What a client's connection begins with. */
export const BEGIN: Uint8Array = joined(PREFACE, SETTINGS);

/** One thing that the scanner said. */
export interface Scanned {
  readonly status: number;
  readonly type: number;
  readonly streamId: number;
  readonly flags: number;
  /** The content, in hexadecimal digits; pieces of one DATA frame are put together. */
  readonly content: string;
  readonly flowBytes: number;
  readonly fault: number;
}

/**
 * Scans bytes that arrive as far as each of `cuts`, and then whole. The bytes that were not consumed are moved to another place in
 * between, as a buffer would. Ends at the first fault that reaches the connection.
 */
export function scan(isServer: boolean, bytes: Uint8Array, cuts: readonly number[] = []): Scanned[] {
  const scanner = new FrameScanner(isServer);
  const seen: Scanned[] = [];
  let consumed = 0;
  let content = "";
  let flowBytes = 0;
  for (const end of [...cuts, bytes.length]) {
    const shift = end % 7;
    const buffer = joined(new Uint8Array(shift).fill(0xee), bytes.subarray(consumed, end));
    let at = shift;
    for (;;) {
      const status = scanner.next(buffer, at, buffer.length);
      if (scanner.position < at || scanner.position > buffer.length) {
        throw new Error("position out of bounds");
      }
      consumed += scanner.position - at;
      at = scanner.position;
      if (status === ScanStatus.NEED_MORE) break;
      if (status === ScanStatus.DATA || status === ScanStatus.FRAME) {
        if (scanner.payloadStart > scanner.payloadEnd || scanner.payloadEnd > buffer.length) {
          throw new Error("payload out of bounds");
        }
        content += hexOf(buffer, scanner.payloadStart, scanner.payloadEnd);
      }
      if (status === ScanStatus.DATA) flowBytes += scanner.flowBytes;
      if (status === ScanStatus.DATA && !scanner.isFrameEnd) continue;
      const { type, streamId, flags } = scanner;
      const fault = status === ScanStatus.ERROR ? scanner.fault : 0;
      seen.push({ status, type, streamId, flags, content, flowBytes, fault });
      content = "";
      flowBytes = 0;
      if (fault !== 0 && faultReach(fault) === FaultReach.CONNECTION) return seen;
    }
  }
  return seen;
}

/** Returns the last fault that a server's scanner finds in frames after the beginning of a connection, 0 for none. */
export function faultOf(...frames: readonly Uint8Array[]): number {
  return scan(true, joined(BEGIN, ...frames)).at(-1)?.fault ?? 0;
}
