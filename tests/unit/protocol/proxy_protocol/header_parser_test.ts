/** PROXY protocol headers in: what each says, how much it takes, and every way to be wrong. @module */
import { describe, expect, it } from "vitest";
import { formatAddressBytes } from "../../../../src/base/ip_address.ts";
import { describeHeaderError, HeaderError } from "../../../../src/protocol/proxy_protocol/header_error.ts";
import {
  HeaderKind,
  HeaderStatus,
  ProxyHeaderParser,
} from "../../../../src/protocol/proxy_protocol/header_parser.ts";
import {
  binary,
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_LOCAL,
  BINARY_UNIX,
  IPV4_ADDRESSES,
  latin1,
  SIGNATURE,
  TEXT_IPV4,
  TEXT_IPV6,
  tlv,
} from "../../../support/proxy_protocol/headers.ts";

const parser = new ProxyHeaderParser();

/** What a whole header followed by other bytes says. */
function parse(header: string): { status: number; length: number; kind: number; text: string } {
  const bytes = latin1(`before${header}GET / HTTP/1.1\r\n`);
  const status = parser.parse(bytes, 6, bytes.length);
  const { source, destination, sourcePort, destinationPort, kind } = parser;
  const size = kind === HeaderKind.INET ? 4 : 16;
  const hasAddresses = kind === HeaderKind.INET || kind === HeaderKind.INET6;
  const ends = [source, destination].map((end) => formatAddressBytes(end, 0, size));
  const text = hasAddresses ? `${ends[0]} ${sourcePort} ${ends[1]} ${destinationPort}` : "";
  return { status, length: parser.length, kind, text };
}

/** The error of bytes that are no header; how many of them it takes to know. */
function errorOf(input: string): { code: number; seenAt: number } {
  const bytes = latin1(input);
  for (let end = 0; end <= bytes.length; end++) {
    const status = parser.parse(bytes, 0, end);
    expect(status, `after ${end} of ${JSON.stringify(input)}`).not.toBe(HeaderStatus.DONE);
    if (status === HeaderStatus.ERROR) return { code: parser.errorCode, seenAt: end };
  }
  return { code: HeaderError.NONE, seenAt: bytes.length };
}

const IPV4_TEXT = "192.0.2.1 56324 198.51.100.7 443";
const IPV6_TEXT = "2001:db8::1 56324 2001:db8::2:7 443";
const LONGEST = `PROXY TCP6 ${"ffff:".repeat(8).slice(0, -1)} ${
  "ffff:".repeat(8).slice(0, -1)
} 65535 65535\r\n`;

describe("a header", () => {
  it.each([
    ["TCP4", TEXT_IPV4, 1, HeaderKind.INET, IPV4_TEXT],
    ["TCP6", TEXT_IPV6, 1, HeaderKind.INET6, IPV6_TEXT],
    [
      "TCP6 in capitals, v4-mapped",
      "PROXY TCP6 ::FFFF:192.0.2.1 ::FFFF:c633:6407 1 0\r\n",
      1,
      HeaderKind.INET6,
      "192.0.2.1 1 198.51.100.7 0",
    ],
    ["the longest TCP6", LONGEST, 1, HeaderKind.INET6, undefined],
    ["UNKNOWN", "PROXY UNKNOWN\r\n", 1, HeaderKind.UNKNOWN, ""],
    ["UNKNOWN, followed by anything", "PROXY UNKNOWN \0\xff TCP4 x\r\n", 1, HeaderKind.UNKNOWN, ""],
    ["UNKNOWN of 107 bytes", `PROXY UNKNOWN ${"x".repeat(91)}\r\n`, 1, HeaderKind.UNKNOWN, ""],
    ["v2 IPv4", BINARY_IPV4, 2, HeaderKind.INET, IPV4_TEXT],
    ["v2 IPv6", BINARY_IPV6, 2, HeaderKind.INET6, IPV6_TEXT],
    ["v2 unix", BINARY_UNIX, 2, HeaderKind.UNIX, ""],
    ["v2 LOCAL", BINARY_LOCAL, 2, HeaderKind.LOCAL, ""],
    [
      "v2 LOCAL with a family and bytes that nobody knows",
      binary(0x20ff, "\x01\xff\xff"),
      2,
      HeaderKind.LOCAL,
      "",
    ],
    ["v2 UNSPEC", binary(0x2100, ""), 2, HeaderKind.UNKNOWN, ""],
    ["v2 UNSPEC with bytes", binary(0x2100, "abc"), 2, HeaderKind.UNKNOWN, ""],
    ["v2 UNSPEC over IPv4", binary(0x2110, ""), 2, HeaderKind.UNKNOWN, ""],
    ["v2 UDP over IPv4", binary(0x2112, IPV4_ADDRESSES), 2, HeaderKind.UNKNOWN, ""],
    [
      "v2 with TLVs",
      binary(0x2111, IPV4_ADDRESSES + tlv(2, "a.test") + tlv(0x20, "") + tlv(0xe0, "x")),
      2,
      HeaderKind.INET,
      IPV4_TEXT,
    ],
    [
      "v2 of the greatest length",
      binary(0x2111, IPV4_ADDRESSES + tlv(4, "\0".repeat(4_081))),
      2,
      HeaderKind.INET,
      IPV4_TEXT,
    ],
  ])("%s", (_, header, version, kind, text) => {
    const parsed = parse(header);
    expect([parsed.status, parsed.length, parser.version, parsed.kind]).toEqual([
      HeaderStatus.DONE,
      header.length,
      version,
      kind,
    ]);
    if (text !== undefined) expect(parsed.text).toBe(text);
  });

  it.each([TEXT_IPV4, TEXT_IPV6, "PROXY UNKNOWN\r\n", BINARY_IPV4, BINARY_IPV6, BINARY_UNIX, BINARY_LOCAL])(
    "%j needs its last byte, and no more",
    (header) => {
      const bytes = latin1(header);
      for (let end = 0; end < bytes.length; end++) {
        expect(parser.parse(bytes, 0, end), String(end)).toBe(HeaderStatus.NEED_MORE);
      }
      expect(parser.parse(bytes, 0, bytes.length)).toBe(HeaderStatus.DONE);
    },
  );

  it("may have a checksum, which holds", () => {
    // As HAProxy 2.6 sent it: send-proxy-v2 proxy-v2-options crc32c, from 127.0.0.1:35374 to 127.0.0.1:18080.
    const sum = "\xe3\xb9\x01\x20";
    const header = binary(0x2111, `${LOOPBACK}${tlv(3, sum)}`);
    expect(checksumOf(binary(0x2111, `${LOOPBACK}${tlv(3, "\0\0\0\0")}`))).toBe(sum);
    expect(parse(header)).toMatchObject({
      status: HeaderStatus.DONE,
      text: "127.0.0.1 35374 127.0.0.1 18080",
    });
    for (let at = 16; at < header.length; at++) {
      if (at >= 28 && at < 31) continue;
      const bytes = latin1(header);
      bytes[at] ^= 0x10;
      expect(parser.parse(bytes, 0, bytes.length), String(at)).toBe(HeaderStatus.ERROR);
      expect(parser.errorCode).toBe(HeaderError.BAD_CHECKSUM);
    }
  });
});

const LOOPBACK = "\x7f\0\0\x01\x7f\0\0\x01\x8a\x2e\x46\xa0";

/** CRC-32C bit by bit, as text of four bytes. */
function checksumOf(text: string): string {
  let value = 0xffffffff;
  for (const byte of latin1(text)) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (0x82f63b78 & -(value & 1));
  }
  value = ~value >>> 0;
  return String.fromCharCode(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

describe("what is no header", () => {
  it.each([
    ["a request", "GET / HTTP/1.1\r\n", 1],
    ["another request that begins alike", "PROPFIND / HTTP/1.1\r\n", 4],
    ["lower case", "proxy TCP4 ", 1],
    ["a tab behind PROXY", "PROXY\tTCP4", 6],
    ["a TLS hello", "\x16\x03\x01", 1],
    ["an empty line", "\r\n\r\nGET", 5],
    ["a signature with a wrong end", SIGNATURE.slice(0, 11) + "\r", 12],
  ])("%s, is known at the first byte that is wrong", (_, input, seenAt) => {
    expect(errorOf(input)).toEqual({ code: HeaderError.NOT_A_HEADER, seenAt });
  });

  it.each([
    ["no end within 107 bytes", `PROXY UNKNOWN ${"x".repeat(200)}`, HeaderError.LINE_TOO_LONG],
    ["an end one byte too far", `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, HeaderError.LINE_TOO_LONG],
    ["CR alone", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx", HeaderError.BARE_CR],
    ["CR twice", "PROXY UNKNOWN\r\r\n", HeaderError.BARE_CR],
    ["LF alone", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", HeaderError.BARE_LF],
    ["no protocol", "PROXY \r\n", HeaderError.BAD_PROTOCOL],
    ["another protocol", "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", HeaderError.BAD_PROTOCOL],
    ["a protocol in lower case", "PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", HeaderError.BAD_PROTOCOL],
    ["a longer word", "PROXY UNKNOWNS\r\n", HeaderError.BAD_PROTOCOL],
    ["two spaces before it", "PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", HeaderError.BAD_PROTOCOL],
    ["no source", "PROXY TCP4\r\n", HeaderError.BAD_SOURCE],
    ["two spaces before the source", "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", HeaderError.BAD_SOURCE],
    ["a source of the other family", "PROXY TCP4 ::1 1.2.3.4 1 1\r\n", HeaderError.BAD_SOURCE],
    ["an IPv4 source in TCP6", "PROXY TCP6 1.2.3.4 ::1 1 1\r\n", HeaderError.BAD_SOURCE],
    ["a name", "PROXY TCP4 localhost 1.2.3.4 1 1\r\n", HeaderError.BAD_SOURCE],
    ["a leading zero", "PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n", HeaderError.BAD_SOURCE],
    ["no destination", "PROXY TCP4 1.2.3.4\r\n", HeaderError.BAD_DESTINATION],
    ["a destination of the other family", "PROXY TCP6 ::1 1.2.3.4 1 1\r\n", HeaderError.BAD_DESTINATION],
    ["no ports", "PROXY TCP4 1.2.3.4 1.2.3.4\r\n", HeaderError.BAD_PORT],
    ["one port", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", HeaderError.BAD_PORT],
    ["an empty port", "PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", HeaderError.BAD_PORT],
    ["a third port", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", HeaderError.BAD_PORT],
    ["a space at the end", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", HeaderError.BAD_PORT],
    ["a port above 65535", "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", HeaderError.BAD_PORT],
    ["a port with a leading zero", "PROXY TCP4 1.2.3.4 1.2.3.4 1 080\r\n", HeaderError.BAD_PORT],
    ["a sign", "PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n", HeaderError.BAD_PORT],
    ["another version", binary(0x1111, IPV4_ADDRESSES), HeaderError.BAD_VERSION],
    ["version 3", binary(0x3111, IPV4_ADDRESSES), HeaderError.BAD_VERSION],
    ["another command", binary(0x2211, IPV4_ADDRESSES), HeaderError.BAD_COMMAND],
    ["another family", binary(0x2141, IPV4_ADDRESSES), HeaderError.BAD_FAMILY],
    ["another transport", binary(0x2113, IPV4_ADDRESSES), HeaderError.BAD_FAMILY],
    ["more than 4,096 bytes", binary(0x2111, "", 4_097), HeaderError.TOO_LONG],
    ["LOCAL of more than that", binary(0x2000, "", 0xffff), HeaderError.TOO_LONG],
    ["too little for IPv4", binary(0x2111, IPV4_ADDRESSES.slice(1)), HeaderError.TOO_SHORT],
    ["too little for IPv6", binary(0x2121, IPV4_ADDRESSES), HeaderError.TOO_SHORT],
    ["too little for unix", binary(0x2131, "\0".repeat(215)), HeaderError.TOO_SHORT],
    ["a TLV without its length", binary(0x2111, `${IPV4_ADDRESSES}\x04\0`), HeaderError.BAD_TLV],
    ["a TLV that does not fit", binary(0x2111, `${IPV4_ADDRESSES}\x04\0\x02x`), HeaderError.BAD_TLV],
    ["a checksum of three bytes", binary(0x2111, IPV4_ADDRESSES + tlv(3, "abc")), HeaderError.BAD_TLV],
    ["a checksum that is wrong", binary(0x2111, IPV4_ADDRESSES + tlv(3, "abcd")), HeaderError.BAD_CHECKSUM],
    ["two checksums", binary(0x2111, IPV4_ADDRESSES + tlv(3, "abcd") + tlv(3, "abcd")), HeaderError.BAD_TLV],
  ])("%s", (_, input, code) => {
    expect(errorOf(input).code).toBe(code);
    const bytes = latin1(input);
    expect([parser.parse(bytes, 0, bytes.length), parser.errorCode], "as a whole").toEqual([
      HeaderStatus.ERROR,
      code,
    ]);
    expect(describeHeaderError(code)).toMatch(/^bad PROXY protocol header: [A-Za-z]/);
  });

  it("has words for every code", () => {
    for (const code of Object.values(HeaderError)) {
      if (code !== HeaderError.NONE) {
        expect(describeHeaderError(code)).toMatch(/PROXY protocol header(: \S.*)?$/);
      }
    }
    expect(describeHeaderError(HeaderError.NOT_A_HEADER)).toBe(
      "received something that does not look like a PROXY protocol header",
    );
  });
});
