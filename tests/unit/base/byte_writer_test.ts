/** The byte writer: the same bytes as a TextEncoder, never one past its end. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../src/base/byte_writer.ts";

function written(writer: ByteWriter): string {
  return new TextDecoder().decode(writer.bytes.subarray(0, writer.length));
}

/** What `write` wrote into `sizeBytes`, and whether all of it fitted. */
function writeInto(sizeBytes: number, write: (out: ByteWriter) => void): [string, boolean] {
  const writer = new ByteWriter(sizeBytes);
  write(writer);
  return [written(writer), !writer.isTruncated];
}

const ascii = (text: string) => new TextEncoder().encode(text);

describe("ByteWriter", () => {
  it("appends bytes, texts, numbers and pieces of others one behind the other", () => {
    const result = writeInto(100, (out) => {
      out.byte(0x41);
      out.text("b ü ");
      out.int(-17);
      out.raw(ascii("xyz,xyz"), 2, 3);
      out.padded(7, 3);
      out.literal(ascii("end"));
    });
    expect(result).toEqual(["Ab ü -17z,x007end", true]);
  });
  it("begins again after a reset", () => {
    const writer = new ByteWriter(2);
    writer.text("abc");
    expect([written(writer), writer.isTruncated]).toEqual(["ab", true]);
    writer.reset();
    expect([written(writer), writer.isTruncated]).toEqual(["", false]);
    writer.text("xy");
    expect([written(writer), writer.isTruncated]).toEqual(["xy", false]);
  });
  it.each<[string, number, (out: ByteWriter) => void, string]>([
    ["a byte", 0, (out) => out.byte(1), ""],
    ["a text, cut", 2, (out) => out.text("abc"), "ab"],
    ["a text, before a character that does not fit whole", 3, (out) => out.text("ab€"), "ab"],
    ["a text, before half of an emoji", 5, (out) => out.text("ab🙂c"), "ab"],
    ["a number, cut", 2, (out) => out.int(123), "12"],
    ["a piece, cut", 2, (out) => out.raw(ascii("abc"), 0, 3), "ab"],
    ["a literal, whole", 2, (out) => out.literal(ascii("abc")), ""],
  ])("drops what does not fit and notes it: %s", (_, sizeBytes, write, text) => {
    expect(writeInto(sizeBytes, write)).toEqual([text, false]);
  });
  it.each<[string, number, (out: ByteWriter) => void, string]>([
    ["a text", 3, (out) => out.text("abc"), "abc"],
    ["a text outside ASCII", 5, (out) => out.text("ab€"), "ab€"],
    ["a number", 3, (out) => out.int(-12), "-12"],
    ["a piece", 3, (out) => out.raw(ascii("abc"), 0, 3), "abc"],
    ["a literal", 3, (out) => out.literal(ascii("abc")), "abc"],
    ["nothing", 0, (out) => out.literal(ascii("")), ""],
  ])("fills its memory to the last byte: %s", (_, sizeBytes, write, text) => {
    expect(writeInto(sizeBytes, write)).toEqual([text, true]);
  });
  it("writes any text as UTF-8, or a clean beginning of it", () => {
    const anyText = fc.string({ unit: "grapheme", maxLength: 20 });
    fc.assert(fc.property(anyText, fc.integer({ min: 0, max: 60 }), (text, sizeBytes) => {
      const [begun, isWhole] = writeInto(sizeBytes, (out) => out.text(text));
      expect(text.startsWith(begun)).toBe(true);
      expect(isWhole).toBe(ascii(text).length <= sizeBytes);
      if (isWhole) expect(begun).toBe(text);
    }));
  });
});

describe("numbers", () => {
  it.each([0, 9, 10, 99, 100, -1, -10, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    "writes %i",
    (value) => expect(writeInto(20, (out) => out.int(value))).toEqual([String(value), true]),
  );
  it("writes every whole number as String would", () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
      expect(writeInto(20, (out) => out.int(value))[0]).toBe(`${value === 0 ? 0 : value}`);
    }));
  });
  it("writes leading zeros up to the width", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), (width, number) => {
      const value = number % 10 ** width;
      expect(writeInto(20, (out) => out.padded(value, width))[0]).toBe(String(value).padStart(width, "0"));
    }));
  });
});
