/** The answers that hadro gives itself, byte by byte. @module */
import { describe, expect, it } from "vitest";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { ErrorReplies, mayKeepAlive, type Reply, RETRY_AFTER_S } from "../../../src/proxy/error_reply.ts";

const replies = new ErrorReplies();

/** Every status that hadro answers by itself, with reason and sentence. */
const TEXTS = [
  [400, "Bad Request", "The request could not be understood."],
  [401, "Unauthorized", "This listener asks for a user and a password."],
  [403, "Forbidden", "This client may not use this listener."],
  [404, "Not Found", "No route of this listener matches the request."],
  [405, "Method Not Allowed", "This method is not allowed here."],
  [408, "Request Timeout", "The request took too long."],
  [413, "Content Too Large", "The request is too large."],
  [414, "URI Too Long", "The request target is too long."],
  [431, "Request Header Fields Too Large", "The request's header fields are too large."],
  [500, "Internal Server Error", "The proxy failed to handle the request."],
  [501, "Not Implemented", "The request uses a transfer coding that is not implemented."],
  [502, "Bad Gateway", "The server gave an invalid or incomplete response."],
  [503, "Service Unavailable", "No server is available to handle this request."],
  [504, "Gateway Timeout", "The server did not respond in time."],
  [505, "HTTP Version Not Supported", "This version of HTTP is not supported."],
] as const;

function text(reply: Reply, sizeBytes = reply.totalBytes): string {
  return new TextDecoder().decode(replies.slab.bytes.subarray(reply.offset, reply.offset + sizeBytes));
}

describe("ErrorReplies", () => {
  it.each(TEXTS)("answers %i with %s in words, and keeps the connection", (status, reason, sentence) => {
    const body = `${status} ${reason}\n${sentence}\n`;
    const allow = status === 405 ? "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" : "";
    const challenge = status === 401 ? 'www-authenticate: Basic realm="hadro", charset="UTF-8"\r\n' : "";
    expect(text(replies.get(status, false))).toBe(
      `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${body.length}\r\ncache-control: no-cache\r\n` +
        `content-type: text/plain\r\n${allow}${challenge}\r\n${body}`,
    );
  });

  it.each(TEXTS)("answers %i the same with connection: close", (status) => {
    const kept = text(replies.get(status, false));
    const closing = text(replies.get(status, true));
    expect(closing).toBe(kept.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  });

  it.each(TEXTS)("says where the head of %i ends, for HEAD", (status) => {
    for (const closes of [false, true]) {
      const reply = replies.get(status, closes);
      expect(text(reply, reply.headBytes)).toMatch(/^HTTP\/1\.1 [^]*\r\n\r\n$/);
      expect(text(reply, reply.headBytes).indexOf("\r\n\r\n")).toBe(reply.headBytes - 4);
    }
  });

  it.each(TEXTS)("writes %i so that hadro's own parser reads it", (status) => {
    const reply = replies.get(status, true);
    const parser = new HeadParser("response");
    const { bytes } = replies.slab;
    expect(parser.parse(bytes, reply.offset, reply.offset + reply.totalBytes)).toBe(ParseStatus.DONE);
    expect(parser.contentLength).toBe(reply.totalBytes - reply.headBytes);
  });

  it("keeps every answer in its own place, within the slab", () => {
    const all = [...TEXTS, ...RETRY_AFTER_S.map((seconds) => [429, seconds * 1_000] as const)].flatMap((
      [status, waitMs],
    ) => [false, true].map((closes) => replies.get(status, closes, typeof waitMs === "number" ? waitMs : 0)));
    const sorted = all.toSorted((a, b) => a.offset - b.offset);
    sorted.forEach((reply, i) => {
      const end = reply.offset + reply.totalBytes;
      expect(end).toBeLessThanOrEqual(sorted[i + 1]?.offset ?? replies.slab.bytes.length);
    });
  });

  it.each([[0, 1], [1, 1], [1_000, 1], [1_001, 2], [10_001, 12], [61_000, 90], [86_400_000, 86_400], [
    1e9,
    86_400,
  ]])(
    "says with 429 to come again, for %i ms after %i s",
    (waitMs, seconds) => {
      const body = "429 Too Many Requests\nThis client sends more requests than it may.\n";
      expect(text(replies.get(429, true, waitMs))).toBe(
        `HTTP/1.1 429 Too Many Requests\r\ncontent-length: ${body.length}\r\ncache-control: no-cache\r\n` +
          `content-type: text/plain\r\nretry-after: ${seconds}\r\nconnection: close\r\n\r\n${body}`,
      );
    },
  );

  it("keeps connections after what is over with waiting", () => {
    expect([400, 401, 403, 413, 429, 431, 503].filter(mayKeepAlive)).toEqual([401, 429, 503]);
  });
});
