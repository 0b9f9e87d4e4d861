/** Which requests a rate concerns, and by what it knows them. @module */
import { describe, expect, it } from "vitest";
import { HeadParser, ParseStatus } from "../../../../src/protocol/h1/head_parser.ts";
import { ClientIdentity } from "../../../../src/proxy/client_identity.ts";
import { RequestRates } from "../../../../src/proxy/limit/request_rates.ts";
import { configOf } from "../../../support/config/written.ts";
import { latin1 } from "../../../support/sim/sim_peer.ts";

const NOW_MS = 1_000;

/** Asks for requests "path headers" of a client, one after another, at one time; which were admitted. */
function asking(rate: string): (target: string, headers?: string, key?: number) => boolean {
  const rates = new RequestRates(configOf(`hadro -l :80,rate=${rate} -b :1`).listeners[0]!.limits.rates, 1);
  return (target, headers = "", key = 1) => {
    const client = new ClientIdentity({ kind: "tcp", host: "10.0.0.1", port: 1 }, []);
    client.keyHigh = key;
    const head = new HeadParser("request");
    const bytes = latin1(`??GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    expect(head.parse(bytes, 2, bytes.length)).toBe(ParseStatus.DONE);
    return rates.admits(client, head, bytes, 2, NOW_MS);
  };
}

describe("RequestRates", () => {
  it("src: knows clients by their keys", () => {
    const ask = asking("1/m");
    expect([ask("/"), ask("/x"), ask("/", "", 2), ask("/", "", 2)]).toEqual([true, false, true, false]);
  });
  it("src@: concerns requests under a path only", () => {
    const ask = asking("src@/login:1/m");
    expect([ask("/login"), ask("/loginx"), ask("/"), ask("/login/x?y")]).toEqual([true, true, true, false]);
    expect([ask("http://a/login"), ask("/login", "", 2)]).toEqual([false, true]);
  });
  it("hdr: knows requests by the value of the first such header, whoever sends them; without it they are free", () => {
    const ask = asking("hdr:X-Key:1/m");
    expect([ask("/", "x-key: one\r\n"), ask("/", "X-KEY:  one \r\n", 2), ask("/", "X-Key: two\r\n")]).toEqual(
      [
        ...[true, false, true],
      ],
    );
    expect([ask("/", "X-Key: one\r\nX-Key: three\r\n"), ask("/"), ask("/"), ask("/", "X-Keys: one\r\n")])
      .toEqual([
        ...[false, true, true, true],
      ]);
  });
  it("path: has one account for all", () => {
    const ask = asking("path:/api/:2/m");
    expect([ask("/api/1"), ask("/api/2", "", 2), ask("/api/3", "", 3), ask("/api")]).toEqual([
      ...[true, true, false, true],
    ]);
  });
  it("of several all must admit", () => {
    const ask = asking("3/m+src@/a:1/m");
    expect([ask("/a"), ask("/a"), ask("/b"), ask("/b")]).toEqual([true, false, true, false]);
  });
});
