/**
 * Reads `tests/fixtures/h2/recorded.md`: what other implementations wrote, and the header lists that their peers read.
 *
 * @module
 */
import { FrameFlag, FrameType } from "../../../src/protocol/h2/frame.ts";
import { FrameScanner, ScanStatus } from "../../../src/protocol/h2/frame_scanner.ts";
import type { Field } from "./fields.ts";
import { hexBytes, joined } from "./fields.ts";

/** One direction of one connection. */
export interface Recording {
  readonly title: string;
  readonly isRequest: boolean;
  readonly tableBytes: number;
  readonly bytes: Uint8Array;
  readonly lists: readonly (readonly Field[])[];
}

/** @throws {Error} for a section without one of its blocks. */
export function readRecordings(markdown: string): Recording[] {
  return markdown.split(/^## /m).slice(1).map((section) => {
    const title = section.slice(0, section.indexOf("\n"));
    const hex = /^```hex\n([\s\S]*?)^```$/m.exec(section)?.[1];
    const lists = /^```lists\n([\s\S]*?)^```$/m.exec(section)?.[1];
    const meta = /<!-- (.*?) -->/.exec(section)?.[1];
    if (hex === undefined || lists === undefined || meta === undefined) {
      throw new Error(`Cannot read recording "${title}": it needs a comment, a hex and a lists block`);
    }
    return {
      title,
      isRequest: meta.includes("kind=request"),
      tableBytes: Number(/table=(\d+)/.exec(meta)?.[1] ?? 4096),
      bytes: hexBytes(hex),
      lists: lists.trim().split("\n\n").map((list) => list.split("\n").map(readField)),
    };
  });
}

/** Returns the header blocks of a recording, in order, taken apart by hadro's scanner as the bytes arrive in pieces of `step`. */
export function headerBlocks(recording: Recording, step: number): Uint8Array[] {
  const scanner = new FrameScanner(recording.isRequest);
  const blocks: Uint8Array[] = [];
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  for (let end = 0; end < recording.bytes.length;) {
    end = Math.min(end + step, recording.bytes.length);
    for (;;) {
      const status = scanner.next(recording.bytes, at, end);
      at = scanner.position;
      if (status === ScanStatus.NEED_MORE) break;
      if (status === ScanStatus.ERROR) throw new Error(`fault ${scanner.fault} at ${at}`);
      const isBlock = scanner.type === FrameType.HEADERS || scanner.type === FrameType.CONTINUATION;
      if (status !== ScanStatus.FRAME || !isBlock) continue;
      block = joined(block, recording.bytes.subarray(scanner.payloadStart, scanner.payloadEnd));
      if ((scanner.flags & FrameFlag.END_HEADERS) === 0) continue;
      blocks.push(block);
      block = new Uint8Array(0);
    }
  }
  if (!scanner.isBetweenFrames) throw new Error("the recording ends inside a frame");
  return blocks;
}

function readField(line: string): Field {
  const colon = line.indexOf(": ", 1);
  if (colon < 0) throw new Error(`Cannot read "${line}": a field is "name: value"`);
  return [unescapeOctets(line.slice(0, colon)), unescapeOctets(line.slice(colon + 2))];
}

function unescapeOctets(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
