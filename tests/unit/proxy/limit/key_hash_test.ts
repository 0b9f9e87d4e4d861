/** The keyed hash of limits: the vectors of its authors, and what it is for. @module */
import { describe, expect, it } from "vitest";
import { KeyHash } from "../../../../src/proxy/limit/key_hash.ts";

/** The first vectors of HalfSipHash-2-4 with 64 bits (vectors.h): key 00..07, input 00, 01, 02 … of growing length. */
const VECTORS = [
  [0x21, 0x8d, 0x1f, 0x59, 0xb9, 0xb8, 0x3c, 0xc8],
  [0xbe, 0x55, 0x24, 0x12, 0xf8, 0x38, 0x73, 0x15],
];

function hashed(hash: KeyHash, bytes: readonly number[], start = 0, end = bytes.length): number[] {
  hash.hash(bytes, start, end);
  return [hash.low, hash.high].flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
}

describe("KeyHash", () => {
  it.each(VECTORS.map((vector, length) => [length, vector] as const))(
    "gives the published bits for %i bytes",
    (length, vector) => {
      const hash = new KeyHash(0x03020100, 0x07060504);
      expect(hashed(hash, Array.from({ length }, (_, i) => i))).toEqual(vector);
    },
  );
  it("depends on the key, on every byte, on the length and on nothing around", () => {
    const hash = KeyHash.ofSeed(1);
    const bytes = Array.from({ length: 40 }, (_, i) => i);
    const all = new Set<string>([hashed(KeyHash.ofSeed(2), bytes, 0, 40).join()]);
    for (let end = 0; end <= 40; end++) all.add(hashed(hash, bytes, 0, end).join());
    for (let i = 0; i < 40; i++) all.add(hashed(hash, bytes.with(i, 200)).join());
    expect(all.size).toBe(1 + 41 + 40);
    expect(hashed(hash, [9, 9, ...bytes, 9], 2, 42)).toEqual(hashed(hash, bytes));
  });
});
