/** Every frame that is written is what the scanner reads; exact bytes for one of each. @module */
import { describe, expect, it } from "vitest";
import { FrameType } from "../../../../src/protocol/h2/frame.ts";
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
} from "../../../../src/protocol/h2/frame_writer.ts";
import { Setting } from "../../../../src/protocol/h2/settings.ts";
import { hexBytes, hexOf, joined } from "../../../support/h2/fields.ts";
import { BEGIN, scan } from "../../../support/h2/scan.ts";

/** What a writer writes from index 3 on, in hexadecimal digits; nothing around it is touched. */
function written(write: (into: Uint8Array, at: number) => number, length: number): string {
  const into = new Uint8Array(100).fill(0xee);
  expect(write(into, 3)).toBe(3 + length);
  expect(hexOf(into, 0, 3) + hexOf(into, 3 + length)).toBe("ee".repeat(100 - length));
  return hexOf(into, 3, 3 + length);
}

describe("a frame", () => {
  it.each<[string, (into: Uint8Array, at: number) => number, string]>([
    ["header", (b, at) => writeFrameHeader(b, at, 0x123456, 0, 9, 0x7fffffff), "1234560009" + "7fffffff"],
    [
      "SETTINGS",
      (b, at) =>
        writeSettings(b, at, [Setting.MAX_CONCURRENT_STREAMS, 100, Setting.INITIAL_WINDOW_SIZE, 0x7fffffff]),
      "00000c040000000000" + "000300000064" + "00047fffffff",
    ],
    ["SETTINGS with ACK", writeSettingsAck, "000000040100000000"],
    [
      "PING",
      (b, at) => writePing(b, at, false, hexBytes("aa0102030405060708"), 1),
      "000008060000000000" + "0102030405060708",
    ],
    [
      "PING with ACK",
      (b, at) => writePing(b, at, true, new Uint8Array(8), 0),
      "000008060100000000" + "0000000000000000",
    ],
    ["GOAWAY", (b, at) => writeGoaway(b, at, 0x7fffffff, 0xb), "000008070000000000" + "7fffffff0000000b"],
    ["RST_STREAM", (b, at) => writeRstStream(b, at, 5, 8), "000004030000000005" + "00000008"],
    ["WINDOW_UPDATE", (b, at) => writeWindowUpdate(b, at, 5, 65_535), "000004080000000005" + "0000ffff"],
  ])("%s", (_, write, hex) => {
    expect(written(write, hex.length / 2)).toBe(hex);
  });

  it("has the length that its constant says", () => {
    expect([WORD_FRAME_BYTES, PING_FRAME_BYTES, GOAWAY_FRAME_BYTES]).toEqual([13, 17, 17]);
  });
});

describe("HEADERS", () => {
  it.each([0, 1, 9, 10, 11, 20, 21, 95, 100])(
    "with a block of %d bytes, cut where a frame is full",
    (length) => {
      const maxFrameBytes = 10;
      const block = Uint8Array.from({ length }, (_, i) => i + 1);
      const into = new Uint8Array(400).fill(0xee);
      into.set(block, 5 + 9);
      const end = writeHeaders(into, 5, length, 7, true, maxFrameBytes);
      expect(end).toBe(5 + headersLength(length, maxFrameBytes));
      const frames = scan(true, joined(BEGIN, into.subarray(5, end))).slice(1);
      expect(frames.map(({ content }) => content).join("")).toBe(hexOf(block));
      expect(frames.every(({ streamId, content }) => streamId === 7 && content.length <= 20)).toBe(true);
      expect(frames.map(({ type }) => type)).toEqual(
        frames.map((_, i) => i === 0 ? FrameType.HEADERS : FrameType.CONTINUATION),
      );
      expect(frames.map(({ flags }) => flags & 4)).toEqual(
        frames.map((_, i) => i === frames.length - 1 ? 4 : 0),
      );
      expect(frames[0]!.flags & 1).toBe(1);
    },
  );
});
