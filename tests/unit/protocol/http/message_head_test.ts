import { describe, expect, it } from "vitest";
import { FieldName } from "../../../../src/protocol/http/field_name.ts";
import { MessageHead } from "../../../../src/protocol/http/message_head.ts";
import { HeadParser } from "../../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

describe("MessageHead", () => {
  const text = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nhost2: b\r\n\r\n";
  const parser = new HeadParser("request");
  parser.reset();
  parser.parse(asciiBytes(text + "body"), 0, text.length + 4);

  it("headEnd, fieldsEnd count the empty line before the request", () => {
    expect([parser.startOffset, parser.headEnd, parser.fieldsEnd]).toEqual([2, text.length, text.length - 2]);
  });
  it("fieldLineEnd covers the line's CRLF", () => {
    const ends = [0, 1, 2].map((index) => text.slice(0, parser.fieldLineEnd(index)).split("\r\n").at(-2));
    expect(ends).toEqual(["Host: a", "X: 1", "host2: b"]);
  });
  it("fieldIndexOf finds the first field with an id, -1 when there is none", () => {
    expect(parser.fieldIndexOf(FieldName.HOST)).toBe(0);
    expect(parser.fieldIndexOf(FieldName.OTHER)).toBe(1);
    expect(parser.fieldIndexOf(FieldName.COOKIE)).toBe(-1);
  });
  it("clear gives every field its neutral value", () => {
    const { fields: _, ...fresh } = new MessageHead(true, 100);
    parser.clear();
    const { fields: _used, ...cleared } = parser;
    expect(cleared).toEqual(fresh);
  });
});
