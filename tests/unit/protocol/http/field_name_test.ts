import { describe, expect, it } from "vitest";
import {
  classifyFieldName,
  FieldFact,
  FieldName,
  fieldNameFacts,
  fieldNameText,
  MAX_KNOWN_NAME_LENGTH,
} from "../../../../src/protocol/http/field_name.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

const classify = (name: string) => classifyFieldName(asciiBytes(`<${name}>`), 1, 1 + name.length);
const known = Object.values(FieldName).filter((id) =>
  id !== FieldName.OTHER && id !== FieldName.X_FORWARDED_OTHER
);

describe("classifyFieldName", () => {
  it.each(known)("id %i, in lower, upper and mixed case", (id) => {
    const name = fieldNameText(id);
    expect(classify(name)).toBe(id);
    expect(classify(name.toUpperCase())).toBe(id);
    expect(classify(name[0].toUpperCase() + name.slice(1))).toBe(id);
  });
  it.each(known)("id %i: one byte more, less or changed is another name", (id) => {
    const name = fieldNameText(id);
    for (const other of [name + "x", name.slice(0, -1), name.slice(0, -1) + "!", "!" + name.slice(1)]) {
      expect(classify(other), other).not.toBe(id);
    }
  });
  it("takes the longest name, and the family of X-Forwarded", () => {
    expect(Math.max(...known.map((id) => fieldNameText(id).length))).toBe(MAX_KNOWN_NAME_LENGTH);
    expect(classify("X-Forwarded-Port")).toBe(FieldName.X_FORWARDED_OTHER);
    expect(classify("x-forwarded-" + "a".repeat(40))).toBe(FieldName.X_FORWARDED_OTHER);
    expect(classify("x-forwarded-")).toBe(FieldName.OTHER);
  });
  it.each(["", "x", "content_length", "content-length-x", "other", "x-forwarded-other-"])(
    "%j has no id of its own",
    (name) => {
      expect([FieldName.OTHER, FieldName.X_FORWARDED_OTHER]).toContain(classify(name));
    },
  );
});

describe("fieldNameFacts", () => {
  it.each([
    [FieldName.OTHER, 0],
    [FieldName.HOST, FieldFact.NO_TRAILER],
    [FieldName.CONNECTION, FieldFact.HOP_BY_HOP | FieldFact.NO_TRAILER],
    [FieldName.TE, FieldFact.HOP_BY_HOP | FieldFact.NO_TRAILER],
    [FieldName.TRANSFER_ENCODING, FieldFact.NO_TRAILER],
    [FieldName.DATE, 0],
  ])("id %i: %i", (id, facts) => expect(fieldNameFacts(id)).toBe(facts));
});
