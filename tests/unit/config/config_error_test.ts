/** Refusals: a report with a caret, the nearest known word, and the distance between words. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, editDistance, suggest } from "../../../src/config/config_error.ts";

describe("a refusal's report", () => {
  it("is its message alone when it concerns no word", () => {
    expect(new ConfigError("Cannot start: no listener").report).toBe("Cannot start: no listener");
  });
  it("shows where the word came from, and a caret under the column", () => {
    const error = new ConfigError("Cannot use x", { source: "-b", word: ":80,x=1", column: 4 });
    expect(error.report).toBe("Cannot use x\n  -b :80,x=1\n         ^");
    expect(error.message).toBe("Cannot use x");
  });
  it("points at the first column and behind the last as well", () => {
    const report = (column: number) => new ConfigError("m", { source: "-l", word: "ab", column }).report;
    expect(report(0)).toBe("m\n  -l ab\n     ^");
    expect(report(2)).toBe("m\n  -l ab\n       ^");
  });
});

describe("suggest", () => {
  const known = ["weight", "backup", "lb", "leastconn", "name", "PROXY-protocol"];
  it.each([
    ["wieght", "weight"],
    ["WEIGHT", "weight"],
    ["weight2", "weight"],
    ["bakcup", "backup"],
    ["leastcon", "leastconn"],
    ["least-connn", "leastconn"],
    ["nmae", "name"],
    ["lbs", "lb"],
    ["proxy-protocol", "PROXY-protocol"],
  ])("takes %s for %s", (word, nearest) => {
    expect(suggest(word, known)).toBe(`; did you mean "${nearest}"?`);
  });
  it("takes the first of two that are equally near", () => {
    expect(suggest("b", ["a", "c"])).toBe('; did you mean "a"?');
  });
  it("lists all when none is near", () => {
    expect(suggest("certificate", known)).toBe(
      "; known: weight, backup, lb, leastconn, name, PROXY-protocol",
    );
  });
  it("allows more faults in a longer word", () => {
    expect(suggest("xxxxtconn", ["leastconn"])).toBe("; known: leastconn");
    expect(suggest("xxxstconn", ["leastconn"])).toBe('; did you mean "leastconn"?');
    expect(suggest("xxxe", ["name"])).toBe("; known: name");
    expect(suggest("xxme", ["name"])).toBe('; did you mean "name"?');
  });
});

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abd", 1],
    ["abc", "ab", 1],
    ["abc", "xabc", 1],
    ["abc", "acb", 1],
    ["ab", "ba", 1],
    ["abcd", "badc", 2],
    ["kitten", "sitting", 3],
  ])("from %j to %j is %i", (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  const anyWord = fc.string({ unit: fc.constantFrom(..."abc"), maxLength: 8 });
  it("is the same both ways, and 0 only between equal words", () => {
    fc.assert(fc.property(anyWord, anyWord, (a, b) => {
      const distance = editDistance(a, b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }));
  });
  it("is 1 after any one fault", () => {
    const fault = fc.tuple(anyWord, fc.nat(), fc.constantFrom("drop", "double", "replace"));
    fc.assert(fc.property(fault, ([word, place, kind]) => {
      fc.pre(word.length > 0);
      const at = place % word.length;
      const put = { drop: "", double: `${word[at]}x`, replace: "x" }[kind];
      expect(editDistance(word, word.slice(0, at) + put + word.slice(at + 1))).toBe(1);
    }));
  });
});
