/** Words taken apart: schemes, addresses, keys with their columns, expansion. Refusals: tests/fixtures/config/refusals.md. @module */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  expandHome,
  expandWord,
  formatEndpoint,
  parseEndpoint,
  parseItem,
} from "../../../src/config/item_parser.ts";
import type { Endpoint } from "../../../src/config/model.ts";
import { refusalOf } from "../../support/config/written.ts";

/** A word's parts: scheme, address, and each key with its value (null: no sign). */
function parts(word: string): unknown[] {
  const { scheme, address, options } = parseItem("-b", word);
  return [scheme, address, ...options.map(({ key, value }) => [key, value])];
}

function endpoint(word: string, mayBePortZero = true): Endpoint {
  return parseEndpoint(parseItem("-l", word), mayBePortZero);
}

describe("parseItem", () => {
  it.each<[string, unknown[]]>([
    ["8080", ["", "8080"]],
    [":8080", ["", ":8080"]],
    ["http://:8080", ["http", ":8080"]],
    ["h2c://a.test:80", ["h2c", "a.test:80"]],
    ["unix:/run/x.sock", ["", "unix:/run/x.sock"]],
    ["http://unix:/run/x.sock,backup", ["http", "unix:/run/x.sock", ["backup", null]]],
    [":1,weight=2", ["", ":1", ["weight", "2"]]],
    [":1,weight=2,backup", ["", ":1", ["weight", "2"], ["backup", null]]],
    [":1,name=", ["", ":1", ["name", ""]]],
    [":1,name=a=b", ["", ":1", ["name", "a=b"]]],
    [":1,name=http://a", ["", ":1", ["name", "http://a"]]],
    ["tcp://:1,name=a://b", ["tcp", ":1", ["name", "a://b"]]],
    [":1,name=a?b", ["", ":1", ["name", "a?b"]]],
    [":1,name=a&b", ["", ":1", ["name", "a&b"]]],
    ['[::1]:80,name="a,b",backup', ["", "[::1]:80", ["name", "a,b"], ["backup", null]]],
    [':1,name="a=b"', ["", ":1", ["name", "a=b"]]],
    [':1,name=""', ["", ":1", ["name", ""]]],
    [':1,name=a"b', ["", ":1", ["name", 'a"b']]],
    [":1,name=a\\,b,backup", ["", ":1", ["name", "a,b"], ["backup", null]]],
    [":1,name=a\\\\,backup", ["", ":1", ["name", "a\\"], ["backup", null]]],
    [":1,name=a\\", ["", ":1", ["name", "a\\"]]],
    [":1?weight=2&backup", ["", ":1", ["weight", "2"], ["backup", null]]],
    ["http://:1?name=a,b&backup", ["http", ":1", ["name", "a,b"], ["backup", null]]],
    [":1?name=a?b", ["", ":1", ["name", "a?b"]]],
    [",backup", ["", "", ["backup", null]]],
    ["?backup", ["", "", ["backup", null]]],
  ])("%s", (word, expected) => expect(parts(word)).toEqual(expected));

  it.each(["Http", "httP", "h-2", "h2 ", ""])("takes no scheme %j", (scheme) => {
    expect(refusalOf(() => parseItem("-b", `${scheme}://:80`)))
      .toMatch(`Cannot use scheme "${scheme}" in -b: schemes are lower-case words`);
  });
  it.each(['"a"b', '"a"backup', '"a"bc,backup', '"a" '])("takes nothing behind a quote: name=%s", (value) => {
    expect(refusalOf(() => parseItem("-b", `:1,name=${value}`))).toMatch("there is text behind the quote");
  });
  it("knows the column of everything it found", () => {
    expect(parseItem("-b", "http://:9000,weight=2,backup")).toEqual({
      source: "-b",
      word: "http://:9000,weight=2,backup",
      slotsText: null,
      slotsColumn: 0,
      scheme: "http",
      address: ":9000",
      addressColumn: 7,
      options: [
        { key: "weight", keyColumn: 13, value: "2", valueColumn: 20 },
        { key: "backup", keyColumn: 22, value: null, valueColumn: 29 },
      ],
    });
  });
  it("begins where it is told: behind the match of a route", () => {
    const { scheme, address, addressColumn, options } = parseItem("-r", "/x=tcp://:1,lb=first", 3);
    expect([scheme, address, addressColumn]).toEqual(["tcp", ":1", 9]);
    expect(options).toEqual([{ key: "lb", keyColumn: 12, value: "first", valueColumn: 15 }]);
  });
  it("takes a scheme's absence for none even when the match before it has one", () => {
    expect(parseItem("-r", "a://b=:1", 6)).toMatchObject({ scheme: "", address: ":1" });
  });
  it("gives back any keys and values that were written, whatever needs a backslash", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab=,&?\\:/"), maxLength: 6 });
    const key = fc.constantFrom("name", "weight", "client-fin");
    fc.assert(fc.property(fc.array(fc.tuple(key, text)), (options) => {
      const word = options.map(([key, value]) => `,${key}=${value.replaceAll(/[\\,]/g, "\\$&")}`).join("");
      expect(parts(`http://:80${word}`)).toEqual(["http", ":80", ...options]);
    }));
  });
  it("has each key and value at the column that it says", () => {
    const option = fc.tuple(fc.constantFrom("a", "bcd"), fc.option(fc.constantFrom("", "1", "xyz")));
    fc.assert(fc.property(fc.array(option, { minLength: 1 }), (options) => {
      const word = `:80${
        options.map(([key, value]) => value === null ? `,${key}` : `,${key}=${value}`).join("")
      }`;
      for (const { key, keyColumn, value, valueColumn } of parseItem("-b", word).options) {
        expect(word.slice(keyColumn, keyColumn + key.length)).toBe(key);
        if (value !== null) expect(word.slice(valueColumn, valueColumn + value.length)).toBe(value);
      }
    }));
  });
});

describe("parseEndpoint", () => {
  it.each([
    ["8080", "", 8080],
    [":8080", "", 8080],
    ["0", "", 0],
    [":0", "", 0],
    [":65535", "", 65_535],
    ["http://8080", "", 8080],
    ["localhost:80", "localhost", 80],
    ["App-1.Test_x:80", "app-1.test_x", 80],
    ["10.0.0.1:80", "10.0.0.1", 80],
    ["[::1]:80", "::1", 80],
    ["[FD00::A]:80", "fd00::a", 80],
    ["[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80],
    ["1a.test:80", "1a.test", 80],
    ["a:00080", "a", 80],
  ])("%s", (word, host, port) => expect(endpoint(word)).toEqual({ kind: "tcp", host, port, path: "" }));

  it.each([["unix:/run/x.sock", "/run/x.sock"], ["unix:x", "x"], ["unix:/a:80-90", "/a:80-90"]])(
    "%s",
    (word, path) => {
      expect(endpoint(word)).toEqual({ kind: "unix", host: "", port: 0, path });
    },
  );
  it.each([
    ["FD00::7:80", "an IPv6 address needs brackets"],
    ["::80", "an IPv6 address needs brackets"],
    ["1:0:3:80", "an IPv6 address needs brackets"],
    ["fe80::1%eth0:80", "it is malformed"],
    ["localhost:80:90", "it is malformed"],
    ["[::1]80", "it is malformed"],
    ["a[::1]:80", "it is malformed"],
    [":80x", "it is malformed"],
    [":-1", "it is malformed"],
    ["1.2.3:80", "it is no IPv4 address"],
    ["[fe80::1%eth0]:80", "it is no IPv6 address"],
  ])("%s is none: %s", (word, state) => {
    expect(refusalOf(() => endpoint(word))).toMatch(
      `Cannot use address "${word}" in -l: ${state}; write port,`,
    );
  });
  it("leaves port 0 to listeners", () => {
    expect(refusalOf(() => endpoint("a:0", false))).toMatch(/: port 0 is for listeners only;/);
    expect(endpoint("a:1", false).port).toBe(1);
  });
  it("never takes a word for something that it would write differently", () => {
    const word = fc.string({ unit: fc.constantFrom(..."0189afz.:[]-"), maxLength: 12 });
    fc.assert(
      fc.property(word, (text) => {
        let read: Endpoint;
        try {
          read = endpoint(text);
        } catch {
          return;
        }
        expect(endpoint(formatEndpoint(read))).toEqual(read);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("formatEndpoint", () => {
  it.each(["localhost:80", ":80", "10.0.0.1:80", "[::1]:80", "unix:/run/x.sock"])(
    "%s is as written",
    (word) => {
      expect(formatEndpoint(endpoint(word))).toBe(word);
    },
  );
});

describe("a path below the home directory", () => {
  const home = Deno.env.get("HOME");
  afterEach(() => home === undefined ? Deno.env.delete("HOME") : Deno.env.set("HOME", home));

  it("is expanded, as shells do not inside a word", () => {
    Deno.env.set("HOME", "/home/ann");
    expect(endpoint("unix:~/run/x.sock").path).toBe("/home/ann/run/x.sock");
  });
  it.each(["/x", "x/~/y", "~", "~bob/x"])("is not %s", (path) => {
    Deno.env.set("HOME", "/home/ann");
    expect(expandHome(path)).toBe(path);
  });
  it("is below the root when nobody has a home", () => {
    Deno.env.delete("HOME");
    expect(expandHome("~/x")).toBe("/x");
  });
});

describe("expandWord", () => {
  it.each<[string, string[]]>([
    [":80", [":80"]],
    ["10.0.0.{1,2,7}:80", ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.7:80"]],
    ["10.0.0.{9..11}:80", ["10.0.0.9:80", "10.0.0.10:80", "10.0.0.11:80"]],
    ["web{08..10}:80", ["web08:80", "web09:80", "web10:80"]],
    ["web{1..03}:80", ["web01:80", "web02:80", "web03:80"]],
    ["web{99..101}:80", ["web99:80", "web100:80", "web101:80"]],
    ["web{0..2}:80", ["web0:80", "web1:80", "web2:80"]],
    ["{a,b}{1,2}:80", ["a1:80", "a2:80", "b1:80", "b2:80"]],
    ["a{,.test}:80", ["a:80", "a.test:80"]],
    ["{$&,$1}:80", ["$&:80", "$1:80"]],
    [":8001-8003", [":8001", ":8002", ":8003"]],
    [":8001-8001", [":8001"]],
    ["http://a.test:80-81,backup", ["http://a.test:80,backup", "http://a.test:81,backup"]],
    [":80-81?backup", [":80?backup", ":81?backup"]],
    ["[::1]:80-81", ["[::1]:80", "[::1]:81"]],
    ["/api/=:80-81", ["/api/=:80", "/api/=:81"]],
    ["{a,b}:80-81", ["a:80", "a:81", "b:80", "b:81"]],
    [":80,name=a:1-2", [":80,name=a:1-2"]],
    ["myunix:1-2", ["myunix:1", "myunix:2"]],
    ["unix:/run/a:1-2", ["unix:/run/a:1-2"]],
    ["http://unix:/run/a:1-2", ["http://unix:/run/a:1-2"]],
    ["/x=unix:/run/a:1-2", ["/x=unix:/run/a:1-2"]],
    ["a-1.test:80", ["a-1.test:80"]],
  ])("%s", (word, words) => expect(expandWord("-b", word)).toEqual(words));

  it.each(["{1..2x}", "{x1..2}", "{1...2}", "{-1..2}", "{1..}", "{..}", "{1}"])(
    "takes %s for no range",
    (brace) => {
      expect(refusalOf(() => expandWord("-b", `a${brace}:80`)))
        .toMatch(`Cannot expand "${brace}" in -b: write {a,b} or {0..9}`);
    },
  );
  it("gives 1,024 words at most, and that many", () => {
    expect(expandWord("-b", ":1-1024")).toHaveLength(1_024);
    expect(expandWord("-b", "10.0.{0..31}.{0..31}:80")).toHaveLength(1_024);
    expect(refusalOf(() => expandWord("-b", ":1-1025"))).toMatch(/it gives more than 1024 words/);
    expect(refusalOf(() => expandWord("-b", "{0..31}.{0..31}.{0,1}:80"))).toMatch(
      /it gives more than 1024 words/,
    );
  });
  it("gives up early on a word that would expand without end", () => {
    expect(refusalOf(() => expandWord("-b", "{a,b}".repeat(60)))).toMatch(/it gives more than 1024 words/);
  });
});
