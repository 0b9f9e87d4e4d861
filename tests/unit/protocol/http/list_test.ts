import { describe, expect, it } from "vitest";
import {
  nextListElementEnd,
  skipListSeparators,
  trimElementEnd,
} from "../../../../src/protocol/http/list.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

function elementsOf(text: string): string[] {
  const bytes = asciiBytes(text);
  const elements: string[] = [];
  let at = skipListSeparators(bytes, 0, bytes.length);
  while (at < bytes.length) {
    const elementEnd = nextListElementEnd(bytes, at, bytes.length);
    elements.push(text.slice(at, trimElementEnd(bytes, at, elementEnd)));
    at = skipListSeparators(bytes, elementEnd, bytes.length);
  }
  return elements;
}

describe("walking a list", () => {
  it.each([
    ["", []],
    [" , \t,", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a \t, b c ,, d ", ["a", "b c", "d"]],
  ])("%j", (text, elements) => expect(elementsOf(text)).toEqual(elements));
});
