/** Values of the Priority field (RFC 9218 section 4). @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_PRIORITY,
  isIncremental,
  parsePriority,
  urgencyOf,
} from "../../../../src/protocol/h2/priority.ts";
import { bytesOf } from "../../../conformance/h1/replay.ts";

function parse(text: string): [number, boolean] {
  const priority = parsePriority(bytesOf(`u${text}0`), 1, 1 + text.length);
  return [urgencyOf(priority), isIncremental(priority)];
}

describe("a priority", () => {
  it.each<[string, number, boolean]>([
    ["", 3, false],
    ["u=0", 0, false],
    ["u=7", 7, false],
    ["i", 3, true],
    ["i=?1", 3, true],
    ["i=?0", 3, false],
    ["u=5, i", 5, true],
    ["i,u=2", 2, true],
    [" \tu=1 ,\t i ", 1, true],
    ["u=1, u=2", 2, false],
    ["i, i=?0", 3, false],
    // Members out of range or of another type, and unknown ones, are passed over.
    ["u=8", 3, false],
    ["u=-1", 3, false],
    ["u=1.5", 3, false],
    ["u=12, i", 3, true],
    ["u", 3, false],
    ["u=?1", 3, false],
    ["i=1, u=4", 4, false],
    ['x="a,u=1;b\\"c", u=2', 2, false],
    ["x=(u=1 i), u=2", 2, false],
    ['x=:dT0x:, y=tok/en:1, *z.a-b_1, u=2;q=1; r;s="u"', 2, false],
  ])("%j", (text, urgency, incremental) => expect(parse(text)).toEqual([urgency, incremental]));

  it.each([
    "u=1,",
    ",u=1",
    "u=1 i",
    "U=1",
    "u=",
    "u=1;",
    "u=1, i=",
    'x="a, u=1',
    "x=(a, u=1",
    "x=:a, u=1",
    "u=1;;q",
    "u=?2",
    "u=-",
    "1=u",
    "u=1\0",
    "u=\xff",
  ])("is the default where the grammar is broken: %j", (text) => {
    expect(parse(text)).toEqual([3, false]);
  });

  it("of any bytes is one of sixteen", () => {
    const octet = fc.constantFrom(...'ui=,;? 0179?"()*:.-\\\0\xff');
    fc.assert(fc.property(fc.string({ unit: octet, maxLength: 20 }), (text) => {
      const bytes = bytesOf(text);
      const priority = parsePriority(bytes, 0, bytes.length);
      expect(priority >= 0 && priority < 16 && Number.isInteger(priority)).toBe(true);
    }));
  });

  it("is urgency 3, not incremental, when nobody says one", () => {
    expect([urgencyOf(DEFAULT_PRIORITY), isIncremental(DEFAULT_PRIORITY)]).toEqual([3, false]);
  });
});
