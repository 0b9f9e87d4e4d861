/** What is hashed of a request: equal keys mean the same server. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBalance } from "../../../src/config/balance_values.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { HASH_START, hashBytes, keyOf, NO_KEY } from "../../../src/proxy/balance/hash_key.ts";
import { ClientIdentity } from "../../../src/proxy/client_identity.ts";
import { KeyReader } from "../../../src/proxy/key_reader.ts";

const BASE = 7;
const CLIENT = client("10.0.0.9");

function client(host: string): ClientIdentity {
  return new ClientIdentity({ kind: "tcp", host, port: 4_000 }, []);
}

/** The key of a request with this target and these field lines. */
function keyOfRequest(lb: string, target: string, fields: readonly string[] = [], from = CLIENT): number {
  const reader = new KeyReader(readBalance(lb, { source: "--lb", word: lb, column: 0 }, "http"));
  const text = [`GET ${target} HTTP/1.1`, "Host: a.test", ...fields, "", ""].join("\r\n");
  const bytes = Uint8Array.from([...new Uint8Array(BASE), ...new TextEncoder().encode(text)]);
  const head = new HeadParser("request");
  expect(head.parse(bytes, BASE, bytes.length)).toBe(ParseStatus.DONE);
  return reader.ofRequest(head, bytes, BASE, from);
}

/** The key of what was hashed. */
function keyOfText(text: string): number {
  const bytes = new TextEncoder().encode(text);
  return keyOf(hashBytes(HASH_START, bytes, 0, bytes.length));
}

describe("sni", () => {
  it("is the name in the client hello, whoever the client is; none without a name", () => {
    const reader = new KeyReader(readBalance("sni", { source: "", word: "", column: 0 }, "sni"));
    expect(reader.ofClient(CLIENT, "a.test")).toBe(reader.ofClient(client("10.0.0.10"), "a.test"));
    expect(reader.ofClient(CLIENT, "a.test")).not.toBe(reader.ofClient(CLIENT, "b.test"));
    expect(reader.ofClient(CLIENT, "")).toBe(NO_KEY);
    expect(reader.ofClient(CLIENT)).toBe(NO_KEY);
  });
});

describe("source", () => {
  it("is the client's address, not its port, and no part of the request", () => {
    const key = keyOfRequest("source", "/a", ["X: 1"]);
    expect(key).toBe(keyOfRequest("source", "/b"));
    expect(key).toBe(
      new KeyReader(readBalance("source", { source: "", word: "", column: 0 }, "tcp")).ofClient(CLIENT),
    );
    expect(key).not.toBe(keyOfRequest("source", "/a", [], client("10.0.0.8")));
  });
  it("of an IPv4 client is the same on a dual-stack listener", () => {
    expect(keyOfRequest("source", "/", [], client("::ffff:10.0.0.9"))).toBe(keyOfRequest("source", "/"));
  });
  it("is none over a unix socket, and none with other algorithms", () => {
    const unix: SocketAddress = { kind: "unix", path: "/run/a" };
    expect(keyOfRequest("source", "/", [], new ClientIdentity(unix, []))).toBe(NO_KEY);
    expect(keyOfRequest("roundrobin", "/")).toBe(NO_KEY);
    const reader = new KeyReader(readBalance("uri", { source: "", word: "", column: 0 }, "http"));
    expect(reader.ofClient(CLIENT)).toBe(NO_KEY);
  });
});

describe("uri", () => {
  it.each([
    ["uri", "/a/b?c=d", "/a/b"],
    ["uri", "/", "/"],
    ["uri", "/?x", "/"],
    ["uri", "http://a.test/a/b?c", "/a/b"],
    ["uri", "http://a.test", "/"],
    ["uri", "http://a.test?c/d", "/"],
    ["uri:whole", "/a/b?c=d/e", "/a/b?c=d/e"],
    ["uri:whole", "http://a.test?c", "/?c"],
    ["uri:len=4", "/abcdef", "/abc"],
    ["uri:len=4", "/ab?cd", "/ab"],
    ["uri:len=1", "http://a.test", "/"],
    ["uri:len=4:whole", "/a?bcd", "/a?b"],
    ["uri:depth=1", "/a/b/c", "/a"],
    ["uri:depth=2", "/a/b/c", "/a/b"],
    ["uri:depth=2", "/a", "/a"],
    ["uri:depth=1", "/a/", "/a"],
    ["uri:depth=1:whole", "/a?b/c", "/a?b"],
    ["uri:len=3:depth=2", "/a/b/c", "/a/"],
    ["uri:len=9:depth=1", "/a/b/c", "/a"],
  ])("%s of %s is %s", (lb, target, hashed) => {
    expect(keyOfRequest(lb, target)).toBe(keyOfText(hashed));
  });

  it("of OPTIONS * is the asterisk", () => {
    const bytes = new TextEncoder().encode("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    const head = new HeadParser("request");
    head.parse(bytes, 0, bytes.length);
    const reader = new KeyReader(readBalance("uri", { source: "", word: "", column: 0 }, "http"));
    expect(reader.ofRequest(head, bytes, 0, CLIENT)).toBe(keyOfText("*"));
  });
});

describe("hdr", () => {
  it.each([
    ["hdr:x-user", ["X-User: anna"], "anna"],
    ["hdr:x-user", ["x-USER:   anna  "], "anna"],
    ["hdr:x-user", ["X-Usex: eve", "X-User: anna", "X-User: eve"], "anna"],
    ["hdr:x-user", ["X-User: anna , eve"], "anna"],
    ["hdr:x-user", ['X-User: "a,\\",b" ;c, eve'], '"a,\\",b" ;c'],
    ["hdr:user-agent", ["User-Agent: curl/8.5"], "curl/8.5"],
    ["hdr:host", [], "a.test"],
  ])("%s of %j is %s", (lb, fields, hashed) => {
    expect(keyOfRequest(lb, "/", fields)).toBe(keyOfText(hashed));
  });
  it.each([
    ["absent", ["X-Other: 1", "X-User-2: 1", "X-Use: 1"]],
    ["empty", ["X-User:"]],
    ["empty before a comma", ["X-User: , eve"]],
  ])("has no key when it is %s", (_, fields) => {
    expect(keyOfRequest("hdr:x-user", "/", fields)).toBe(NO_KEY);
  });
});

describe("cookie", () => {
  it.each([
    [["Cookie: sid=abc"], "abc"],
    [["Cookie: a=1; sid=abc; b=2"], "abc"],
    [["Cookie: a=1;sid=abc"], "abc"],
    [["Cookie: xsid=1; sidx=2; SID=3; sid=abc"], "abc"],
    [["Cookie: a=1", "Cookie: sid=abc"], "abc"],
    [["Cookie: sid=a=b==; c=d"], "a=b=="],
    [["Cookie: sid=abc ; c=d"], "abc"],
  ])("of %j is %s", (fields, hashed) => {
    expect(keyOfRequest("cookie:sid", "/", fields)).toBe(keyOfText(hashed));
  });
  it.each([[[]], [["Cookie: a=1"]], [["Cookie: sid="]], [["Cookie: sid"]], [["X: sid=1"]], [[
    "Cookie: a=sid=1",
  ]]])(
    "is none with %j",
    (fields) => expect(keyOfRequest("cookie:sid", "/", fields)).toBe(NO_KEY),
  );
});

describe("url_param", () => {
  it.each([
    ["/?id=7", "7"],
    ["/a?x=1&id=7&y=2", "7"],
    ["/?xid=1&idx=2&id=7&id=8", "7"],
    ["/?id=a=b/c?d", "a=b/c?d"],
    ["http://a.test?id=7", "7"],
  ])("of %s is %s", (target, hashed) => {
    expect(keyOfRequest("url_param:id", target)).toBe(keyOfText(hashed));
  });
  it.each(["/", "/?", "/id=7", "/?id", "/?id=", "/?id=&x=1", "/?ID=7", "/?x=id=7", "/&id=7"])(
    "is none with %s",
    (target) => expect(keyOfRequest("url_param:id", target)).toBe(NO_KEY),
  );
});

describe("keys of any request", () => {
  it("are read within the head, whatever it is", () => {
    const text = fc.string({ unit: fc.constantFrom(...'/?&=;,"\\ aid'), maxLength: 20 });
    const lbs = fc.constantFrom("uri", "uri:whole", "uri:len=3", "hdr:id", "cookie:id", "url_param:id");
    fc.assert(fc.property(lbs, text, text, (lb, target, value) => {
      const path = `/${target.replaceAll(" ", "")}`;
      const fields = [`id: ${value.trim()}`, `Cookie: ${value.trim()}`];
      const key = keyOfRequest(lb, path, fields);
      expect(key >= NO_KEY && key < 2 ** 30).toBe(true);
      // What is behind the head does not count.
      expect(keyOfRequest(lb, path, [...fields, "Z: id=9; id=9, &id=9"])).toBe(key);
    }));
  });
});
