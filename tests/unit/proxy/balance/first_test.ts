/** first: the order written decides. @module */
import { describe, expect, it } from "vitest";
import { Farm } from "../../../support/balance/farm.ts";

describe("first", () => {
  it("takes the first usable server whatever its weight and load", () => {
    const farm = new Farm("first", [{ usable: false }, { currentConns: 1_000 }, { weight: 256 }]);
    expect(farm.chosen()).toEqual([1]);
  });
});
