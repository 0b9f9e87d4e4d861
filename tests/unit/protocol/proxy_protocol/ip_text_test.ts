/** Addresses of a version 1 header, against the reader of whole texts. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBytes } from "../../../../src/base/ip_address.ts";
import { readDecimal, readIpv4, readIpv6 } from "../../../../src/protocol/proxy_protocol/ip_text.ts";
import { latin1 } from "../../../support/proxy_protocol/headers.ts";

/** The bytes that the text says, in the middle of other text; null when it is no address. */
function ipv4(text: string): number[] | null {
  const out = new Uint8Array(16);
  const bytes = latin1(`7${text}7`);
  return readIpv4(bytes, 1, bytes.length - 1, out, 0) ? [...out.subarray(0, 4)] : null;
}

function ipv6(text: string): number[] | null {
  const out = new Uint8Array(16).fill(0xee);
  const bytes = latin1(`a:${text}:a`);
  return readIpv6(bytes, 2, bytes.length - 2, out) ? [...out] : null;
}

/** What base/ip_address.ts says, which shortens v4-mapped ones. */
function expectedIpv6(text: string): number[] | null {
  const bytes = text.includes(":") ? addressBytes(text) : null;
  if (bytes === null || bytes.length === 16) return bytes;
  return [...new Array<number>(10).fill(0), 255, 255, ...bytes];
}

const anyText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.stringMatching(/^[0-9a-fA-F:.]{0,24}$/),
  fc.stringMatching(/^(:?:?[0-9a-f]{0,2}){0,8}(:\d{1,3}\.\d\.\d\.\d)?$/),
);

describe("readIpv4 and readIpv6", () => {
  it("read what base/ip_address.ts reads, and refuse what it refuses", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(ipv4(text)).toEqual(text.includes(":") ? null : addressBytes(text));
        expect(ipv6(text)).toEqual(expectedIpv6(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 "])(
    "%j is no IPv4 address",
    (text) => expect(ipv4(text)).toBeNull(),
  );

  it.each([
    "",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8:",
    ":1:2:3:4:5:6:7:8",
    "1::2::3",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7::8",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    "fe80::1%eth0",
  ])("%j is no IPv6 address", (text) => expect(ipv6(text)).toBeNull());

  it.each([
    ["::", new Array<number>(16).fill(0)],
    ["::ffff:1.2.3.4", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]],
    ["1::", [0, 1, ...new Array<number>(14).fill(0)]],
    ["A:b::F", [0, 10, 0, 11, ...new Array<number>(11).fill(0), 15]],
  ])("%j is one", (text, bytes) => expect(ipv6(text)).toEqual(bytes));
});

describe("readDecimal", () => {
  it.each([
    ["0", 0],
    ["9", 9],
    ["65535", 65_535],
    ["65536", -1],
    ["00", -1],
    ["01", -1],
    ["", -1],
    ["+1", -1],
    [
      "1 ",
      -1,
    ],
    ["99999999999999999999", -1],
  ])("%j is %d", (text, value) => {
    expect(readDecimal(latin1(text), 0, text.length, 65_535)).toBe(value);
  });
});
