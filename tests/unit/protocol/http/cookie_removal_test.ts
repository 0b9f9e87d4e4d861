/** A cookie taken out of a request where it lies: the head is still one, and nothing else of it has changed. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_STRIDE, FieldPart, HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { CookieScanner } from "../../../../src/protocol/http/cookie.ts";
import { CookieRemoval, removeCookie } from "../../../../src/protocol/http/cookie_removal.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const NAME = latin1("SRV");
const BASE = 7;

/** Removes from a message of these field lines and a body; the fields then, as the parser's offsets have them, and all bytes. */
function removed(lines: readonly string[], removal: number): { fields: string[]; text: string } {
  const message = `GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\nbody`;
  const bytes = latin1(`${"#".repeat(BASE)}${message}${"#".repeat(9)}`);
  const head = new HeadParser("request");
  head.reset();
  const dataEnd = BASE + message.length;
  expect(head.parse(bytes, BASE, dataEnd)).toBe(ParseStatus.DONE);
  const gone = removeCookie(head, bytes, BASE, dataEnd, new CookieScanner(), NAME, removal);
  const text = String.fromCharCode(...bytes.subarray(BASE, dataEnd - gone));
  const fields = Array.from({ length: head.fieldCount }, (_, i) => {
    const [nameStart, nameEnd, valueStart, valueEnd] = [...head.fields.subarray(i * FIELD_STRIDE)];
    return `${text.slice(nameStart, nameEnd)}: ${text.slice(valueStart, valueEnd)}`;
  });
  expect(text.slice(head.headEnd)).toBe("body");
  // What another reader makes of it is the same.
  const again = new HeadParser("request");
  again.reset();
  const rest = latin1(text);
  expect(again.parse(rest, 0, rest.length)).toBe(ParseStatus.DONE);
  expect(again.fieldCount).toBe(head.fieldCount);
  const rows = head.fieldCount * FIELD_STRIDE;
  expect([...again.fields.subarray(0, rows)]).toEqual([...head.fields.subarray(0, rows)]);
  expect(again.headLength).toBe(head.headLength);
  return { fields: fields.slice(1), text };
}

const whole = (...lines: string[]) => removed(lines, CookieRemoval.WHOLE).fields;
const prefix = (...lines: string[]) => removed(lines, CookieRemoval.PREFIX).fields;

describe("a whole cookie", () => {
  it.each<[string, string | null]>([
    ["SRV=s1", null],
    ["SRV=s1; a=1", "a=1"],
    ["a=1; SRV=s1", "a=1"],
    ["a=1; SRV=s1; b=2", "a=1; b=2"],
    ["a=1;SRV=s1;b=2", "a=1;b=2"],
    ["SRV=s1; SRV=s2", null],
    ["SRV=s1; a=1; SRV=s2; b=2; SRV=s3", "a=1; b=2"],
    ["SRV=s1; $Path=/; a=1", "a=1"],
    ["a=1; $Path=/x; SRV=s1; $Path=/; b=2", "a=1; $Path=/x; b=2"],
    ["$Version=1; SRV=s1", null],
    ["$Version=1; SRV=s1; a=1", "$Version=1; a=1"],
    ["  a=1 ; SRV = s1  ;  b=2", "a=1 ;  b=2"],
    ['SRV="s1; x=y"; a=1', "a=1"],
    ["SRV", "SRV"],
    ["SRV; SRV=s1", "SRV"],
    ["srv=s1; SRVX=1", "srv=s1; SRVX=1"],
    ["SRV=", null],
    [";SRV=s1;", null],
    ["SRV=s1, a=1", "a=1"],
    ["a=1", "a=1"],
  ])("%j becomes %j", (value, expected) => {
    expect(whole(`Cookie: ${value}`, "X: 1")).toEqual(
      expected === null ? ["X: 1"] : [`Cookie: ${expected}`, "X: 1"],
    );
  });

  it("goes from every field, and fields that it leaves empty go", () => {
    expect(whole("Cookie: a=1", "A: SRV=s1", "cookie: SRV=s1", "COOKIE: SRV=s2; b=2", "Cookie: SRV=s3"))
      .toEqual([
        "Cookie: a=1",
        "A: SRV=s1",
        "COOKIE: b=2",
      ]);
  });
});

describe("a prefix", () => {
  it.each([
    ["SRV=s1~abc", "SRV=abc"],
    ["a=1; SRV=s1~abc; b=2", "a=1; SRV=abc; b=2"],
    ["SRV=s1~a~b", "SRV=a~b"],
    ["SRV=~a", "SRV=a"],
    ["SRV=s1~", "SRV="],
    ["SRV=abc", "SRV=abc"],
    ["SRV=s1~x; SRV=s2~y", "SRV=x; SRV=y"],
    ["a=1~2", "a=1~2"],
  ])("%j becomes %j", (value, expected) => {
    expect(prefix(`Cookie: ${value}`)).toEqual([`Cookie: ${expected}`]);
  });
});

it("leaves every other cookie, in its order and with its bytes, whatever clients send", () => {
  const cookie = fc.constantFrom(
    "SRV=s1",
    "SRV=",
    "SRV",
    "a=1",
    "b",
    "SRVX=2",
    'c="x"',
    "$Path=/",
    "",
    " ",
    "d=~",
    "e=|",
  );
  const field = fc.array(cookie, { maxLength: 8 }).map((parts) => `Cookie: ${parts.join("; ")}`);
  fc.assert(
    fc.property(fc.array(fc.oneof(field, fc.constant("X: 1")), { maxLength: 6 }), (lines) => {
      const rest = whole(...lines);
      const others = (fields: readonly string[]) =>
        fields.filter((line) => /^cookie/i.test(line)).flatMap((line) => line.slice(8).split(";"))
          .map((part) => part.trim()).filter((part) => part !== "" && !/^(SRV=|\$)/.test(part));
      expect(others(rest)).toEqual(others(lines));
      expect(rest.join("\n")).not.toContain("SRV=");
      expect(rest.filter((line) => line === "X: 1").length).toBe(
        lines.filter((line) => line === "X: 1").length,
      );
    }),
    { numRuns: 2_000 },
  );
});

it("stays within the message for any bytes", () => {
  const letters = fc.array(fc.constantFrom(...'SRV=;,~|"\\$ \ta1'), { maxLength: 80 });
  fc.assert(
    fc.property(letters, fc.constantFrom(CookieRemoval.WHOLE, CookieRemoval.PREFIX), (value, removal) => {
      const { text } = removed([`Cookie: ${value.join("").trim() || "x"}`, "X: 1"], removal);
      expect(text).toMatch(/\r\nX: 1\r\n\r\nbody$/);
    }),
    { numRuns: 3_000 },
  );
});

it("takes time in proportion to the value, however many there are", () => {
  const value = Array.from({ length: 2_000 }, (_, i) => i % 2 === 0 ? "SRV=s" : "b=1").join(";");
  expect(whole(`Cookie: ${value}`)).toEqual([`Cookie: ${"b=1;".repeat(1_000).slice(0, -1)}`]);
  expect(FieldPart.NAME_ID).toBe(4);
});
