/** The keys of an item: which belong where, their texts and places. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { ITEM_KEYS } from "../../../src/config/catalogue_items.ts";
import { optionPlace, optionText, rejectUnknownKeys } from "../../../src/config/item_options.ts";
import { parseItem } from "../../../src/config/item_parser.ts";
import { refusalOf } from "../../support/config/written.ts";

const KINDS = ["listen", "backend", "route"] as const;
const cases = ITEM_KEYS.flatMap((key) => KINDS.map((kind) => [key.name, kind, key] as const));

describe("rejectUnknownKeys", () => {
  it.each(cases)("knows %s of a %s item, or says whose it is", (name, kind, key) => {
    const item = parseItem("-x", key.type === "switch" ? `:1,${name}` : `:1,${name}=1`);
    const check = () => rejectUnknownKeys(item, kind);
    if (key.items.includes(kind)) expect(check).not.toThrow();
    else {
      expect(refusalOf(check)).toMatch(
        `Cannot use key "${name}" in -x at column 4: it belongs to a ${key.items[0]} item`,
      );
    }
  });
  it("passes an item without keys", () => {
    for (const kind of KINDS) expect(() => rejectUnknownKeys(parseItem("-x", ":1"), kind)).not.toThrow();
  });
});

describe("optionText, optionPlace", () => {
  const item = parseItem("-b", ":9000,weight=2,backup");
  it("give a key's value and where it stands", () => {
    expect(optionText(item, "weight")).toBe("2");
    expect(optionPlace(item, "weight")).toEqual({ source: "-b", word: ":9000,weight=2,backup", column: 13 });
  });
  it("tell a switch that was written from a key that was not", () => {
    expect(optionText(item, "backup")).toBe("");
    expect(optionText(item, "name")).toBeNull();
    expect(optionPlace(item, "name").column).toBe(0);
  });
});
