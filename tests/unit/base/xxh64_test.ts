/** XXH64: values of the reference implementation, at every length around its blocks. @module */
import { describe, expect, it } from "vitest";
import { xxh64 } from "../../../src/base/xxh64.ts";

const hex = (text: string, seed = 0n) => xxh64(new TextEncoder().encode(text), seed).toString(16);

describe("xxh64", () => {
  it.each([
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
    ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
  ])("of %j is the reference's", (text, expected) => expect(hex(text)).toBe(expected));

  it("depends on every byte, whatever the length, and on the seed", () => {
    for (let length = 1; length <= 70; length++) {
      const text = "x".repeat(length);
      const hashes = Array.from({ length }, (_, i) => hex(`${text.slice(0, i)}y${text.slice(i + 1)}`));
      expect(new Set([...hashes, hex(text), hex(text, 1n), hex(`${text}x`)]).size).toBe(length + 3);
    }
  });

  it("reads a part of a larger array", () => {
    const bytes = new TextEncoder().encode("xabcx");
    expect(xxh64(bytes.subarray(1, 4)).toString(16)).toBe("44bc2cf5ad770999");
  });
});
