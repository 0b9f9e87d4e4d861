/** Media types by pattern, entity tags, names in lists. @module */
import { describe, expect, it } from "vitest";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";
import {
  EntityTag,
  entityTagKind,
  listHas,
  MediaTypes,
} from "../../../../src/protocol/http/representation.ts";

describe("media types", () => {
  const types = new MediaTypes(["text/*", "application/json", "+xml"]);

  it.each([
    ["text/html", true],
    ["TEXT/html; charset=utf-8", true],
    ["application/json;x=y", true],
    ["application/jsonp", false],
    ["application/js", false],
    ["image/svg+xml ;a", true],
    ["image/png; x=+xml", false],
    ["textual/html", false],
    ["", false],
  ])("has %j: %j", (type, expected) => {
    expect(types.has(asciiBytes(`: ${type}\r\n`), 2, 2 + type.length)).toBe(expected);
  });
});

describe("entity tags", () => {
  it.each([
    ['"abc"', EntityTag.STRONG],
    ['""', EntityTag.STRONG],
    ['W/"abc"', EntityTag.WEAK],
    ['w/"abc"', EntityTag.INVALID],
    ["abc", EntityTag.INVALID],
    ['"', EntityTag.INVALID],
    ['"a"b"', EntityTag.INVALID],
    ['"a b"', EntityTag.INVALID],
    ['"a", "b"', EntityTag.INVALID],
  ])("%s is %i", (tag, expected) => {
    expect(entityTagKind(asciiBytes(tag), 0, tag.length)).toBe(expected);
  });
});

describe("lists", () => {
  it.each([
    ["no-transform", true],
    ["public,No-Transform , x", true],
    ["no-transform=1", true],
    ["no-transformation, x-no-transform", false],
    ["", false],
  ])("%j has no-transform: %j", (list, expected) => {
    expect(listHas(asciiBytes(list), 0, list.length, asciiBytes("no-transform"))).toBe(expected);
  });
});
