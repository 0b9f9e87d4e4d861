/** The keys redirect and code: forms, defaults, and the text that would give them. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { formatRedirect, readRedirect } from "../../../src/config/redirect_value.ts";
import { parseItem } from "../../../src/config/item_parser.ts";
import { refusalOf } from "../../support/config/written.ts";

describe("readRedirect", () => {
  it.each([
    ["redirect=https", { code: 308, kind: "scheme", text: "https" }],
    ["redirect=http:81,code=301", { code: 301, kind: "scheme", text: "http:81" }],
    ["redirect=/a?b=c", { code: 302, kind: "location", text: "/a?b=c" }],
    ["redirect=https://h.test/a\\,b,code=307", { code: 307, kind: "location", text: "https://h.test/a,b" }],
    ["redirect=prefix:/a/", { code: 302, kind: "prefix", text: "/a" }],
    ["redirect=prefix:/", { code: 302, kind: "prefix", text: "" }],
    ["redirect=prefix:https://h:8443,code=303", { code: 303, kind: "prefix", text: "https://h:8443" }],
  ])("reads %s", (keys, expected) => {
    expect(readRedirect(parseItem("-l", `:80,${keys}`))).toEqual({ ...expected, pathRewrite: null });
  });
  it("is null where none is written", () => expect(readRedirect(parseItem("-l", ":80,name=a"))).toBeNull());
  it("takes 512 characters at most", () => {
    const read = (count: number) => readRedirect(parseItem("-l", `:80,redirect=${"/".repeat(count)}`));
    expect(read(512)!.text).toHaveLength(512);
    expect(refusalOf(() => read(513))).toContain(": it is longer than 512 characters; write https,");
  });
});

describe("formatRedirect", () => {
  it.each([
    ["https", "redirect 308 https"],
    ["prefix:/a,strip-prefix=/b", "redirect 302 prefix:/a  strip-prefix=/b"],
    ["prefix:/a", "redirect 302 prefix:/a"],
    [
      "/a",
      "redirect 302 /a",
    ],
  ])(
    "says what %s does",
    (text, expected) => {
      expect(formatRedirect(readRedirect(parseItem("-l", `:80,redirect=${text}`))!)).toBe(expected);
    },
  );
});
