/** HTTP/2 messages as HTTP/1.1 heads, byte by byte. @module */
import { describe, expect, it } from "vitest";
import { MessageCheck } from "../../../../src/protocol/h2/message_check.ts";
import {
  h1LengthMax,
  writeRequestHead,
  writeResponseHead,
  writeTrailers,
} from "../../../../src/protocol/h2/to_h1.ts";
import { Method } from "../../../../src/protocol/http/method.ts";
import { bytesOf } from "../../../conformance/h1/replay.ts";
import { type Field, latin1Of, listOf } from "../../../support/h2/fields.ts";

const KEY = bytesOf("dGhlIHNhbXBsZSBub25jZQ==");
const GET: readonly Field[] = [[":method", "GET"], [":scheme", "http"], [":authority", "a.test"], [
  ":path",
  "/p?q",
]];
const post = (fields: readonly Field[]): Field[] => [[":method", "POST"], ...GET.slice(1), ...fields];

function request(fields: readonly Field[], isEnd = true): string {
  const check = new MessageCheck();
  const list = listOf(fields);
  expect(check.checkRequest(list, isEnd, true)).toBe(0);
  const into = new Uint8Array(2000);
  const end = writeRequestHead(list, check, isEnd, KEY, into, 7, into.length);
  expect(end - 7).toBeLessThanOrEqual(h1LengthMax(list, KEY.length));
  return latin1Of(into, 7, end - 7);
}

function response(
  fields: readonly Field[],
  isEnd: boolean,
  method: number = Method.GET,
  switching: string | null = null,
): string {
  const check = new MessageCheck();
  const list = listOf(fields);
  expect(check.checkResponse(list, isEnd, method)).toBe(0);
  const into = new Uint8Array(2000);
  const lines = switching === null ? null : bytesOf(switching);
  return latin1Of(into, 0, writeResponseHead(list, check, isEnd, method, lines, into, 0, into.length));
}

describe("a request", () => {
  it("has its authority as Host, first", () => {
    expect(request([...GET, ["accept", "*/*"], ["x-a", ""]])).toBe(
      "GET /p?q HTTP/1.1\r\nhost: a.test\r\naccept: */*\r\nx-a: \r\n\r\n",
    );
    const byHost: Field[] = [...GET.filter(([name]) => name !== ":authority"), ["x-a", "1"], [
      "host",
      "h.test:81",
    ]];
    expect(request(byHost)).toBe("GET /p?q HTTP/1.1\r\nhost: h.test:81\r\nx-a: 1\r\n\r\n");
    expect(request([...GET, ["host", "A.test:80"]])).toBe("GET /p?q HTTP/1.1\r\nhost: a.test\r\n\r\n");
  });

  it("has one Cookie, its crumbs joined", () => {
    expect(request([...GET, ["cookie", "a=1"], ["x-a", "1"], ["cookie", "b=2; c=3"], ["cookie", "d"]])).toBe(
      "GET /p?q HTTP/1.1\r\nhost: a.test\r\nx-a: 1\r\ncookie: a=1; b=2; c=3; d\r\n\r\n",
    );
  });

  it("is chunked when it has a body without a length, and says 0 where a body is expected", () => {
    expect(request(post([]), false)).toContain("\r\ntransfer-encoding: chunked\r\n\r\n");
    expect(request(GET, false)).toContain("\r\ntransfer-encoding: chunked\r\n\r\n");
    expect(request(post([["content-length", "5"]]), false)).toMatch(/content-length: 5\r\n\r\n$/);
    expect(request(post([]))).toContain("\r\ncontent-length: 0\r\n\r\n");
    expect(request(post([["content-length", "0"]]))).toMatch(/host: a.test\r\ncontent-length: 0\r\n\r\n$/);
    expect(request(GET)).not.toMatch(/content-length|chunked/);
  });

  it("says te only together with connection", () => {
    expect(request([...GET, ["te", "trailers"]])).toBe(
      "GET /p?q HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\nconnection: te\r\n\r\n",
    );
  });

  it("CONNECT has the authority as its target, and no framing", () => {
    expect(request([[":method", "CONNECT"], [":authority", "a.test:443"], ["x-a", "1"]], false)).toBe(
      "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\nx-a: 1\r\n\r\n",
    );
  });

  it("CONNECT with :protocol is an upgrade, for WebSocket with a key of ours (RFC 8441)", () => {
    const fields: Field[] = [[":method", "CONNECT"], [":protocol", "websocket"], ...GET.slice(1)];
    expect(request([...fields, ["sec-websocket-version", "13"], ["sec-websocket-key", "theirs"]], false))
      .toBe(
        "GET /p?q HTTP/1.1\r\nhost: a.test\r\nsec-websocket-version: 13\r\n" +
          "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      );
    const other: Field[] = [[":method", "CONNECT"], [":protocol", "connect-udp"], ...GET.slice(1)];
    expect(request(other, false)).toMatch(/upgrade: connect-udp\r\n\r\n$/);
  });

  it("is not written at all without room for the longest form", () => {
    const check = new MessageCheck();
    const list = listOf(GET);
    check.checkRequest(list, true, true);
    const needed = h1LengthMax(list, KEY.length);
    const into = new Uint8Array(needed);
    expect(writeRequestHead(list, check, true, KEY, into, 0, needed - 1)).toBe(-1);
    expect(into.every((octet) => octet === 0)).toBe(true);
    expect(writeRequestHead(list, check, true, KEY, into, 0, needed)).toBeGreaterThan(0);
  });
});

describe("a response", () => {
  it("has a status line with a reason, and its fields", () => {
    expect(response([[":status", "404"], ["server", "x"], ["content-length", "3"]], false)).toBe(
      "HTTP/1.1 404 Not Found\r\nserver: x\r\ncontent-length: 3\r\n\r\n",
    );
    expect(response([[":status", "299"], ["content-length", "3"]], false)).toMatch(
      /^HTTP\/1.1 299 Success\r\n/,
    );
  });

  it.each<[string, string, boolean, number, string]>([
    ["200", "chunks", false, Method.GET, "transfer-encoding: chunked\r\n"],
    ["200", "0", true, Method.GET, "content-length: 0\r\n"],
    ["500", "0", true, Method.POST, "content-length: 0\r\n"],
    ["200", "nothing, to HEAD", true, Method.HEAD, ""],
    ["204", "nothing", true, Method.GET, ""],
    ["304", "nothing", true, Method.GET, ""],
    ["103", "nothing", false, Method.GET, ""],
  ])("%s says of its length: %s", (status, _, isEnd, method, framing) => {
    const head = response([[":status", status]], isEnd, method);
    expect(head.slice(head.indexOf("\r\n") + 2)).toBe(`${framing}\r\n`);
  });

  it("2xx to an extended CONNECT is 101; another status stays what it is", () => {
    const lines = "connection: upgrade\r\nupgrade: websocket\r\n";
    expect(
      response([[":status", "200"], ["x-a", "1"], ["content-length", "0"]], false, Method.CONNECT, lines),
    ).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nx-a: 1\r\n${lines}\r\n`,
    );
    expect(response([[":status", "403"]], true, Method.CONNECT, lines)).toBe(
      "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
    );
  });
});

describe("trailers", () => {
  it("are lines, without the empty one", () => {
    const into = new Uint8Array(1000);
    const end = writeTrailers(listOf([["grpc-status", "0"], ["x-b", "c d"]]), into, 0, into.length);
    expect(latin1Of(into, 0, end)).toBe("grpc-status: 0\r\nx-b: c d\r\n");
  });
});
