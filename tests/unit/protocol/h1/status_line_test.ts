import { describe, expect, it } from "vitest";
import { ParseError, ParseStatus } from "../../../../src/protocol/h1/parse_error.ts";
import { StatusLineParser } from "../../../../src/protocol/h1/status_line.ts";
import { MessageHead } from "../../../../src/protocol/http/message_head.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function parse(text: string) {
  const head = new MessageHead(false, 1);
  const parser = new StatusLineParser(head);
  const status = parser.parse(asciiBytes(text), 0, text.length);
  return { head, parser, status };
}

describe("StatusLineParser", () => {
  it.each([["HTTP/1.1 404 Not Found\r\n", 404, "Not Found", 1], ["HTTP/1.0 200 \r\n", 200, "", 0], [
    "HTTP/1.1 200\r\n",
    200,
    "",
    1,
  ]])(
    "%j",
    (text, code, reason, versionMinor) => {
      const { head, parser, status } = parse(text + "X: 1\r\n");
      expect([status, parser.position]).toEqual([ParseStatus.DONE, text.length]);
      expect(head).toMatchObject({ status: code, versionMinor, startLineEnd: text.length - 2 });
      expect(text.slice(head.reasonStart, head.reasonEnd)).toBe(reason);
    },
  );
  it.each([
    "",
    "HTTP/1.",
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1 20",
    "HTTP/1.1 200",
    "HTTP/1.1 200 O",
    "HTTP/1.1 200 OK\r",
  ])(
    "needs more after %j",
    (text) => expect(parse(text).status).toBe(ParseStatus.NEED_MORE),
  );
  it.each([
    ["HTTX", ParseError.BAD_VERSION, 3],
    ["HTTP/2.0 ", ParseError.VERSION, 0],
    ["HTTP/1.1 700 X", ParseError.BAD_STATUS, 9],
    ["HTTP/1.1 2x0", ParseError.BAD_STATUS, 10],
    ["HTTP/1.1 200\n", ParseError.BARE_LF, 12],
    ["HTTP/1.1 200 a\n", ParseError.BARE_LF, 14],
    ["HTTP/1.1 200 a\x01", ParseError.BAD_REASON, 14],
    ["HTTP/1.1 200 a\rb", ParseError.BARE_CR, 15],
  ])("%j fails with %i at %i", (text, code, offset) => {
    const { head, status } = parse(text);
    expect([status, head.errorCode, head.errorOffset]).toEqual([ParseStatus.ERROR, code, offset]);
  });
});
