/** Address ranges: against comparing the first bits one by one. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBytes } from "../../../src/base/ip_address.ts";
import type { Cidr } from "../../../src/config/model_limits.ts";
import { readCidr } from "../../../src/config/values.ts";
import { isInAny } from "../../../src/net/cidr.ts";

function ranges(...texts: string[]): Cidr[] {
  return texts.map((text) => readCidr("--trust", text, { source: "--trust", word: text, column: 0 }));
}

describe("isInAny", () => {
  it.each([
    ["10.0.0.0", "10.0.0.0/8", true],
    ["10.255.255.255", "10.0.0.0/8", true],
    ["11.0.0.0", "10.0.0.0/8", false],
    ["9.255.255.255", "10.0.0.0/8", false],
    ["10.200.0.1", "10.1.2.3/8", true],
    ["192.168.1.127", "192.168.1.0/25", true],
    ["192.168.1.128", "192.168.1.0/25", false],
    ["172.31.255.255", "172.16.0.0/12", true],
    ["172.32.0.0", "172.16.0.0/12", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.1/32", true],
    ["10.0.0.2", "10.0.0.1/32", false],
    ["1.2.3.4", "0.0.0.0/0", true],
    ["fd12::1", "fd00::/8", true],
    ["fc00::1", "fd00::/8", false],
    ["2001:db8::1", "2001:db8::/127", true],
    ["2001:db8::2", "2001:db8::/127", false],
    ["::1", "::1", true],
    ["::2", "::1", false],
    ["::1", "::/0", true],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(isInAny(addressBytes(address), ranges(range))).toBe(expected);
  });
  it("keeps the two families apart, even in a range of everything", () => {
    expect(isInAny(addressBytes("10.0.0.1"), ranges("::/0"))).toBe(false);
    expect(isInAny(addressBytes("::1"), ranges("0.0.0.0/0"))).toBe(false);
  });
  it("matches a v4-mapped address, and a v4-mapped range, as IPv4", () => {
    expect(isInAny(addressBytes("::ffff:10.0.0.1"), ranges("10.0.0.0/8"))).toBe(true);
    expect(isInAny(addressBytes("10.0.0.1"), ranges("::ffff:10.0.0.1"))).toBe(true);
  });
  it("is satisfied by any one of several ranges, and by none of no ranges", () => {
    const several = ranges("10.0.0.0/8", "fd00::/8", "192.0.2.7");
    expect(["192.0.2.7", "fd00::1", "192.0.2.8"].map((text) => isInAny(addressBytes(text), several)))
      .toEqual([true, true, false]);
    expect(isInAny(addressBytes("10.0.0.1"), [])).toBe(false);
  });
  it("puts a client without an IP address (of a unix socket) in no range", () => {
    expect(isInAny(null, ranges("0.0.0.0/0", "::/0"))).toBe(false);
  });
  it("compares exactly the bits of the prefix", () => {
    const anyCase = fc.constantFrom(4, 16).chain((length) => {
      const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length });
      return fc.tuple(anyBytes, fc.integer({ min: 0, max: length * 8 }), fc.nat({ max: length * 8 - 1 }));
    });
    fc.assert(fc.property(anyCase, ([bytes, prefixBits, flipped]) => {
      const range: Cidr = { family: bytes.length === 4 ? 4 : 6, bytes, prefixBits };
      const address = [...bytes];
      address[flipped >> 3]! ^= 0x80 >> (flipped & 7);
      expect(isInAny(bytes, [range])).toBe(true);
      expect(isInAny(address, [range])).toBe(flipped >= prefixBits);
    }));
  });
});
