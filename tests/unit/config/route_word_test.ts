/** Words of --route: what they match, and when two match the same. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { isSameMatch, parseRouteWord } from "../../../src/config/route_word.ts";
import { configOf } from "../../support/config/written.ts";

const ANY = { host: "", pathPrefix: "", isExact: false, methods: [], headers: [] };

describe("parseRouteWord", () => {
  it.each([
    ["/a/=:1", { pathPrefix: "/a/" }],
    ["A.test=:1", { host: "a.test" }],
    [".a.test/b=:1,weight=2", { host: ".a.test", pathPrefix: "/b" }],
    ["*.a.test=:1", { host: ".a.test" }],
    ["a.test./b=:1", { host: "a.test", pathPrefix: "/b" }],
    ["my_app=:1", { host: "my_app" }],
    ["/a==:1", { pathPrefix: "/a", isExact: true }],
    ["h/a==,redirect=/b", { host: "h", pathPrefix: "/a", isExact: true }],
    ["/==:1", { pathPrefix: "/", isExact: true }],
    ["/a=:1,method=GET", { pathPrefix: "/a", methods: ["GET"] }],
    ["/a=:1,method=GET+M-SEARCH+GET", { pathPrefix: "/a", methods: ["GET", "M-SEARCH"] }],
    ["/a=:1,header=X-A", { pathPrefix: "/a", headers: [{ name: "X-A", value: null }] }],
    ['/a=:1,header=X-A:,header="X-B: a, b:c "', {
      pathPrefix: "/a",
      headers: [{ name: "X-A", value: "" }, { name: "X-B", value: "a, b:c" }],
    }],
  ])("%s", (word, expected) => {
    const { match, item } = parseRouteWord("-r", word);
    expect(match).toEqual({ ...ANY, ...expected });
    expect(item.address).toBe(word.includes("redirect") ? "" : ":1");
  });
});

describe("isSameMatch", () => {
  const same = (a: string, b: string) =>
    isSameMatch(parseRouteWord("-r", a).match, parseRouteWord("-r", b).match);
  it.each([
    ["/a=:1", "/a=:2,weight=3"],
    ["H/a=:1", "h/a=:2"],
    ["/a=:1,method=GET+PUT", "/a=:2,method=PUT+GET"],
    ["/a=:1,header=X-A:1,header=X-B", "/a=:2,header=x-b,header=x-a:1"],
  ])("holds of %s and %s", (a, b) => expect(same(a, b)).toBe(true));
  it.each([
    ["/a=:1", "/a==:1"],
    ["/a=:1", "/a=:1,method=GET"],
    ["/a=:1,header=X-A:1", "/a=:1,header=X-A:2"],
    ["/a=:1,header=X-A", "/a=:1,header=X-A:"],
  ])("does not hold of %s and %s", (a, b) => expect(same(a, b)).toBe(false));

  it("makes one backend of words that match the same, two of others", () => {
    const { backends } = configOf("hadro -l :80 -r /a=:1,method=GET /a=:2,method=GET /a=:3");
    expect(backends.map(({ servers }) => servers.length)).toEqual([2, 1]);
  });
});
