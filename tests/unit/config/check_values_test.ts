/** Values of the keys that concern checks. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readCheck,
  readCheckAddress,
  readCheckHeader,
  readCheckHost,
  readExpect,
} from "../../../src/config/check_values.ts";
import type { WordPlace } from "../../../src/config/config_error.ts";
import { refusalOf } from "../../support/config/written.ts";

const place = (word: string): WordPlace => ({ source: "--x", word, column: 0 });

describe("check", () => {
  it.each([["off", null], ["tcp", ""], ["http", "/"], ["/healthz", "/healthz"], ["/a?b=c&d", "/a?b=c&d"]])(
    "%s",
    (text, path) => expect(readCheck("check", text, place(text))).toBe(path),
  );

  it.each([
    ["https", "no such check"],
    ["", "no such check"],
    ["healthz", "no such check"],
    ["/a b", "a path has visible ASCII characters, and no #"],
    ["/a#b", "a path has visible ASCII characters, and no #"],
    ["/ü", "a path has visible ASCII characters, and no #"],
    [`/${"x".repeat(1_024)}`, "a path has at most 1024 bytes"],
  ])("%s is refused", (text, state) => {
    expect(refusalOf(() => readCheck("check", text, place(text)))).toContain(
      `Cannot use check "${text}": ${state}; write off, tcp, http, or a path as /healthz`,
    );
  });
});

describe("expect", () => {
  const read = (text: string) => readExpect("expect", text, place(text));

  it.each([
    ["2xx", [[200, 299]]],
    ["200", [[200, 200]]],
    ["200-399", [[200, 399]]],
    ["404,200,5xx,100-199", [[404, 404], [200, 200], [500, 599], [100, 199]]],
  ])("%s", (text, ranges) => expect(read(text)).toEqual({ kind: "status", text, ranges }));

  it("body: takes the rest, colons and commas too", () => {
    expect(read("body:a,b: 2xx")).toEqual({ kind: "body", text: "body:a,b: 2xx", needle: "a,b: 2xx" });
  });

  it("points at the part that is wrong", () => {
    expect(refusalOf(() => read("200,abc,404"))).toBe(
      'Cannot use expect "200,abc,404": "abc" is no status from 100 to 599; write 2xx, 200-399, 200,404 or body:TEXT\n' +
        "  --x 200,abc,404\n          ^",
    );
  });

  it.each([
    "",
    "6xx",
    "0xx",
    "99",
    "600",
    "300-200",
    "200-",
    "-200",
    "2000",
    "200 ",
    "200,",
    "2XX",
    "Body:x",
  ])(
    '"%s" is refused',
    (text) => expect(refusalOf(() => read(text))).toContain("is no status from 100 to 599"),
  );

  it("refuses a body without text, with too much, and too many ranges", () => {
    expect(refusalOf(() => read("body:"))).toContain("write body:TEXT with 1 to 256 bytes of text");
    expect(refusalOf(() => read(`body:${"ü".repeat(129)}`))).toContain("1 to 256 bytes");
    expect(refusalOf(() => read(Array(17).fill("200").join()))).toContain("more than 16");
  });

  it("reads nothing outside of statuses, whatever is written", () => {
    fc.assert(fc.property(fc.stringMatching(/^[0-9x,-]{1,20}$/), (text) => {
      let ranges: readonly (readonly [number, number])[] = [];
      try {
        const read = readExpect("expect", text, place(text));
        if (read.kind === "status") ranges = read.ranges;
      } catch {
        return;
      }
      expect(ranges.length).toBe(text.split(",").length);
      for (const [first, last] of ranges) {
        expect(first >= 100 && first <= last && last <= 599).toBe(true);
      }
    }));
  });
});

describe("check-header, check-host, check-addr", () => {
  it("read what they are for", () => {
    expect(readCheckHeader("h", "X-A:  b ", place(""))).toEqual({ name: "X-A", value: "b" });
    expect(["auto", "a.test", "a.test:80", "[::1]:80"].map((text) => readCheckHost("h", text, place(text))))
      .toEqual(["", "a.test", "a.test:80", "[::1]:80"]);
    expect(
      ["server", "10.0.0.1", "[FD00::1]", "fd00::1", "Web.test"].map((text) =>
        readCheckAddress("a", text, place(text))
      ),
    ).toEqual(["", "10.0.0.1", "fd00::1", "fd00::1", "web.test"]);
  });

  it.each([
    [() => readCheckHeader("h", "+X: y", place("")), "a check only adds"],
    [() => readCheckHeader("h", "Host: y", place("")), '"Host" is hadro\'s own'],
    [() => readCheckHost("h", "a b", place("")), "write auto or a host name"],
    [() => readCheckAddress("a", "10.0.0", place("")), "write server, an IP address or a host name"],
    [() => readCheckAddress("a", "a:80", place("")), "write server, an IP address or a host name"],
  ])("refuse the rest: %#", (read, words) => expect(refusalOf(read)).toContain(words));
});
