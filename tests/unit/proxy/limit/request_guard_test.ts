/** What an HTTP listener asks about a request. @module */
import { describe, expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { RequestGuard } from "../../../../src/proxy/limit/request_guard.ts";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";
import { configOf } from "../../../support/config/written.ts";

function guard(flags: string): RequestGuard | null {
  return RequestGuard.of(configOf(`hadro ${flags} -b :1`).listeners[0]!);
}

function headOf(text: string): HeadParser {
  const head = new HeadParser("request", 200);
  const bytes = latin1(text);
  expect(head.parse(bytes, 0, bytes.length)).toBe(ParseStatus.DONE);
  return head;
}

const HEAD = headOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const client = () => new ClientIdentity({ kind: "tcp", host: "10.0.0.1", port: 1 }, []);

describe("RequestGuard", () => {
  it("is nothing where there is nothing to ask", () => expect(guard("-l :80")).toBeNull());
  it("answers 403 to a client that was denied when it came", () => {
    const asked = guard("-l :80 --deny 10.0.0.0/8")!;
    const denied = client();
    expect(asked.admits(denied, HEAD)).toBe(true);
    denied.denial = "so";
    expect([asked.admits(denied, HEAD), asked.status, asked.why]).toEqual([false, 403, "so"]);
  });
  it("answers 431 to a head with more headers, or larger, than it may be", () => {
    const few = guard("-l :80,max-headers=1")!;
    expect(few.admits(client(), HEAD)).toBe(true);
    expect(few.admits(client(), headOf("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n"))).toBe(false);
    expect([few.status, few.why]).toEqual([431, "2 headers are more than max-headers 1"]);
    const small = guard("-l :80,max-header-size=256")!;
    const head = (size: number) => headOf(`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(size - 32)}\r\n\r\n`);
    expect([small.admits(client(), head(256)), small.admits(client(), head(257)), small.status]).toEqual([
      true,
      false,
      431,
    ]);
  });
});
