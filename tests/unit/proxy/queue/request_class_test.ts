/** What class a request says it waits in. @module */
import { describe, expect, it } from "vitest";
import { IoClass } from "../../../../src/event/io_queue.ts";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { NO_CLASS, RequestClass } from "../../../../src/proxy/queue/request_class.ts";

const BASE = 5;

/** The class of a request with these field lines, by its header X-Prio. */
function classOf(...fields: string[]): number {
  const text = ["GET /high HTTP/1.1", "Host: high", ...fields, "", ""].join("\r\n");
  const bytes = Uint8Array.from([...new Uint8Array(BASE), ...new TextEncoder().encode(text)]);
  const head = new HeadParser("request");
  expect(head.parse(bytes, BASE, bytes.length)).toBe(ParseStatus.DONE);
  return new RequestClass("x-prio").of(head, bytes, BASE);
}

describe("the class of a request", () => {
  it.each([
    ["X-Prio: high", IoClass.INTERACTIVE],
    ["X-Prio: normal", IoClass.NORMAL],
    ["X-Prio: low", IoClass.BULK],
    ["x-pRIO:HiGH", IoClass.INTERACTIVE],
    ["X-Prio: \t LOW \t", IoClass.BULK],
    ["X-Prio: low, high", IoClass.BULK],
    ["X-Prio: higher", NO_CLASS],
    ["X-Prio: hig", NO_CLASS],
    ["X-Prio: 1", NO_CLASS],
    ["X-Prio: , high", NO_CLASS],
    ["X-Prio:", NO_CLASS],
    ["X-Prios: high", NO_CLASS],
    ["Cookie: X-Prio=high", NO_CLASS],
  ])("with %j", (field, expected) => expect(classOf(field)).toBe(expected));

  it("is that of the first such header; none without one", () => {
    expect(classOf("A: low", "X-Prio: normal", "X-Prio: high")).toBe(IoClass.NORMAL);
    expect(classOf("X-Prio: what", "X-Prio: high")).toBe(NO_CLASS);
    expect(classOf()).toBe(NO_CLASS);
  });
});
