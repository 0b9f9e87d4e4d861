/** The Huffman code: its own properties, both loops of the decoder, every text there and back. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeHuffman,
  encodeHuffman,
  HuffmanFailure,
  huffmanLength,
} from "../../../../src/protocol/hpack/huffman.ts";
import { CODE_BITS, CODES, END_OF_STRING } from "../../../../src/protocol/hpack/huffman_code.ts";
import { hexOf } from "../../../support/h2/fields.ts";

function encode(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(huffmanLength(text, 0, text.length));
  expect(encodeHuffman(text, 0, text.length, into, 0)).toBe(into.length);
  return into;
}

/** Decodes a bit at a time by the list of codes: slow, and surely right. Returns null for what is refused. */
function decodeSlowly(bytes: Uint8Array): number[] | null {
  const symbols = new Map(Array.from(CODES, (code, symbol) => [`${CODE_BITS[symbol]}:${code}`, symbol]));
  const out: number[] = [];
  let code = 0;
  let bits = 0;
  for (const octet of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      code = code * 2 + (octet >> shift & 1);
      const symbol = symbols.get(`${++bits}:${code}`);
      if (symbol === END_OF_STRING) return null;
      if (symbol === undefined) continue;
      out.push(symbol);
      code = bits = 0;
    }
  }
  return bits <= 7 && code === 2 ** bits - 1 ? out : null;
}

describe("the code", () => {
  it("is complete and free of prefixes (Kraft's sum is 1), and ends in EOS, thirty ones", () => {
    expect(CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 0)).toBe(1);
    expect(new Set(Array.from(CODES, (code, symbol) => `${CODE_BITS[symbol]}:${code}`)).size).toBe(257);
    expect(CODES[END_OF_STRING]).toBe(0x3fff_ffff);
  });

  // Rows of RFC 7541 appendix B, one of each length.
  it.each([
    [0x30, 0x0, 5],
    [0x20, 0x14, 6],
    [0x3a, 0x5c, 7],
    [0x26, 0xf8, 8],
    [0x21, 0x3f8, 10],
    [0x27, 0x7fa, 11],
    [0x23, 0xffa, 12],
    [0x00, 0x1ff8, 13],
    [0x5e, 0x3ffc, 14],
    [0x3c, 0x7ffc, 15],
    [0x5c, 0x7fff0, 19],
    [0x80, 0xfffe6, 20],
    [0x99, 0x1fffdc, 21],
    [0x81, 0x3fffd2, 22],
    [0x01, 0x7fffd8, 23],
    [0x09, 0xffffea, 24],
    [0xc7, 0x1ffffec, 25],
    [0xff, 0x3ffffee, 26],
    [0xfe, 0x7fffff0, 27],
    [0xf9, 0xffffffe, 28],
    [0x16, 0x3ffffffe, 30],
  ])("octet %d has code %d of %d bits", (octet, code, bits) => {
    expect([CODES[octet], CODE_BITS[octet]]).toEqual([code, bits]);
  });
});

describe("a text", () => {
  it("comes back from its code, with room and without", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (text) => {
      const code = encode(text);
      const roomy = new Uint8Array(4000);
      expect(decodeHuffman(code, 0, code.length, roomy, 5)).toBe(text.length);
      expect(hexOf(roomy, 5, 5 + text.length)).toBe(hexOf(text));
      const tight = new Uint8Array(text.length);
      expect(decodeHuffman(code, 0, code.length, tight, 0)).toBe(text.length);
      expect(hexOf(tight)).toBe(hexOf(text));
    }));
  });

  it("that has no room is counted, and stored as far as there is room", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(99), (text, room) => {
      const code = encode(text);
      const into = new Uint8Array(Math.min(room, text.length - 1));
      expect(decodeHuffman(code, 0, code.length, into, 0)).toBe(text.length);
      expect(hexOf(into)).toBe(hexOf(text, 0, into.length));
    }));
  });
});

describe("any bytes", () => {
  it("mean to both loops what they mean to a decoder that goes bit by bit", () => {
    // Ones are what padding and long codes are made of.
    const octet = fc.oneof(fc.nat(255), fc.constantFrom(0xff, 0xfe, 0x7f, 0x1f, 0x3f));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 12 }), (octets) => {
        const bytes = Uint8Array.from(octets);
        const expected = decodeSlowly(bytes);
        for (const into of [new Uint8Array(64), new Uint8Array(expected?.length ?? 0)]) {
          const length = decodeHuffman(bytes, 0, bytes.length, into, 0);
          if (expected === null) {
            expect([HuffmanFailure.BAD_CODE, HuffmanFailure.BAD_PADDING]).toContain(length);
          } else expect([...into.subarray(0, length)]).toEqual(expected);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
