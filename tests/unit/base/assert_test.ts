/** Assertions: they name the invariant that broke, and only a broken one throws. @module */
import { describe, expect, it } from "vitest";
import { assert, AssertionError } from "../../../src/base/assert.ts";

describe("assert", () => {
  it("does nothing while the condition holds", () => {
    expect(() => assert(true, "water is wet")).not.toThrow();
  });
  it("throws an AssertionError that names the invariant when it does not", () => {
    const check = () => assert(false, "water is wet");
    expect(check).toThrow(AssertionError);
    expect(check).toThrow(/^Broken invariant: water is wet$/);
  });
});
