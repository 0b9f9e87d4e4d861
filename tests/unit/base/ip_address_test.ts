/** IP addresses: texts to bytes, against a writer of them, and texts that are none. @module */
import { isIP, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressBytes,
  canonicalHost,
  formatAddressBytes,
  isIpLiteral,
} from "../../../src/base/ip_address.ts";

const anyIpv4 = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
const anyGroups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

function bytesOf(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

/** Writes groups with the zeros from `from` to `to` (if they are zeros) as "::". */
function writeGroups(groups: readonly number[], from: number, to: number): string {
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (from >= to || groups.slice(from, to).some((group) => group !== 0)) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(to))}`;
}

describe("IPv4", () => {
  it.each([["0.0.0.0", [0, 0, 0, 0]], ["127.0.0.1", [127, 0, 0, 1]], ["255.255.255.255", [
    255,
    255,
    255,
    255,
  ]]])(
    "reads %s",
    (text, bytes) => expect(addressBytes(text)).toEqual(bytes),
  );
  it("reads back every address that is written with dots", () => {
    fc.assert(fc.property(anyIpv4, (bytes) => {
      expect(addressBytes(bytes.join("."))).toEqual(bytes);
    }));
  });
  it.each([
    ["empty", ""],
    ["a number", "2130706433"],
    ["three parts", "10.0.1"],
    ["five parts", "10.0.0.0.1"],
    ["a part above 255", "10.0.0.256"],
    ["a leading zero, which some read as octal", "10.0.0.01"],
    ["hexadecimal", "0x7f.0.0.1"],
    ["an empty part", "10..0.1"],
    ["a sign", "+1.0.0.1"],
    ["a space before it", " 10.0.0.1"],
    ["a newline behind it", "10.0.0.1\n"],
    ["a port", "10.0.0.1:80"],
    ["a name", "localhost"],
    ["a name with four parts", "a.b.c.d"],
    ["other digits", "１０.0.0.1"],
  ])("refuses %s: %j", (_, text) => expect(addressBytes(text)).toBeNull());
});

describe("IPv6", () => {
  it.each([
    ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["::1", [0, 0, 0, 0, 0, 0, 0, 1]],
    ["1::", [1, 0, 0, 0, 0, 0, 0, 0]],
    ["2001:DB8::a", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xa]],
    ["1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]],
    ["1:2:3:4:5:6:7::", [1, 2, 3, 4, 5, 6, 7, 0]],
    ["::2:3:4:5:6:7:8", [0, 2, 3, 4, 5, 6, 7, 8]],
    ["0001::0ffe", [1, 0, 0, 0, 0, 0, 0, 0xffe]],
    ["64:ff9b::192.0.2.33", [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x221]],
    ["1:2:3:4:5:6:1.2.3.4", [1, 2, 3, 4, 5, 6, 0x102, 0x304]],
  ])("reads %s", (text, groups) => expect(addressBytes(text)).toEqual(bytesOf(groups)));

  it.each(["::ffff:10.1.2.3", "::FFFF:10.1.2.3", "::ffff:a01:203", "0:0:0:0:0:ffff:a01:203"])(
    "reads %s, which is v4-mapped, as IPv4",
    (text) => expect(addressBytes(text)).toEqual([10, 1, 2, 3]),
  );
  it.each([
    "::10.1.2.3",
    "::fffe:10.1.2.3",
    "::ff:10.1.2.3",
    "::ff00:10.1.2.3",
    "100::ffff:10.1.2.3",
    "::1:ffff:10.1.2.3",
    "::ffff:0:10.1.2.3",
  ])(
    "does not take %s for v4-mapped",
    (text) => expect(addressBytes(text)).toHaveLength(16),
  );
  it("reads back every address, wherever its zeros are left out", () => {
    const place = fc.integer({ min: 0, max: 8 });
    fc.assert(fc.property(anyGroups, place, place, (groups, from, to) => {
      fc.pre(groups.slice(0, 5).some((group) => group !== 0));
      expect(addressBytes(writeGroups(groups, from, to))).toEqual(bytesOf(groups));
    }));
  });
  it.each([
    ["one colon", ":"],
    ["three colons", ":::"],
    ["two gaps", "1::2::3"],
    ["seven groups", "1:2:3:4:5:6:7"],
    ["nine groups", "1:2:3:4:5:6:7:8:9"],
    ["a gap for nothing", "1:2:3:4::5:6:7:8"],
    ["a gap for nothing at the end", "1:2:3:4:5:6:7:8::"],
    ["a colon at the start", ":1:2:3:4:5:6:7"],
    ["a colon at the end", "1:2:3:4:5:6:7:"],
    ["five digits", "::12345"],
    ["a letter that is no digit", "::g"],
    ["a zone", "fe80::1%eth0"],
    ["brackets", "[::1]"],
    ["a prefix length", "::/0"],
    ["IPv4 before the end", "::1.2.3.4:5"],
    ["IPv4 before a gap", "1.2.3.4::"],
    ["a bad IPv4 tail", "::1.2.3.256"],
    ["an IPv4 tail too many", "1:2:3:4:5:6:7:1.2.3.4"],
    ["a newline behind it", "::1\n"],
  ])("refuses %s: %j", (_, text) => expect(addressBytes(text)).toBeNull());
});

describe("isIpLiteral", () => {
  it("agrees with the runtime on texts that look like addresses", () => {
    const looksLikeOne = fc.string({ unit: fc.constantFrom(..."0129af:::..."), maxLength: 16 });
    fc.assert(
      fc.property(looksLikeOne, (text) => {
        expect(isIpLiteral(text)).toBe(isIP(text) !== 0);
      }),
      { numRuns: 5_000 },
    );
  });
  it("agrees with the runtime on a good address with one character changed", () => {
    const broken = fc.tuple(anyGroups, fc.nat(), fc.nat(), fc.nat(), fc.constantFrom(..."0f:.g", ""));
    fc.assert(
      fc.property(broken, ([groups, from, to, at, change]) => {
        const text = writeGroups(groups, from % 9, to % 9);
        const cut = at % text.length;
        const changed = `${text.slice(0, cut)}${change}${text.slice(cut + 1)}`;
        expect(isIpLiteral(changed)).toBe(isIPv6(changed));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("formatAddressBytes", () => {
  /** The text of an address that lies in the middle of other bytes. */
  function format(bytes: readonly number[]): string {
    return formatAddressBytes(Uint8Array.of(255, 255, ...bytes, 255), 2, bytes.length === 4 ? 4 : 16);
  }
  it.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
    [[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[1, 0, 0, 0, 0, 0, 0, 0], "1::"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xa], "2001:db8::a"],
    [[1, 0, 3, 4, 5, 6, 7, 8], "1:0:3:4:5:6:7:8"],
    [[0, 2, 3, 4, 5, 6, 7, 0], "0:2:3:4:5:6:7:0"],
    [[1, 0, 0, 4, 0, 0, 0, 8], "1:0:0:4::8"],
    [[1, 0, 0, 4, 5, 0, 0, 8], "1::4:5:0:0:8"],
    [[0, 0, 3, 4, 5, 6, 7, 8], "::3:4:5:6:7:8"],
    [[1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"],
    [[0, 0, 0, 0, 0, 0xffff, 0xa01, 0x203], "10.1.2.3"],
    [[0, 0, 0, 0, 1, 0xffff, 0xa01, 0x203], "::1:ffff:a01:203"],
    [[1, 0, 0, 0, 0, 0xffff, 0xa01, 0x203], "1::ffff:a01:203"],
    [[0, 0, 0, 0, 0, 0xfffe, 0xa01, 0x203], "::fffe:a01:203"],
  ])("writes %j as %s", (groups, text) => expect(format(bytesOf(groups))).toBe(text));

  it("writes IPv4 with dots", () => expect(format([10, 0, 255, 1])).toBe("10.0.255.1"));

  it("writes the shortest text, as the URL standard does, which reads back the same", () => {
    fc.assert(fc.property(anyGroups, (groups) => {
      const text = format(bytesOf(groups));
      expect(addressBytes(text)).toEqual(addressBytes(writeGroups(groups, 0, 0)));
      if (text.includes(":")) {
        expect(`[${text}]`).toBe(new URL(`http://[${writeGroups(groups, 0, 0)}]`).hostname);
      }
    }));
  });
});

describe("canonicalHost", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:10.0.0.1", "10.0.0.1"],
    ["2001:DB8::A", "2001:db8::a"],
    ["::1", "::1"],
    ["1::ffff:10.0.0.1", "1::ffff:10.0.0.1"],
  ])("shows %s as %s", (host, shown) => expect(canonicalHost(host)).toBe(shown));
});
