/** Header blocks in pieces: put together, and bounded in bytes and in frames. @module */
import { describe, expect, it } from "vitest";
import { Fault } from "../../../../src/protocol/h2/fault.ts";
import { HeaderBlock, MAX_CONTINUATIONS } from "../../../../src/protocol/h2/header_block.ts";
import { hexBytes, hexOf } from "../../../support/h2/fields.ts";

describe("a header block", () => {
  it("is the bytes of its fragments", () => {
    const block = new HeaderBlock(new Uint8Array(8));
    for (let round = 0; round < 2; round++) {
      block.reset();
      expect(block.append(hexBytes("0102030405"), 1, 4)).toBe(0);
      expect(block.append(hexBytes(""), 0, 0)).toBe(0);
      expect(block.append(hexBytes("0607080910"), 0, 5)).toBe(0);
      expect(hexOf(block.bytes, 0, block.length)).toBe("0203040607080910");
      expect(block.append(hexBytes("11"), 0, 1)).toBe(Fault.BLOCK_TOO_LARGE);
    }
  });

  it("has no more frames than a peer needs: empty ones are a flood", () => {
    const block = new HeaderBlock(new Uint8Array(8));
    block.reset();
    for (let i = 0; i <= MAX_CONTINUATIONS; i++) expect(block.append(hexBytes(""), 0, 0)).toBe(0);
    expect(block.append(hexBytes(""), 0, 0)).toBe(Fault.TOO_MANY_CONTINUATIONS);
  });
});
