/** The version: the one of deno.json. @module */
import { describe, expect, it } from "vitest";
import { VERSION } from "../../../src/cli/version.ts";

describe("VERSION", () => {
  it("is the one of deno.json", () => {
    const project = JSON.parse(
      Deno.readTextFileSync(new URL("../../../deno.json", import.meta.url)),
    ) as unknown;
    expect(project).toMatchObject({ version: VERSION });
  });
});
