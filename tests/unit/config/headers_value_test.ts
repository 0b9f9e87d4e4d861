/** --unique-id among the rules for headers. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { configOf } from "../../support/config/written.ts";

describe("readHeaders", () => {
  it("puts the id's rule before those of the user, who may change it", () => {
    const { hasUniqueId, headersUp, headersDown } = configOf(
      "hadro 8080 :1 --unique-id X-Id --header-up X-A:1 --header-down X-B:%ID",
    );
    expect(hasUniqueId).toBe(true);
    expect(headersUp).toEqual([
      { action: "set", name: "X-Id", value: "%ID" },
      { action: "set", name: "X-A", value: "1" },
    ]);
    expect(headersDown).toEqual([{ action: "set", name: "X-B", value: "%ID" }]);
  });
  it("has none when it is off", () => {
    const config = configOf("hadro 8080 :1 --unique-id off --header-up X-A:%%ID");
    expect([config.hasUniqueId, config.headersUp.length]).toEqual([false, 1]);
  });
});
