/** Redirects: every byte of the answer, from requests of every form. @module */
import { describe, expect, it } from "vitest";
import { Slab } from "../../../src/base/slab.ts";
import { parseItem } from "../../../src/config/item_parser.ts";
import { readRedirect } from "../../../src/config/redirect_value.ts";
import { HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";
import { asciiBytes } from "../../../src/protocol/http/octet.ts";
import { Redirect } from "../../../src/proxy/redirect.ts";

const BASE = 9;

function newRedirect(keys: string): Redirect {
  return new Redirect(readRedirect(parseItem("-l", `:80,redirect=${keys}`))!, new Slab(1_024));
}

function parse(...lines: string[]): [HeadParser, Uint8Array] {
  const bytes = asciiBytes("#".repeat(BASE) + [...lines, "", ""].join("\r\n"));
  const head = new HeadParser("request");
  expect(head.parse(bytes, BASE, bytes.length)).toBe(ParseStatus.DONE);
  return [head, bytes];
}

function answer(redirect: Redirect, closes: boolean, ...lines: string[]): string {
  const [head, bytes] = parse(...lines);
  const length = redirect.write(head, bytes, BASE, closes);
  return new TextDecoder().decode(redirect.slab.bytes.subarray(0, length));
}

function location(keys: string, target: string, host = "h.test:80"): string {
  const method = target === "*" ? "OPTIONS" : "GET";
  const text = answer(newRedirect(keys), false, `${method} ${target} HTTP/1.1`, `Host: ${host}`);
  return /location: (.*)\r\n/.exec(text)![1]!;
}

describe("an answer", () => {
  it("that may be cached says only where to go", () => {
    expect(answer(newRedirect("https"), false, "GET /a HTTP/1.1", "Host: h")).toBe(
      "HTTP/1.1 308 Permanent Redirect\r\ncontent-length: 0\r\nlocation: https://h/a\r\n\r\n",
    );
  });
  it("that may not says so, and says when it is the last one", () => {
    expect(answer(newRedirect("/b"), true, "GET /a HTTP/1.1", "Host: h")).toBe(
      "HTTP/1.1 302 Found\r\ncontent-length: 0\r\ncache-control: no-cache\r\nlocation: /b\r\nconnection: close\r\n\r\n",
    );
  });
  it.each(["301", "302", "303", "307", "308"])("has the status %s", (code) => {
    expect(answer(newRedirect(`/b,code=${code}`), false, "GET /a HTTP/1.1", "Host: h").slice(0, 13))
      .toBe(`HTTP/1.1 ${code} `);
  });
});

describe("a redirect to a scheme", () => {
  it.each([
    ["https", "/a/b?c=d", "h.test:8080", "https://h.test/a/b?c=d"],
    ["https:8443", "/a", "h.test", "https://h.test:8443/a"],
    ["https", "/", "[::1]:80", "https://[::1]/"],
    ["https:8443", "http://other.test:80/x?y", "other.test", "https://other.test:8443/x?y"],
    ["https", "http://other.test?y", "other.test", "https://other.test/?y"],
    ["https", "*", "h.test", "https://h.test/"],
    ["https", "//evil.test/", "h.test", "https://h.test//evil.test/"],
  ])("%s of %s at %s goes to %s", (keys, target, host, expected) => {
    expect(location(keys, target, host)).toBe(expected);
  });
  it("needs a host", () => {
    const refusal = (keys: string, ...lines: string[]) => newRedirect(keys).refusal(...parse(...lines), BASE);
    expect(refusal("https", "GET / HTTP/1.0")).toBe(400);
    expect(refusal("https", "GET / HTTP/1.1", "Host:")).toBe(400);
    expect(refusal("https", "GET / HTTP/1.1", "Host: h")).toBe(0);
    expect(refusal("/a", "GET / HTTP/1.0")).toBe(0);
  });
});

describe("a redirect that changes the path", () => {
  it.each([
    ["prefix:https://n.test,strip-prefix=/old", "/old/a?b", "https://n.test/a?b"],
    ["prefix:/new,strip-prefix=/old", "/old", "/new/"],
    ["https,add-prefix=/x", "/a", "https://h.test/x/a"],
    ["prefix:/,strip-prefix=/old", "/old//evil.test/", "/evil.test/"],
    ['prefix:/n,replace-path="^/(.*)x /$1"', "/axb?x", "/n/ab?x"],
    ["https,add-prefix=/x", "*", "https://h.test/"],
  ])("%s of %s goes to %s", (keys, target, expected) => expect(location(keys, target)).toBe(expected));

  it("is refused when the path is too long for an expression, or what it becomes for an answer", () => {
    const refusal = (keys: string, target: string) =>
      newRedirect(keys).refusal(...parse(`GET ${target} HTTP/1.1`, "Host: h"), BASE);
    const keys = 'https,replace-path="a b"';
    expect(refusal(keys, `/${"a".repeat(1_024)}`)).toBe(414);
    expect(refusal(keys, `/${"a".repeat(500)}?${"a".repeat(900)}`)).toBe(414);
    expect(refusal(keys, "/aaa?aaa")).toBe(0);
    expect(refusal("https,strip-prefix=/a", "/a")).toBe(0);
  });
});

describe("a redirect to a prefix", () => {
  it.each([
    ["prefix:/new", "/a?b", "/new/a?b"],
    ["prefix:/new", "//evil.test/", "/new//evil.test/"],
    ["prefix:https://n.test/x/", "/a", "https://n.test/x/a"],
    ["prefix:https://n.test", "http://h.test:80", "https://n.test/"],
  ])("%s of %s goes to %s", (keys, target, expected) => expect(location(keys, target)).toBe(expected));

  it.each([["//evil.test/"], ["/\\evil.test/"], ["///\\//evil.test/"]])(
    "that is empty names no host that the client wrote: %s",
    (target) => expect(location("prefix:/", target)).toBe("/evil.test/"),
  );
});

describe("a redirect to a location", () => {
  it("keeps nothing of the request", () =>
    expect(location("https://n.test/x?y", "/a?b")).toBe("https://n.test/x?y"));
});
