import { describe, expect, it } from "vitest";
import { HeadParser, ParseError, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { TargetForm } from "../../../../src/protocol/http/message_head.ts";
import { Method } from "../../../../src/protocol/http/method.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";
import { benchHeads } from "../../../bench/h1_parser_bench.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe("HeadParser", () => {
  it("parses a head and leaves the body", () => {
    const parser = new HeadParser("request");
    expect(parser.parse(asciiBytes(REQUEST + "body"), 0, REQUEST.length + 4)).toBe(ParseStatus.DONE);
    expect(parser).toMatchObject({
      headLength: REQUEST.length,
      startOffset: 0,
      methodId: Method.GET,
      fieldCount: 1,
    });
    expect(parser).toMatchObject({
      targetForm: TargetForm.ORIGIN,
      pathStart: 4,
      hasHost: true,
      contentLength: -1,
    });
  });
  it("goes on after the bytes have moved", () => {
    const parser = new HeadParser("request");
    expect(parser.parse(asciiBytes(`xx${REQUEST}`), 2, 12)).toBe(ParseStatus.NEED_MORE);
    expect(parser.parse(asciiBytes(REQUEST), 0, REQUEST.length)).toBe(ParseStatus.DONE);
    expect(parser.headLength).toBe(REQUEST.length);
  });
  it("looks at each byte once", () => {
    const parser = new HeadParser("request");
    const bytes = asciiBytes(REQUEST);
    parser.parse(bytes, 0, 20);
    bytes.fill(0, 0, 16);
    expect(parser.parse(bytes, 0, bytes.length)).toBe(ParseStatus.DONE);
  });
  it("keeps saying DONE or ERROR until reset", () => {
    const parser = new HeadParser("request");
    const good = asciiBytes(REQUEST);
    const bad = asciiBytes("\n");
    expect(parser.parse(good, 0, good.length)).toBe(ParseStatus.DONE);
    expect(parser.parse(good, 0, good.length)).toBe(ParseStatus.DONE);
    parser.reset();
    expect(parser.parse(bad, 0, 1)).toBe(ParseStatus.ERROR);
    expect(parser.parse(good, 0, good.length)).toBe(ParseStatus.ERROR);
    parser.reset();
    expect(parser.errorCode).toBe(0);
    expect(parser.parse(good, 0, good.length)).toBe(ParseStatus.DONE);
  });
  it.each([
    ["no Host", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", ParseError.MISSING_HOST, 22],
    [
      "Host other than the authority",
      "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n",
      ParseError.HOST_MISMATCH,
      32,
    ],
    [
      "empty Host beside an authority",
      "GET http://b HTTP/1.1\r\nHost:\r\n\r\n",
      ParseError.HOST_MISMATCH,
      30,
    ],
  ])("checks the whole head: %s", (_, text, code, offset) => {
    const parser = new HeadParser("request");
    expect(parser.parse(asciiBytes(text), 0, text.length)).toBe(ParseStatus.ERROR);
    expect(parser).toMatchObject({ errorCode: code, errorOffset: offset });
  });
  it.each([
    ["204", "Content-Length: 0", 0],
    ["204", "Content-Length: 1", ParseError.BODY_NOT_ALLOWED],
    ["101", "Transfer-Encoding: chunked", ParseError.BODY_NOT_ALLOWED],
    ["304", "Content-Length: 1", 0],
    ["200", "Content-Length: 1", 0],
  ])(
    "response %s with %s: error %i",
    (status, field, code) => {
      const parser = new HeadParser("response");
      const text = `HTTP/1.1 ${status} X\r\n${field}\r\n\r\n`;
      parser.parse(asciiBytes(text), 0, text.length);
      expect(parser.errorCode).toBe(code);
    },
  );
  it("refuses a wrong limit", () => {
    expect(() => new HeadParser("request", 0)).toThrow("maxFieldCount is 1 to 1,000");
  });
});

describe("h1_parser_bench", () => {
  it("runs", () => {
    for (const cost of benchHeads(50)) expect(cost.nsPerHead).toBeGreaterThan(0);
  });
});
