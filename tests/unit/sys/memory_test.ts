/** Pointers to memory that the kernel reads and writes. @module */
import { describe, expect, it } from "vitest";
import { Slab } from "../../../src/base/slab.ts";
import { piecePointer, pointerTo, slabAddress } from "../../../src/sys/memory.ts";

const PIECE_BYTES = 64;

function addressOf(pointer: Deno.PointerObject): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

describe("pointerTo", () => {
  it("points to the first byte: what is written there is read through it", () => {
    const bytes = new Uint8Array(new ArrayBuffer(64));
    bytes.set([1, 2, 3]);
    expect([...new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointerTo(bytes), 3))]).toEqual([
      1,
      2,
      3,
    ]);
  });
});

describe("slabAddress", () => {
  it("is asked for once, and is where the memory lies", () => {
    const slab = new Slab(256, PIECE_BYTES);
    expect(slab.address).toBe(0);
    const address = slabAddress(slab);
    expect(address).toBe(addressOf(pointerTo(slab.bytes)));
    expect(slab.address).toBe(address);
    slab.address = 12_345;
    expect(slabAddress(slab)).toBe(12_345);
  });
});

describe("piecePointer", () => {
  it("points to each piece, and is made once", () => {
    const slab = new Slab(256, PIECE_BYTES);
    for (let offset = 0; offset < 256; offset += PIECE_BYTES) {
      const pointer = piecePointer(slab, offset)!;
      expect(addressOf(pointer)).toBe(slabAddress(slab) + offset);
      expect(piecePointer(slab, offset)).toBe(pointer);
    }
    expect(slab.pointers.length).toBe(4);
  });

  it("refuses a place inside of a piece", () => {
    const slab = new Slab(256, PIECE_BYTES);
    for (const offset of [1, PIECE_BYTES - 1, PIECE_BYTES + 1, 255]) {
      expect(piecePointer(slab, offset)).toBeNull();
    }
    expect(slab.pointers).toEqual([]);
  });
});
