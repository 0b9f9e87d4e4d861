import { describe, expect, it } from "vitest";
import { ParseError, parseErrorStatus } from "../../../src/protocol/h1/head_parser.ts";
import { BodyKind } from "../../../src/protocol/http/framing.ts";
import { bytesOf, replay } from "./replay.ts";

const request = (text: string) => replay("request", bytesOf(text), []);
const response = (text: string) => replay("response", bytesOf(text), []);
const post = (fields: string, body = "") => request(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`);

function expectRefused(seen: { errorCode: number; messages: unknown[] }, code: number, status = 400): void {
  expect(seen.messages).toHaveLength(0);
  expect(seen.errorCode).toBe(code);
  expect(parseErrorStatus(code)).toBe(status);
}

describe("RFC 9112 section 2.2, message parsing", () => {
  it("skips an empty line before the request line", () => {
    expect(request("\r\nGET / HTTP/1.0\r\n\r\n").messages).toHaveLength(1);
  });
  it.each([
    ["bare LF ends the start line", "GET / HTTP/1.1\nHost: a\r\n\r\n", ParseError.BARE_LF],
    ["bare LF ends a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", ParseError.BARE_LF],
    ["bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", ParseError.BARE_LF],
    ["bare CR in the start line", "GET / HTTP/1.1\rHost: a\r\n\r\n", ParseError.BARE_CR],
    ["bare CR in a value", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", ParseError.BARE_CR],
    ["bare CR ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\rX", ParseError.BARE_CR],
    [
      "white space before the first field",
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      ParseError.SPACE_BEFORE_FIRST_FIELD,
    ],
  ])("refuses: %s", (_, text, code) => expectRefused(request(text), code));
});

describe("RFC 9112 section 2.3, version", () => {
  it.each(["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0"])("answers 505 to %s", (version) => {
    expectRefused(request(`GET / ${version}\r\nHost: a\r\n\r\n`), ParseError.VERSION, 505);
  });
  it.each(["http/1.1", "HTTP/1", "HTTP/11", "HTTP/1.10", "HTTP 1.1", "HTTP/x.1", "ICY/1.1 "])(
    "refuses %s",
    (version) => {
      expectRefused(request(`GET / ${version}\r\nHost: a\r\n\r\n`), ParseError.BAD_VERSION);
    },
  );
});

describe("RFC 9112 section 3, request line", () => {
  it.each([
    ["two spaces before the target", "GET  / HTTP/1.1", ParseError.EXTRA_SPACE],
    ["two spaces before the version", "GET /  HTTP/1.1", ParseError.EXTRA_SPACE],
    ["space after the version", "GET / HTTP/1.1 ", ParseError.EXTRA_SPACE],
    ["space before the method", " GET / HTTP/1.1", ParseError.BAD_METHOD],
    ["tab as separator", "GET\t/ HTTP/1.1", ParseError.BAD_METHOD],
    ["method that is no token", "G@T / HTTP/1.1", ParseError.BAD_METHOD],
    ["no target", "GET HTTP/1.1", ParseError.MISSING_VERSION],
    ["octet above ASCII in the target", "GET /\xe9 HTTP/1.1", ParseError.BAD_TARGET_CHARACTER],
    ["DEL in the target", "GET /\x7f HTTP/1.1", ParseError.BAD_TARGET_CHARACTER],
    ["NUL in the target", "GET /\0 HTTP/1.1", ParseError.BAD_TARGET_CHARACTER],
  ])("refuses: %s", (_, line, code) => expectRefused(request(`${line}\r\nHost: a\r\n\r\n`), code));

  it("answers 501 to a method above 32 bytes and accepts one of 32", () => {
    expectRefused(request(`${"M".repeat(33)} / HTTP/1.0\r\n\r\n`), ParseError.METHOD_TOO_LONG, 501);
    expect(request(`${"M".repeat(32)} / HTTP/1.0\r\n\r\n`).messages).toHaveLength(1);
  });
});

describe("RFC 9112 section 3.2, request target", () => {
  it.each([
    ["GET http:///path", ParseError.BAD_TARGET_AUTHORITY],
    ["GET http://u:p@a/", ParseError.BAD_TARGET_AUTHORITY],
    ["GET http://a\\b/", ParseError.BAD_TARGET_AUTHORITY],
    ["GET ftp://a/", ParseError.BAD_TARGET_FORM],
    ["GET path", ParseError.BAD_TARGET_FORM],
    ["GET *", ParseError.BAD_TARGET_FORM],
    ["OPTIONS **", ParseError.BAD_TARGET_FORM],
    ["CONNECT /path", ParseError.BAD_TARGET_AUTHORITY],
    ["CONNECT u@a:443", ParseError.BAD_TARGET_AUTHORITY],
    ["GET http://b/", ParseError.HOST_MISMATCH],
    ["GET http://a:81/", ParseError.HOST_MISMATCH],
  ])("refuses %s", (line, code) => expectRefused(request(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`), code));

  it.each(["CONNECT a:80", "TRACE /", "OPTIONS *", "GET HTTP://A/", "GET //x", "GET /?a=|{}^\\"])(
    "accepts %s",
    (line) => {
      expect(request(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`).messages).toHaveLength(1);
    },
  );
});

describe("RFC 9112 section 3.2, Host", () => {
  it.each([
    "a@b",
    "a b",
    "a/b",
    "a,b c",
    "a:b",
    "a:99999",
    "[::1",
    "[1]",
    "[fe80::1%25eth0]",
    "a%zz",
    "a?b",
    "\xe9.example",
    "<a>",
  ])(
    "refuses Host %s",
    (host) => expectRefused(request(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), ParseError.BAD_HOST),
  );
  it.each(["", "a", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443", "my_host.example", "a%41"])(
    "accepts Host %s",
    (host) => expect(request(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).messages).toHaveLength(1),
  );
  it("needs Host in HTTP/1.1, not in HTTP/1.0, and refuses two", () => {
    expectRefused(request("GET / HTTP/1.1\r\n\r\n"), ParseError.MISSING_HOST);
    expect(request("GET / HTTP/1.0\r\n\r\n").messages).toHaveLength(1);
    expectRefused(request("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"), ParseError.REPEATED_HOST);
  });
});

describe("RFC 9112 section 4, status line", () => {
  it.each([
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 ",
    "HTTP/1.1 200",
    "HTTP/1.0 599 M\xfcll\ter",
    "HTTP/1.1 100 Continue",
  ])(
    "accepts %s",
    (line) => expect(response(`${line}\r\nContent-Length: 0\r\n\r\n`).errorCode).toBe(0),
  );
  it.each([
    ["HTTP/1.1 99 X", ParseError.BAD_STATUS],
    ["HTTP/1.1 099 X", ParseError.BAD_STATUS],
    ["HTTP/1.1 600 X", ParseError.BAD_STATUS],
    ["HTTP/1.1 20x X", ParseError.BAD_STATUS],
    ["HTTP/1.1 200OK", ParseError.BAD_STATUS],
    ["HTTP/1.1  200", ParseError.BAD_STATUS],
    ["HTTP/1.1\t200", ParseError.BAD_VERSION],
    ["HTTP/2.0 200 OK", ParseError.VERSION],
    ["ICY 200 OK", ParseError.BAD_VERSION],
    ["HTTP/1.1 200 a\0", ParseError.BAD_REASON],
    ["\r\nHTTP/1.1 200 OK", ParseError.BAD_VERSION],
  ])(
    "refuses %s",
    (line, code) =>
      expectRefused(response(`${line}\r\nContent-Length: 0\r\n\r\n`), code, parseErrorStatus(code)),
  );
});

describe("RFC 9112 section 5, field syntax", () => {
  it.each([
    ["X : 1", ParseError.SPACE_BEFORE_COLON],
    ["X\t: 1", ParseError.SPACE_BEFORE_COLON],
    [": 1", ParseError.EMPTY_FIELD_NAME],
    ["X", ParseError.MISSING_COLON],
    ["X(: 1", ParseError.BAD_FIELD_NAME],
    ["\xe9: 1", ParseError.BAD_FIELD_NAME],
    ["X\0: 1", ParseError.BAD_FIELD_NAME],
    ["X: \0", ParseError.BAD_FIELD_VALUE],
    ["X: \x7f", ParseError.BAD_FIELD_VALUE],
    ["X: \x0b1", ParseError.BAD_FIELD_VALUE],
    [" folded", ParseError.OBS_FOLD],
    ["\tfolded", ParseError.OBS_FOLD],
  ])("refuses %j", (line, code) => expectRefused(post(`${line}\r\n`), code));

  it("refuses the 101st field with 431", () => {
    expect(post("X: 1\r\n".repeat(99)).messages).toHaveLength(1);
    expectRefused(post("X: 1\r\n".repeat(100)), ParseError.TOO_MANY_FIELDS, 431);
  });
});

describe("RFC 9112 section 6.1, Transfer-Encoding", () => {
  it.each([
    ["gzip, chunked", ParseError.UNKNOWN_CODING, 501],
    ["identity", ParseError.UNKNOWN_CODING, 501],
    ["xchunked", ParseError.UNKNOWN_CODING, 501],
    ["chunked, chunked", ParseError.BAD_TRANSFER_ENCODING, 400],
    ["chunked, gzip", ParseError.BAD_TRANSFER_ENCODING, 400],
    ["chunked;q=1", ParseError.BAD_TRANSFER_ENCODING, 400],
    [", chunked", ParseError.BAD_TRANSFER_ENCODING, 400],
    ["chunked,", ParseError.BAD_TRANSFER_ENCODING, 400],
    ['"chunked"', ParseError.BAD_TRANSFER_ENCODING, 400],
    ["chunked\xa0", ParseError.BAD_TRANSFER_ENCODING, 400],
    ["", ParseError.BAD_TRANSFER_ENCODING, 400],
  ])(
    "refuses %j",
    (value, code, status) => expectRefused(post(`Transfer-Encoding: ${value}\r\n`), code, status),
  );

  it("refuses a second one, one beside Content-Length, one in HTTP/1.0, one with 204", () => {
    const chunked = "Transfer-Encoding: chunked\r\n";
    const length = "Content-Length: 1\r\n";
    expectRefused(post(chunked + chunked), ParseError.REPEATED_TRANSFER_ENCODING);
    expectRefused(post(chunked + length), ParseError.LENGTH_AND_CODING);
    expectRefused(post(length + chunked), ParseError.LENGTH_AND_CODING);
    expectRefused(request(`POST / HTTP/1.0\r\n${chunked}\r\n`), ParseError.CODING_IN_HTTP_1_0);
    expectRefused(response(`HTTP/1.1 204 X\r\n${chunked}\r\n`), ParseError.BODY_NOT_ALLOWED);
    expectRefused(response(`HTTP/1.1 200 X\r\n${length}${chunked}\r\n`), ParseError.LENGTH_AND_CODING);
  });
});

describe("RFC 9112 section 6.2, Content-Length", () => {
  it.each(["5, 5", "+5", "-5", "5 5", "0x5", "5.0", "", "five", "5;", "\xb2", "1e3"])(
    "refuses %j",
    (value) => {
      expectRefused(post(`Content-Length: ${value}\r\n`), ParseError.BAD_CONTENT_LENGTH);
    },
  );
  it("refuses two, equal or not, in requests and responses", () => {
    expectRefused(post("Content-Length: 0\r\nContent-Length: 0\r\n"), ParseError.REPEATED_CONTENT_LENGTH);
    const twice = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\n";
    expectRefused(response(twice), ParseError.REPEATED_CONTENT_LENGTH);
  });
  it("accepts up to 2^53-1", () => {
    expect(post("Content-Length: 9007199254740991\r\n").errorCode).toBe(0);
    expectRefused(post("Content-Length: 9007199254740992\r\n"), ParseError.CONTENT_LENGTH_TOO_LARGE);
    expectRefused(post("Content-Length: 99999999999999999999\r\n"), ParseError.CONTENT_LENGTH_TOO_LARGE);
  });
});

describe("RFC 9112 section 6.3, message body length", () => {
  it("ends a request without either field at its head", () => {
    expect(post("").messages[0].bodyKind).toBe(BodyKind.NONE);
  });
  it("keeps the bytes of the next request apart", () => {
    const seen = post("Content-Length: 3\r\n", "abcGET / HTTP/1.0\r\n\r\n");
    expect(seen.messages.map((message) => message.end - message.bodyStart)).toEqual([3, 0]);
  });
});

describe("RFC 9112 section 7.1, chunked", () => {
  const chunked = (body: string) => post("Transfer-Encoding: chunked\r\n", body);
  it.each([
    ["sign", "+5\r\nhello\r\n", ParseError.BAD_CHUNK_SIZE],
    ["prefix", "0x5\r\nhello\r\n", ParseError.BAD_CHUNK_SIZE],
    ["leading space", " 5\r\nhello\r\n", ParseError.BAD_CHUNK_SIZE],
    ["trailing space", "5 \r\nhello\r\n", ParseError.BAD_CHUNK_EXTENSION],
    ["underscore", "1_0\r\n", ParseError.BAD_CHUNK_SIZE],
    ["no size", "\r\nhello\r\n", ParseError.BAD_CHUNK_SIZE],
    ["no size, extension", ";a\r\n", ParseError.BAD_CHUNK_SIZE],
    ["14 digits", "00000000000001\r\n", ParseError.CHUNK_SIZE_TOO_LONG],
    ["bare CR after size", "5\rhello", ParseError.BARE_CR],
    ["LF after data", "1\r\na\n", ParseError.MISSING_CHUNK_END],
    ["CR alone after data", "1\r\na\r0", ParseError.MISSING_CHUNK_END],
    ["control in extension", "1;a=\x01\r\n", ParseError.BAD_CHUNK_EXTENSION],
    ["257 bytes of extension", `1;${"a".repeat(256)}\r\n`, ParseError.CHUNK_EXTENSION_TOO_LONG],
  ])("refuses: %s", (_, body, code) => expectRefused(chunked(body), code));

  it("accepts 13 digits, white space before an extension and 256 bytes of extensions", () => {
    const body = `0000000000001 \t;${"a".repeat(253)}\r\nx\r\n0\r\n\r\n`;
    expect(chunked(body).messages).toHaveLength(1);
  });
});

describe("RFC 9112 section 7.1.2, trailers", () => {
  const trailers = (text: string) => post("Transfer-Encoding: chunked\r\n", `0\r\n${text}\r\n`);
  it.each([
    "Content-Length: 1",
    "Transfer-Encoding: chunked",
    "Host: a",
    "Connection: close",
    "Trailer: x",
    "Cookie: a",
    "X-Forwarded-For: 1",
  ])(
    "refuses %s",
    (line) => expectRefused(trailers(`${line}\r\n`), ParseError.FORBIDDEN_TRAILER),
  );
  it.each([
    [" X: 1\r\n", ParseError.SPACE_BEFORE_FIRST_FIELD],
    ["X: 1\r\n 2\r\n", ParseError.OBS_FOLD],
    ["X : 1\r\n", ParseError.SPACE_BEFORE_COLON],
    ["X\r\n", ParseError.MISSING_COLON],
    [": 1\r\n", ParseError.EMPTY_FIELD_NAME],
    ["X: \0\r\n", ParseError.BAD_FIELD_VALUE],
    ["X: 1\n", ParseError.BARE_LF],
    ["X: 1\rY", ParseError.BARE_CR],
    ["X(: 1\r\n", ParseError.BAD_FIELD_NAME],
  ])("refuses %j", (text, code) => expectRefused(trailers(text), code));

  it("refuses the 51st field and the byte after 8 kB with 431", () => {
    expect(trailers("X: 1\r\n".repeat(50)).messages).toHaveLength(1);
    expectRefused(trailers("X: 1\r\n".repeat(51)), ParseError.TOO_MANY_FIELDS, 431);
    expect(trailers(`X: ${"a".repeat(8192 - 7)}\r\n`).messages).toHaveLength(1);
    expectRefused(trailers(`X: ${"a".repeat(8192 - 6)}\r\n`), ParseError.TRAILERS_TOO_LARGE, 431);
  });
});
