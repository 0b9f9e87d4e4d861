import { describe, expect, it } from "vitest";
import {
  BodyKind,
  persists,
  requestFraming,
  responseFraming,
} from "../../../../src/protocol/http/framing.ts";
import { ConnectionFlag, MessageHead } from "../../../../src/protocol/http/message_head.ts";
import { Method } from "../../../../src/protocol/http/method.ts";

function headWith(facts: Partial<MessageHead>): MessageHead {
  return Object.assign(new MessageHead(true, 1), facts);
}
const CHUNKED = { isChunked: true };
const LENGTH = { contentLength: 5 };
const EMPTY = { contentLength: 0 };

describe("requestFraming", () => {
  it.each([["chunked", CHUNKED, BodyKind.CHUNKED], ["5", LENGTH, BodyKind.LENGTH], [
    "0",
    EMPTY,
    BodyKind.NONE,
  ], ["neither", {}, BodyKind.NONE]])(
    "%s",
    (_, facts, kind) => expect(requestFraming(headWith(facts))).toBe(kind),
  );
});

describe("responseFraming", () => {
  it.each([
    ["200 with a length", LENGTH, Method.GET, 200, BodyKind.LENGTH],
    ["200 with length 0", EMPTY, Method.GET, 200, BodyKind.NONE],
    ["200 chunked", CHUNKED, Method.GET, 200, BodyKind.CHUNKED],
    ["200 with neither", {}, Method.GET, 200, BodyKind.UNTIL_CLOSE],
    ["200 to HEAD", LENGTH, Method.HEAD, 200, BodyKind.NONE],
    ["chunked to HEAD", CHUNKED, Method.HEAD, 200, BodyKind.NONE],
    ["100", {}, Method.GET, 100, BodyKind.NONE],
    ["101", {}, Method.GET, 101, BodyKind.TUNNEL],
    ["204", {}, Method.GET, 204, BodyKind.NONE],
    ["304 with a length", LENGTH, Method.GET, 304, BodyKind.NONE],
    ["200 to CONNECT", LENGTH, Method.CONNECT, 200, BodyKind.TUNNEL],
    ["404 to CONNECT", LENGTH, Method.CONNECT, 404, BodyKind.LENGTH],
    ["404 with neither", {}, Method.POST, 404, BodyKind.UNTIL_CLOSE],
  ])(
    "%s",
    (_, facts, method, status, kind) => expect(responseFraming(headWith(facts), method, status)).toBe(kind),
  );
});

describe("persists", () => {
  it.each([
    ["1.1", 1, 0, true],
    ["1.1 close", 1, ConnectionFlag.CLOSE, false],
    ["1.1 close, keep-alive", 1, ConnectionFlag.CLOSE | ConnectionFlag.KEEP_ALIVE, false],
    ["1.0", 0, 0, false],
    ["1.0 keep-alive", 0, ConnectionFlag.KEEP_ALIVE, true],
    ["1.0 close, keep-alive", 0, ConnectionFlag.CLOSE | ConnectionFlag.KEEP_ALIVE, false],
  ])("%s", (_, versionMinor, connectionFlags, expected) => {
    expect(persists(headWith({ versionMinor, connectionFlags }))).toBe(expected);
  });
});
