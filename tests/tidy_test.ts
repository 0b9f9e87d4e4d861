/**
 * The rules of the project that no compiler keeps: layers, sizes, names, headers, state, reach, docs.
 *
 * Each rule says what it looks for and why (tests/support/tidy); here each is shown able to fail, then held against the project.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { cycles } from "./support/tidy/cycles.ts";
import { DOC_RULES } from "./support/tidy/docs.ts";
import { LAYER_RULES } from "./support/tidy/layers.ts";
import { NAME_RULES } from "./support/tidy/names.ts";
import { readProject } from "./support/tidy/project.ts";
import { REACH_RULES } from "./support/tidy/reach.ts";
import { projectOf, report, type Rule } from "./support/tidy/rule.ts";
import { SIZE_RULES } from "./support/tidy/sizes.ts";
import { STATE_RULES } from "./support/tidy/state.ts";
import { TEXT_RULES } from "./support/tidy/text.ts";

const project = await readProject(`${import.meta.dirname}/..`);
const rules: readonly Rule[] = [
  ...LAYER_RULES,
  cycles,
  ...SIZE_RULES,
  ...NAME_RULES,
  ...STATE_RULES,
  ...REACH_RULES,
  ...TEXT_RULES,
  ...DOC_RULES,
];

describe("the rules can fail", () => {
  for (const rule of rules) {
    it(rule.name, () => {
      for (const { files, at } of rule.breaks) {
        const places = report(rule.check(projectOf(files))).map((line) => line.split(": ")[0]);
        expect(places, JSON.stringify(files)).toEqual(at);
      }
      for (const files of rule.keeps) {
        expect(report(rule.check(projectOf(files))), JSON.stringify(files)).toEqual([]);
      }
      expect(rule.breaks.length, "examples").toBeGreaterThan(0);
    });
  }
});

describe("the project keeps the rules", () => {
  it("all of its files were read", () => {
    expect(project.files.has("deno.lock")).toBe(true);
    expect(project.modules("src/").map(({ path }) => path)).toContain("src/main.ts");
    expect(project.modules("src/", "scripts/", "tests/").length).toBeGreaterThan(100);
  });
  for (const rule of rules) {
    it(rule.name, () => {
      const found = report(rule.check(project));
      if (found.length > 0) expect.fail(`${found.join("\n")}\nWhy ${rule.name}: ${rule.reason}.`);
    });
  }
});
