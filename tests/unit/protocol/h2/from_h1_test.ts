/** HTTP/1 heads as HTTP/2 field lists. @module */
import { describe, expect, it } from "vitest";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { requestToFields, responseToFields, trailersToFields } from "../../../../src/protocol/h2/from_h1.ts";
import { bytesOf } from "../../../conformance/h1/replay.ts";
import { fieldsOf, newList } from "../../../support/h2/fields.ts";

function request(text: string, isHttps = false, asExtendedConnect = false) {
  const bytes = bytesOf(`??${text}`);
  const head = new HeadParser("request");
  expect(head.parse(bytes, 2, bytes.length)).toBe(ParseStatus.DONE);
  const list = newList();
  expect(requestToFields(head, bytes, 2, isHttps, asExtendedConnect, list)).toBe(true);
  return fieldsOf(list);
}

function response(text: string, isSwitching = false) {
  const bytes = bytesOf(`?${text}`);
  const head = new HeadParser("response");
  expect(head.parse(bytes, 1, bytes.length)).toBe(ParseStatus.DONE);
  const list = newList();
  expect(responseToFields(head, bytes, 1, isSwitching, list)).toBe(true);
  return fieldsOf(list);
}

const target = (line: string, isHttps = false) =>
  Object.fromEntries(
    request(`${line} HTTP/1.1\r\nHost: a.test\r\n\r\n`, isHttps).map(([name, value]) => [name, value]),
  );

describe("a request", () => {
  it("has pseudo-headers first, then its fields with lower-case names", () => {
    expect(request("\r\nGET /p?q HTTP/1.1\r\nAccept: */*\r\nHOST: a.test:81\r\nX-A:  b C \r\n\r\n")).toEqual([
      [":method", "GET"],
      [":scheme", "http"],
      [":authority", "a.test:81"],
      [":path", "/p?q"],
      ["accept", "*/*"],
      ["x-a", "b C"],
    ]);
  });

  it.each([
    ["GET /", "/"],
    ["GET http://a.test/x?y", "/x?y"],
    ["GET http://a.test", "/"],
    ["GET http://a.test?y", "/?y"],
    ["OPTIONS *", "*"],
    ["OPTIONS http://a.test", "*"],
    ["OPTIONS http://a.test/", "/"],
  ])("%s has the path %s", (line, path) => {
    expect(target(line)).toMatchObject({ ":authority": "a.test", ":path": path });
  });

  it("has the scheme that its connection to us had", () => {
    expect(target("GET /", true)[":scheme"]).toBe("https");
  });

  it("has no :authority without Host, and only that for CONNECT", () => {
    expect(request("GET / HTTP/1.0\r\n\r\n").map(([name]) => name)).toEqual([":method", ":scheme", ":path"]);
    expect(request("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")).toEqual([
      [":method", "CONNECT"],
      [":authority", "a.test:443"],
    ]);
  });

  it("leaves out what belongs to the connection, and what Connection lists", () => {
    const fields = request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Private, TE, x-forwarded-for, Cookie\r\nKeep-Alive: 1\r\n" +
        "Proxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nTE: gzip, Trailers\r\nx-private: 1\r\n" +
        "X-Forwarded-For: 1.2.3.4\r\nTransfer-Encoding: chunked\r\nCookie: a=b\r\n\r\n",
    );
    expect(fields.slice(4)).toEqual([["te", "trailers"], ["x-forwarded-for", "1.2.3.4"], ["cookie", "a=b"]]);
  });

  it("leaves out TE without trailers", () => {
    expect(request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=1\r\n\r\n").length).toBe(4);
  });

  it("for a WebSocket is an extended CONNECT, without its key (RFC 8441)", () => {
    const text = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" +
      "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n";
    expect(request(text, true, true)).toEqual([
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "https"],
      [":authority", "a"],
      [":path", "/chat"],
      ["sec-websocket-version", "13"],
    ]);
  });

  it("that does not fit is not taken for one", () => {
    const bytes = bytesOf("GET / HTTP/1.1\r\nHost: a\r\nX-A: 12345678\r\n\r\n");
    const head = new HeadParser("request");
    head.parse(bytes, 0, bytes.length);
    for (let size = 0; size < 240; size++) {
      const list = newList(size);
      const isWhole = requestToFields(head, bytes, 0, false, false, list);
      expect(isWhole).toBe(list.count === 5);
      expect(list.sizeBytes).toBeLessThanOrEqual(size);
    }
    expect(requestToFields(head, bytes, 0, false, false, newList(1000, 4))).toBe(false);
  });
});

describe("a response", () => {
  it("has :status, and its fields without those of the connection", () => {
    expect(
      response(
        "HTTP/1.1 404 Not Found\r\nServer: x\r\nConnection: close\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTE: x\r\n\r\n",
      ),
    )
      .toEqual([[":status", "404"], ["server", "x"], ["set-cookie", "a"], ["set-cookie", "b"]]);
  });

  it("101 to an extended CONNECT is 200, without its key (RFC 8441)", () => {
    const text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Accept: abc\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    expect(response(text, true)).toEqual([[":status", "200"], ["sec-websocket-protocol", "chat"]]);
    expect(response("HTTP/1.1 403 No\r\nX-A: 1\r\n\r\n", true)).toEqual([[":status", "403"], ["x-a", "1"]]);
  });
});

describe("trailers", () => {
  it.each(["", "\r\n"])("are fields, with and without the empty line at their end: %j", (last) => {
    const bytes = bytesOf(`?Grpc-Status: 0\r\nX-B:\t c d \r\nx-empty:\r\n${last}`);
    const list = newList();
    expect(trailersToFields(bytes, 1, bytes.length, list)).toBe(true);
    expect(fieldsOf(list)).toEqual([["grpc-status", "0"], ["x-b", "c d"], ["x-empty", ""]]);
    expect(trailersToFields(bytes, 1, bytes.length, newList(60))).toBe(false);
  });
});
