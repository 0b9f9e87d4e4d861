/** Whether a cache might keep an answer: the table of the module, row by row. @module */
import { describe, expect, it } from "vitest";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { isCacheable } from "../../../../src/protocol/http/cacheability.ts";
import { Method } from "../../../../src/protocol/http/method.ts";

function cacheable(fields: readonly string[], status = 200, method: number = Method.GET): boolean {
  const text = `xxHTTP/1.1 ${status} OK\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
  const bytes = new TextEncoder().encode(text);
  const head = new HeadParser("response");
  head.reset();
  expect(head.parse(bytes, 2, bytes.length)).toBe(ParseStatus.DONE);
  return isCacheable(head, bytes, 2, method);
}

const ETAG = 'ETag: "1"';

describe("an answer", () => {
  it.each<[string[], boolean]>([
    [[], false],
    [["Content-Type: text/plain"], false],
    [[ETAG], true],
    [["Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT"], true],
    [["expires: 0"], true],
    [["Cache-Control: max-age=60"], true],
    [["Cache-Control: s-maxage=60"], true],
    [["Cache-Control: max-age=0", ETAG], false],
    [["Cache-Control: max-age=0, s-maxage=60"], true],
    [["Cache-Control: private", ETAG], false],
    [["Cache-Control: no-store", ETAG], false],
    [["cache-control: MAX-AGE=60 , No-Cache"], false],
    [['Cache-Control: no-cache="set-cookie"', ETAG], true],
    [["Cache-Control: max-age=60", "Cache-Control: private"], false],
    [["Pragma: no-cache", ETAG], false],
    [["Pragma: other", ETAG], true],
  ])("with %j: %s", (fields, expected) => expect(cacheable(fields)).toBe(expected));

  it("depends on method and status, unless Cache-Control says public", () => {
    const methods = [Method.GET, Method.HEAD, Method.OPTIONS, Method.POST, Method.PUT, Method.DELETE];
    expect(methods.map((method) => cacheable([ETAG], 200, method))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    const statuses = [200, 201, 204, 206, 301, 302, 304, 404, 410, 500, 501];
    expect(statuses.filter((status) => cacheable([ETAG], status))).toEqual([
      200,
      204,
      206,
      301,
      404,
      410,
      501,
    ]);
    expect(cacheable([ETAG, "Cache-Control: public"], 302, Method.POST)).toBe(true);
  });
});
