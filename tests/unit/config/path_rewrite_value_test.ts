/** Keys that change the path: what they are read as, and shown as. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { formatPathRewrite } from "../../../src/config/path_rewrite_value.ts";
import { configOf } from "../../support/config/written.ts";

const read = (keys: string) => configOf(`hadro -l :80 -b ':1${keys}'`).backends[0]!.pathRewrite;
const NONE = { stripPrefix: "", pattern: "", replacement: "", addPrefix: "" };

describe("readPathRewrite", () => {
  it.each([
    [",strip-prefix=/a/b/", { stripPrefix: "/a/b" }],
    [",add-prefix=/v1", { addPrefix: "/v1" }],
    [',replace-path="^/a/(.*) /b/$1"', { pattern: "^/a/(.*)", replacement: "/b/$1" }],
    [',replace-path="/+$ "', { pattern: "/+$", replacement: "" }],
    [",replace-path=^/\\d+\\,x /$&", { pattern: "^/\\d+,x", replacement: "/$&" }],
    [',replace-path="^/\\d{2,3}/[(?=\\]] /"', { pattern: "^/\\d{2,3}/[(?=\\]]", replacement: "/" }],
    [',replace-path="\\\\1 /"', { pattern: "\\\\1", replacement: "/" }],
    [',replace-path="(?:a)(?<n>b) /$1"', { pattern: "(?:a)(?<n>b)", replacement: "/$1" }],
    [',strip-prefix=/a,add-prefix=/b,replace-path="c d"', {
      stripPrefix: "/a",
      addPrefix: "/b",
      pattern: "c",
      replacement: "d",
    }],
  ])("%s", (keys, expected) => expect(read(keys)).toEqual({ ...NONE, ...expected }));

  it("is null when nothing is written", () => expect(read("")).toBeNull());
});

describe("formatPathRewrite", () => {
  it("says the steps in the order in which they act", () => {
    expect(formatPathRewrite(read(',add-prefix=/c,replace-path="a b",strip-prefix=/d/'))).toEqual([
      "strip-prefix=/d",
      'replace-path="a b"',
      "add-prefix=/c",
    ]);
    expect(formatPathRewrite(null)).toEqual([]);
  });
});
