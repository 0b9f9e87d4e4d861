/** Texts of the traffic cannot end a line, a quote or a field, whatever bytes they hold. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../../src/base/byte_writer.ts";
import { writeBackslashed, writeHashed, writeJson } from "../../../../src/observe/access_log/escape.ts";
import { textOf } from "../../../support/access_log/records.ts";

type Escape = typeof writeJson;

/** Escapes `bytes` where they lie between others, to see that neighbours are not touched. */
function escaped(escape: Escape, bytes: readonly number[] | Uint8Array): string {
  const out = new ByteWriter(bytes.length * 6);
  escape(out, Uint8Array.from([0x22, 0xf0, ...bytes, 0x80, 0x0a]), 2, bytes.length);
  expect(out.isTruncated).toBe(false);
  return textOf(out);
}

/** Any code points, halves of surrogate pairs too. */
const anyText = fc.array(fc.integer({ min: 0, max: 0x10ffff })).map((points) =>
  String.fromCodePoint(...points)
);

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("writeJson", () => {
  it.each([
    ["plain text", "GET /a?b=c", "GET /a?b=c"],
    ["a quote", 'a"b', 'a\\"b'],
    ["a backslash", "a\\b", "a\\\\b"],
    ["a line end", "a\r\nb", "a\\u000D\\u000Ab"],
    ["an escape and a delete", "\x1b[31m\x7f", "\\u001B[31m\\u007F"],
    ["valid UTF-8 of every length", "é€😀", "é€😀"],
    ["the edges of UTF-8", "\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}", undefined],
  ])("%s", (_, text, line = text) => expect(escaped(writeJson, utf8(text))).toBe(line));

  it.each([
    ["a lone continuation", [0x80], 1],
    ["a lead without its continuation", [0xc3], 1],
    ["an overlong slash", [0xc0, 0xaf], 2],
    ["an overlong euro", [0xe0, 0x82, 0xac], 3],
    ["an overlong of four bytes", [0xf0, 0x82, 0x82, 0xac], 4],
    ["half of a surrogate pair", [0xed, 0xa0, 0x80], 3],
    ["more than U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 4],
    ["bytes that UTF-8 never has", [0xff, 0xfe], 2],
    ["the wrong third byte", [0xe2, 0x82, 0x41], 2],
  ])("replaces byte by byte: %s", (_, bytes, replaced) => {
    const text = escaped(writeJson, bytes);
    expect(text.replaceAll("A", "")).toBe("\ufffd".repeat(replaced));
  });

  it("cuts a sequence at the end of its range, not behind it", () => {
    const out = new ByteWriter(16);
    writeJson(out, utf8("€"), 0, 2);
    expect(textOf(out)).toBe("\ufffd\ufffd");
  });

  it("gives back any valid text through JSON.parse", () => {
    fc.assert(fc.property(anyText, (text) => {
      const wellFormed = text.toWellFormed();
      expect(JSON.parse(`"${escaped(writeJson, utf8(wellFormed))}"`)).toBe(wellFormed);
    }));
  });

  it("makes JSON of one line out of any bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const text = escaped(writeJson, bytes);
      expect([...text].every((letter) => letter >= " " && letter !== "\x7f")).toBe(true);
      expect(typeof JSON.parse(`"${text}"`)).toBe("string");
    }));
  });
});

describe("writeHashed", () => {
  it.each([
    ["plain text", "GET /a?b=c", "GET /a?b=c"],
    ["the first and the last plain byte", " ~", " ~"],
    ["a quote and a hash", 'a"#b', "a#22#23b"],
    ["controls", "\0\t\r\n\x1b\x7f", "#00#09#0D#0A#1B#7F"],
    ["bytes above ASCII", "é", "#C3#A9"],
    ["a backslash and braces stay", "\\{|}", "\\{|}"],
  ])("%s", (_, text, line) => expect(escaped(writeHashed, utf8(text))).toBe(line));

  it("can be undone, and never ends a line or a quote", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const text = escaped(writeHashed, bytes);
      expect(text).toMatch(/^([ !$-~]|#[0-9A-F]{2})*$/);
      expect(undone(text, /#(..)|[^]/g)).toEqual([...bytes]);
    }));
  });
});

describe("writeBackslashed", () => {
  it.each([
    ["plain text", "GET /a?b=c#d", "GET /a?b=c#d"],
    ["a quote and a backslash", 'a"\\b', "a\\x22\\x5Cb"],
    ["controls", "\0\t\r\n\x1b\x7f", "\\x00\\x09\\x0D\\x0A\\x1B\\x7F"],
    ["bytes above ASCII", "é", "\\xC3\\xA9"],
  ])("%s", (_, text, line) => expect(escaped(writeBackslashed, utf8(text))).toBe(line));

  it("can be undone, and never ends a line or a quote", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const text = escaped(writeBackslashed, bytes);
      expect(text).toMatch(/^([ !#-\[\]-~]|\\x[0-9A-F]{2})*$/);
      expect(undone(text, /\\x(..)|[^]/g)).toEqual([...bytes]);
    }));
  });
});

/** The bytes behind an escaped text; `unit` captures the two digits of an escape. */
function undone(text: string, unit: RegExp): number[] {
  return [...text.matchAll(unit)].map((match) =>
    match[1] === undefined ? match[0].charCodeAt(0) : parseInt(match[1], 16)
  );
}
