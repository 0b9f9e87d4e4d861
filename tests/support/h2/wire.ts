/** Parts of frames that tests of connections write. @module */
import { FrameType } from "../../../src/protocol/h2/frame.ts";
import { frame, joined } from "./fields.ts";

/** The four bytes of a number. */
export function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** A SETTINGS frame. */
export function settings(pairs: readonly (readonly [number, number])[]): Uint8Array {
  return frame(
    FrameType.SETTINGS,
    0,
    0,
    joined(...pairs.map(([id, value]) => joined(Uint8Array.of(0, id), word(value)))),
  );
}
