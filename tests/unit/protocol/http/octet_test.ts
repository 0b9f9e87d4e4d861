import { describe, expect, it } from "vitest";
import {
  asciiBytes,
  equalIgnoringCase,
  LOWER_CASE,
  OCTET_CLASS,
  OctetClass,
} from "../../../../src/protocol/http/octet.ts";

/** Returns the octets of a class as one text. */
function octetsOf(bit: number): string {
  let text = "";
  OCTET_CLASS.forEach((bits, octet) => text += (bits & bit) !== 0 ? String.fromCharCode(octet) : "");
  return text;
}

describe("OCTET_CLASS", () => {
  it.each([
    ["TCHAR", OctetClass.TCHAR, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/],
    ["VALUE", OctetClass.VALUE, /^[\t \x21-\x7e\x80-\xff]$/],
    ["TARGET", OctetClass.TARGET, /^[\x21\x22\x24-\x7e]$/],
    ["NAME", OctetClass.NAME, /^[A-Za-z0-9\-._~!$&'()*+,;=]$/],
    ["HEX", OctetClass.HEX, /^[0-9A-Fa-f]$/],
    ["BLANK", OctetClass.BLANK, /^[\t ]$/],
    ["DIGIT", OctetClass.DIGIT, /^[0-9]$/],
  ])("%s holds exactly its octets", (_, bit, pattern) => {
    let expected = "";
    for (let octet = 0; octet < 256; octet++) {
      if (pattern.test(String.fromCharCode(octet))) expected += String.fromCharCode(octet);
    }
    expect(octetsOf(bit)).toBe(expected);
  });
});

describe("LOWER_CASE", () => {
  it("changes A to Z only", () => {
    const changed = Array.from(LOWER_CASE.keys()).filter((octet) => LOWER_CASE[octet] !== octet);
    expect(String.fromCharCode(...changed)).toBe("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    expect(LOWER_CASE[0x5a]).toBe(0x7a);
  });
});

describe("equalIgnoringCase", () => {
  it.each([["Host", "hOST", true], ["Host", "Hos", false], ["a-b", "a\rb", false], ["^", "~", false], [
    "",
    "",
    true,
  ]])(
    "%j and %j: %s",
    (a, b, isEqual) => {
      expect(equalIgnoringCase(asciiBytes(a), 0, a.length, asciiBytes(b), 0, b.length)).toBe(isEqual);
    },
  );
});
