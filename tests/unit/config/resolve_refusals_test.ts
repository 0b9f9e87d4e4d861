/** What is refused, in words: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { readRefusals } from "../../support/config/refusals.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const refusals = readRefusals(
  Deno.readTextFileSync(new URL("../../fixtures/config/refusals.md", import.meta.url)),
);

describe("what is refused", () => {
  it.each(refusals)("$title: $line", ({ line, report }) => {
    expect(refusalOf(() => configOf(line))).toBe(report);
  });
  it("is all in the fixture, each once", () => {
    expect(refusals.length).toBeGreaterThan(100);
    expect(new Set(refusals.map(({ line }) => line)).size).toBe(refusals.length);
  });
});
