import { describe, expect, it } from "vitest";
import { HeadParser, ParseError, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { ConnectionFlag } from "../../../../src/protocol/http/message_head.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function parse(fields: string, version = "HTTP/1.1"): HeadParser {
  const parser = new HeadParser("request");
  const text = `GET / ${version}\r\nHost: a\r\n${fields}\r\n\r\n`;
  parser.reset();
  parser.parse(asciiBytes(text), 0, text.length);
  return parser;
}

describe("noteField", () => {
  const { CLOSE, KEEP_ALIVE, UPGRADE, TE, HAS_OTHER } = ConnectionFlag;
  it.each([
    ["Connection: close", CLOSE],
    ["Connection: Keep-Alive", KEEP_ALIVE],
    ["Connection: upgrade, TE", UPGRADE | TE],
    ["Connection:,, close ,x-a", CLOSE | HAS_OTHER],
    ["Connection: close\r\nConnection: keep-alive", CLOSE | KEEP_ALIVE],
    ["Connection: closed", HAS_OTHER],
    ["Connection: clos", HAS_OTHER],
    ["Connection:", 0],
    ["Proxy-Connection: close", 0],
  ])("%j gives connectionFlags %i", (fields, flags) => expect(parse(fields).connectionFlags).toBe(flags));

  it("takes 32 options over all Connection fields, not 33", () => {
    const options = (count: number) => Array(count).fill("a").join();
    expect(parse(`Connection: ${options(16)}\r\nConnection: ${options(16)}`).errorCode).toBe(0);
    expect(parse(`Connection: ${options(16)}\r\nConnection: ${options(17)}`).errorCode).toBe(
      ParseError.TOO_MANY_CONNECTION_OPTIONS,
    );
  });
  it.each([["100-continue", "HTTP/1.1", true], ["100-Continue", "HTTP/1.1", true], [
    "100-continue",
    "HTTP/1.0",
    false,
  ], ["x", "HTTP/1.1", false]])(
    "Expect: %s in %s: %s",
    (value, version, expected) => expect(parse(`Expect: ${value}`, version).expectContinue).toBe(expected),
  );
  it.each([["websocket", false], ["h2c", true], ["websocket, H2C", true], ["h2", false]])(
    "Upgrade: %s, h2c %s",
    (value, isH2c) => {
      expect(parse(`Upgrade: ${value}`)).toMatchObject({ hasUpgrade: true, upgradesToH2c: isH2c });
    },
  );
  it("notes TE, Host, a length, chunks", () => {
    expect(parse("TE: trailers\r\nContent-Length: 0042")).toMatchObject({
      hasTe: true,
      hasHost: true,
      contentLength: 42,
    });
    expect(parse("Transfer-Encoding: CHUNKED")).toMatchObject({ isChunked: true, contentLength: -1 });
  });
  it("says at which field it failed", () => {
    expect(parse("Content-Length: x")).toMatchObject({
      errorCode: ParseError.BAD_CONTENT_LENGTH,
      errorOffset: 25,
    });
  });
  it("lets responses carry any Host", () => {
    const text = "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\n\r\n";
    expect(new HeadParser("response").parse(asciiBytes(text), 0, text.length)).toBe(ParseStatus.DONE);
  });
});
