/** Values of headers taken apart. Refusals: tests/fixtures/config/refusals.md. @module */
import { describe, expect, it } from "vitest";
import { HEADER_VARIABLES, parseHeaderValue } from "../../../src/config/header_value.ts";

function parse(value: string) {
  return parseHeaderValue(value, (state): never => {
    throw new Error(state);
  });
}

describe("parseHeaderValue", () => {
  it.each([
    ["", []],
    ["plain é", [{ text: "plain é" }]],
    ["%ci:%cp", [{ variable: "ci" }, { text: ":" }, { variable: "cp" }]],
    ["a%%b%%", [{ text: "a" }, { text: "%" }, { text: "b" }, { text: "%" }]],
    ["%%ci", [{ text: "%" }, { text: "ci" }]],
  ])("%s", (value, parts) => expect(parse(value)).toEqual(parts));

  it.each(HEADER_VARIABLES)(
    "knows %%%s",
    (variable) => expect(parse(`%${variable}`)).toEqual([{ variable }]),
  );

  it.each([
    ["%", "a percent sign is written %%"],
    ["%%%", "a percent sign is written %%"],
    ["%1", "a percent sign is written %%"],
    [
      "%zzzzzz",
      "there is no variable %zzzzzz, and a percent sign is written %%; known: %ci, %cp, %f, %b, %s, %ID, %host",
    ],
    ["%id", 'there is no variable %id, and a percent sign is written %%; did you mean "%ID"?'],
  ])("refuses %s", (value, state) => expect(() => parse(value)).toThrow(state));
});
