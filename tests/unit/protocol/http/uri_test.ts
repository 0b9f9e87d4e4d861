import { describe, expect, it } from "vitest";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";
import {
  authoritiesAgree,
  authorityPort,
  copyRoutingHost,
  isAuthority,
  isHost,
  isHostUnder,
  pathHasPrefix,
  scanHost,
} from "../../../../src/protocol/http/uri.ts";

/** Calls `check` on `text` inside other bytes, to see that it keeps to its range. */
function within<T>(text: string, check: (bytes: Uint8Array, start: number, end: number) => T): T {
  return check(asciiBytes(`9${text}9`), 1, 1 + text.length);
}

describe("isAuthority", () => {
  it.each([
    "a",
    "a.b-c_d~e",
    "a:",
    "a:0",
    "a:65535",
    "10.0.0.1:80",
    "[::1]",
    "[::ffff:1.2.3.4]:8",
    "%41b",
    "a!$&'()*+,;=",
  ])(
    "accepts %s",
    (text) => expect(within(text, isAuthority)).toBe(true),
  );
  it.each([
    ["empty", ""],
    ["port alone", ":80"],
    ["userinfo", "u@a"],
    ["userinfo with port", "u:p@a:1"],
    ["path", "a/b"],
    ["backslash", "a\\b"],
    ["space", "a b"],
    ["port too large", "a:65536"],
    ["port with sign", "a:+1"],
    ["two ports", "a:1:2"],
    ["IPv6 without brackets", "::1"],
    ["IPv6 not closed", "[::1"],
    ["IPv6 without colons", "[12]"],
    ["IPv6 with one colon", "[1:2]"],
    ["IPv6 with zone", "[fe80::1%25e]"],
    ["IPvFuture", "[v1.a]"],
    ["bytes after IPv6", "[::1]a"],
    ["empty literal", "[]"],
    ["IPv6 too long", `[${"1:".repeat(24)}]`],
    ["percent without digits", "a%"],
    ["percent with one digit", "a%4"],
    ["quote", 'a"'],
  ])("refuses: %s", (_, text) => expect(within(text, isAuthority)).toBe(false));
});

describe("scanHost, authorityPort", () => {
  it.each([["a:80", 1, 80], ["a", 1, -1], ["a:", 1, -1], ["[::1]:443", 5, 443]])(
    "%s",
    (text, hostLength, port) => {
      expect(within(text, scanHost)).toBe(1 + hostLength);
      expect(within(text, authorityPort)).toBe(port);
    },
  );
});

describe("authoritiesAgree", () => {
  it.each([
    ["a", "A", 80, true],
    ["a:80", "a", 80, true],
    ["a", "a:80", 80, true],
    ["a:", "a:80", 80, true],
    ["a:443", "a", 80, false],
    ["a:443", "a", 443, true],
    ["a", "b", 80, false],
    ["a", "", 80, false],
    ["[::1]:80", "[::1]", 80, true],
  ])("%s and %s with default port %i: %s", (a, b, port, expected) => {
    const bytes = asciiBytes(`${a} ${b}`);
    expect(authoritiesAgree(bytes, 0, a.length, a.length + 1, bytes.length, port)).toBe(expected);
  });
});

describe("copyRoutingHost", () => {
  it.each([["Example.COM:80", "example.com"], ["Example.com.", "example.com"], ["a.:1", "a"], [".", "."], [
    "[::A]:1",
    "[::a]",
  ], ["", ""]])(
    "%s becomes %s",
    (text, host) => {
      const into = new Uint8Array(20);
      const length = within(text, (bytes, start, end) => copyRoutingHost(bytes, start, end, into, 2));
      expect(String.fromCharCode(...into.subarray(2, 2 + length))).toBe(host);
    },
  );
  it("says -1 when the host does not fit", () => {
    const copyTo = (sizeBytes: number) =>
      within(
        "abc:80",
        (bytes, start, end) => copyRoutingHost(bytes, start, end, new Uint8Array(sizeBytes), 0),
      );
    expect([copyTo(2), copyTo(3)]).toEqual([-1, 3]);
  });
});

describe("isHost, isHostUnder", () => {
  it.each([
    ["Example.com:8080", true],
    ["example.com.", true],
    ["example.co", false],
    ["xexample.com", false],
    ["", false],
  ])(
    "isHost %s: %s",
    (text, expected) => {
      const host = asciiBytes("example.com");
      expect(within(text, (bytes, start, end) => isHost(bytes, start, end, host))).toBe(expected);
    },
  );
  it.each([["a.Example.com:1", true], ["a.b.example.com", true], [".example.com", false], [
    "example.com",
    false,
  ], ["xexample.com", false]])(
    "isHostUnder %s: %s",
    (text, expected) => {
      const suffix = asciiBytes(".example.com");
      expect(within(text, (bytes, start, end) => isHostUnder(bytes, start, end, suffix))).toBe(expected);
    },
  );
});

describe("pathHasPrefix", () => {
  it.each([
    ["/api", "/api", true],
    ["/api/", "/api", true],
    ["/api/x", "/api", true],
    ["/api?x", "/api", true],
    ["/apix", "/api", false],
    ["/ap", "/api", false],
    ["/API", "/api", false],
    ["/api/x", "/api/", true],
    ["/api/", "/api/", true],
    ["/api", "/api/", false],
    ["/x?/api/", "/api/", false],
    ["/a", "/", true],
    ["", "/", true],
    ["?q", "/", true],
    ["", "/api", false],
    ["/a", "", true],
  ])("%j under %j: %s", (path, prefix, expected) => {
    expect(within(path, (bytes, start, end) => pathHasPrefix(bytes, start, end, asciiBytes(prefix)))).toBe(
      expected,
    );
  });
});
