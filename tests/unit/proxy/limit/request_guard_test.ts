/** What an HTTP listener asks about a request. @module */
import { describe, expect, it } from "vitest";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { RequestGuard } from "../../../../src/proxy/limit/request_guard.ts";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";
import { configOf } from "../../../support/config/written.ts";

function guard(flags: string): RequestGuard | null {
  return RequestGuard.of(configOf(`hadro ${flags} -b :1`).listeners[0]!, 1);
}

const NO_BYTES = new Uint8Array(0);

function admits(asked: RequestGuard, from: ClientIdentity, head: HeadParser): boolean {
  return asked.admits(from, head, NO_BYTES, 0, 1_000);
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
    expect(admits(asked, denied, HEAD)).toBe(true);
    denied.denial = "so";
    expect([admits(asked, denied, HEAD), asked.status, asked.why]).toEqual([false, 403, "so"]);
  });
  it("answers 431 to a head with more headers, or larger, than it may be", () => {
    const few = guard("-l :80,max-headers=1")!;
    expect(admits(few, client(), HEAD)).toBe(true);
    expect(admits(few, client(), headOf("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n"))).toBe(false);
    expect([few.status, few.why]).toEqual([431, "2 headers are more than max-headers 1"]);
    const small = guard("-l :80,max-header-size=256")!;
    const head = (size: number) => headOf(`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(size - 32)}\r\n\r\n`);
    expect([admits(small, client(), head(256)), admits(small, client(), head(257)), small.status]).toEqual([
      true,
      false,
      431,
    ]);
  });

  it("answers 429 to a request above its rate, and says when to come again", () => {
    const asked = guard("-l :80,rate=2/m")!;
    expect([admits(asked, client(), HEAD), admits(asked, client(), HEAD), admits(asked, client(), HEAD)])
      .toEqual([
        ...[true, true, false],
      ]);
    expect([asked.status, asked.why, asked.waitMs]).toEqual([
      429,
      "more requests of 10.0.0.1 than rate 2/m",
      30_000,
    ]);
  });
});
