import { describe, expect, it } from "vitest";
import { ParseError, ParseStatus } from "../../../../src/protocol/h1/parse_error.ts";
import { RequestLineParser } from "../../../../src/protocol/h1/request_line.ts";
import { MessageHead } from "../../../../src/protocol/http/message_head.ts";
import { Method } from "../../../../src/protocol/http/method.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function parse(text: string) {
  const head = new MessageHead(true, 1);
  const parser = new RequestLineParser(head);
  const status = parser.parse(asciiBytes(text), 0, text.length);
  return { head, parser, status };
}

describe("RequestLineParser", () => {
  it("says where the parts lie and stops after the line", () => {
    const { head, parser, status } = parse("\r\nPUT /a?b HTTP/1.0\r\nX: 1");
    expect(status).toBe(ParseStatus.DONE);
    expect(parser.position).toBe(21);
    expect(head).toMatchObject({
      startOffset: 2,
      methodId: Method.PUT,
      methodEnd: 5,
      targetStart: 6,
      targetEnd: 10,
      startLineEnd: 19,
      versionMinor: 0,
    });
  });
  it.each(["", "\r", "\r\n", "G", "GET", "GET ", "GET /", "GET / ", "GET / HTTP/1.1", "GET / HTTP/1.1\r"])(
    "needs more after %j",
    (text) => {
      const { parser, status } = parse(text);
      expect(status).toBe(ParseStatus.NEED_MORE);
      expect(parser.position).toBe(text.length);
    },
  );
  it.each([
    ["GE(T / HTTP/1.1", ParseError.BAD_METHOD, 2],
    ["GET / HTTP/1.1 \r\n", ParseError.EXTRA_SPACE, 14],
    ["GET / HTTP/1.1\n", ParseError.BARE_LF, 14],
    ["GET / HTTP/1.1\rX", ParseError.BARE_CR, 15],
    ["\n", ParseError.BARE_LF, 0],
    ["\rG", ParseError.BARE_CR, 1],
    ["\r\n\r\n\r\n", ParseError.TOO_MANY_EMPTY_LINES, 4],
    ["GET / HTTX", ParseError.BAD_VERSION, 9],
    ["A".repeat(33), ParseError.METHOD_TOO_LONG, 32],
  ])("%j fails with %i at %i", (text, code, offset) => {
    const { head, status } = parse(text);
    expect([status, head.errorCode, head.errorOffset]).toEqual([ParseStatus.ERROR, code, offset]);
  });
});
