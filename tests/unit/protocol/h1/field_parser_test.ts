import { describe, expect, it } from "vitest";
import { FieldParser } from "../../../../src/protocol/h1/field_parser.ts";
import { ParseError, ParseStatus } from "../../../../src/protocol/h1/parse_error.ts";
import { FieldName } from "../../../../src/protocol/http/field_name.ts";
import { MessageHead } from "../../../../src/protocol/http/message_head.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function parse(text: string, maxFieldCount = 2) {
  const head = new MessageHead(false, maxFieldCount);
  const parser = new FieldParser(head);
  parser.begin(3);
  const status = parser.parse(asciiBytes(`12345${text}`), 2, 5 + text.length);
  return { head, parser, status };
}

describe("FieldParser", () => {
  it("writes five integers a field, relative to base", () => {
    const { head, parser, status } = parse("Ab: \t x y \r\nDate:\r\n\r\nbody");
    expect(status).toBe(ParseStatus.DONE);
    expect(parser.position).toBe(3 + 21);
    expect(head.fieldCount).toBe(2);
    expect(Array.from(head.fields)).toEqual([3, 5, 9, 12, FieldName.OTHER, 15, 19, 20, 20, FieldName.DATE]);
  });
  it("takes a section without fields", () => {
    const { head, status } = parse("\r\n");
    expect([status, head.fieldCount]).toEqual([ParseStatus.DONE, 0]);
  });
  it.each([
    ["a:\r\nb:\r\nc:\r\n\r\n", ParseError.TOO_MANY_FIELDS, 11],
    ["a:\r\n b\r\n", ParseError.OBS_FOLD, 7],
    [" a:\r\n", ParseError.SPACE_BEFORE_FIRST_FIELD, 3],
    ["a :\r\n", ParseError.SPACE_BEFORE_COLON, 4],
    ["a\r\n", ParseError.MISSING_COLON, 4],
    [":\r\n", ParseError.EMPTY_FIELD_NAME, 3],
    ["\x80:\r\n", ParseError.BAD_FIELD_NAME, 3],
    ["a:\x00\r\n", ParseError.BAD_FIELD_VALUE, 5],
    ["a:\n", ParseError.BARE_LF, 5],
    ["\n", ParseError.BARE_LF, 3],
    ["a:\rb", ParseError.BARE_CR, 6],
    ["\rb", ParseError.BARE_CR, 4],
  ])("%j fails with %i at %i", (text, code, offset) => {
    const { head, status } = parse(text);
    expect([status, head.errorCode, head.errorOffset]).toEqual([ParseStatus.ERROR, code, offset]);
  });
});
