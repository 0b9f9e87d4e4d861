/** PROXY protocol headers out, byte by byte. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBytes, formatAddressBytes } from "../../../../src/base/ip_address.ts";
import {
  HeaderKind,
  HeaderStatus,
  ProxyHeaderParser,
} from "../../../../src/protocol/proxy_protocol/header_parser.ts";
import {
  PROXY_HEADER_BYTES_MAX,
  type ProxyHeader,
  writeProxyHeader,
} from "../../../../src/protocol/proxy_protocol/header_writer.ts";
import {
  binary,
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_LOCAL,
  IPV4_ADDRESSES,
  latin1,
  TEXT_IPV4,
  TEXT_IPV6,
  textOf,
  tlv,
} from "../../../support/proxy_protocol/headers.ts";

const IPV4 = {
  source: { host: "192.0.2.1", port: 56_324 },
  destination: { host: "198.51.100.7", port: 443 },
};
const IPV6 = {
  source: { host: "2001:db8::1", port: 56_324 },
  destination: { host: "2001:db8::2:7", port: 443 },
};
const ANN = {
  clientBits: 7,
  isVerified: true,
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  commonName: "ann",
};
const NO_TLS = { clientBits: 0, isVerified: false, version: "", cipher: "", commonName: "" };
const LONG = "é".repeat(128);
const NOBODY = { source: null, destination: null };

function write(version: 1 | 2, facts: Partial<ProxyHeader>): string {
  // Whatever was there before must not show.
  const out = new Uint8Array(PROXY_HEADER_BYTES_MAX).fill(0xee);
  const texts = { authority: "", uniqueId: "" };
  const header = { version, isLocal: false, ...NOBODY, ...texts, ssl: null, hasChecksum: false, ...facts };
  return textOf(out.subarray(0, writeProxyHeader(out, header)));
}

describe("version 1", () => {
  it.each([
    ["IPv4", IPV4, TEXT_IPV4],
    ["IPv6", IPV6, TEXT_IPV6],
    [
      "an IPv6 client of an IPv4 address",
      { ...IPV4, source: IPV6.source },
      "PROXY TCP6 2001:db8::1 ::ffff:c633:6407 56324 443\r\n",
    ],
    [
      "an IPv4 client of an IPv6 address",
      { ...IPV6, source: IPV4.source },
      "PROXY TCP6 ::ffff:c000:201 2001:db8::2:7 56324 443\r\n",
    ],
    ["v4-mapped ones", {
      source: { host: "::ffff:192.0.2.1", port: 56_324 },
      destination: { host: "::ffff:198.51.100.7", port: 443 },
    }, TEXT_IPV4],
    ["a zone, which means nothing elsewhere", {
      source: { host: "fe80::1%eth0", port: 1 },
      destination: { host: "fe80::2%eth0", port: 2 },
    }, "PROXY TCP6 fe80::1 fe80::2 1 2\r\n"],
    ["a unix client", NOBODY, "PROXY UNKNOWN\r\n"],
    ["a client without a known destination", { source: IPV4.source }, "PROXY UNKNOWN\r\n"],
    ["what version 2 only has", { ...IPV4, authority: "a.test", hasChecksum: true }, TEXT_IPV4],
    ["a connection of our own: its ends, as the specification asks", { ...IPV4, isLocal: true }, TEXT_IPV4],
  ])("%s", (_, facts, expected) => expect(write(1, facts)).toBe(expected));
});

describe("version 2", () => {
  it.each([
    ["IPv4", IPV4, BINARY_IPV4],
    ["IPv6", IPV6, BINARY_IPV6],
    [
      "an IPv4 client of an IPv6 address",
      { ...IPV6, source: IPV4.source },
      binary(0x2121, `${"\0".repeat(10)}\xff\xff\xc0\0\x02\x01${BINARY_IPV6.slice(32)}`),
    ],
    ["a unix client: somebody's, without addresses", NOBODY, binary(0x2100, "")],
    ["a connection of our own", { ...IPV4, isLocal: true }, BINARY_LOCAL],
    ["the same with options, which are a client's", {
      ...IPV4,
      isLocal: true,
      authority: "a",
      hasChecksum: true,
    }, BINARY_LOCAL],
    [
      "an authority",
      { ...IPV4, authority: "app.test:8080" },
      binary(0x2111, IPV4_ADDRESSES + tlv(2, "app.test:8080")),
    ],
    [
      "the longest authority",
      { ...IPV4, authority: "a".repeat(255) },
      binary(0x2111, IPV4_ADDRESSES + tlv(2, "a".repeat(255))),
    ],
    ["a longer one, which is left out", { ...IPV4, authority: "a".repeat(256) }, BINARY_IPV4],
    [
      "a unique id",
      { ...IPV4, uniqueId: "00ff" },
      binary(0x2111, IPV4_ADDRESSES + tlv(5, "00ff")),
    ],
    [
      "TLS with a certificate",
      { ...IPV4, ssl: ANN },
      binary(
        0x2111,
        IPV4_ADDRESSES +
          "\x20\0\x2e\x07\0\0\0\0" + // 46 bytes: 5 + 10 + 6 + 25
          "\x21\0\x07TLSv1.3" + "\x22\0\x03ann" + "\x23\0\x16TLS_AES_128_GCM_SHA256",
      ),
    ],
    [
      "TLS without one",
      { ...IPV4, ssl: { ...ANN, clientBits: 1, isVerified: false, cipher: "", commonName: "" } },
      binary(0x2111, IPV4_ADDRESSES + tlv(0x20, "\x01\0\0\0\x01" + tlv(0x21, "TLSv1.3"))),
    ],
    ["no TLS", { ssl: NO_TLS }, binary(0x2100, tlv(0x20, "\0\0\0\0\x01"))],
    [
      "a name in UTF-8",
      { ssl: { ...NO_TLS, clientBits: 5, isVerified: true, commonName: "Zoë" } },
      binary(0x2100, tlv(0x20, "\x05\0\0\0\0" + tlv(0x22, "Zo\xc3\xab"))),
    ],
    [
      "texts of more than 255 bytes, which are left out",
      { uniqueId: "a".repeat(256), ssl: { ...NO_TLS, commonName: LONG } },
      binary(0x2100, tlv(0x20, "\0\0\0\0\x01")),
    ],
    ["an authority of a unix client", { authority: "a" }, binary(0x2100, tlv(2, "a"))],
  ])("%s", (_, facts, expected) => expect(write(2, facts)).toBe(expected));

  it("with everything as long as may be takes what a header takes at most", () => {
    const text = "a".repeat(255);
    const header = write(2, {
      ...IPV6,
      authority: text,
      uniqueId: text,
      ssl: { clientBits: 7, isVerified: true, version: text, cipher: text, commonName: text },
      hasChecksum: true,
    });
    expect(header).toHaveLength(PROXY_HEADER_BYTES_MAX);
    const bytes = latin1(header);
    const parser = new ProxyHeaderParser();
    expect(parser.parse(bytes, 0, bytes.length)).toBe(HeaderStatus.DONE);
    expect(parser.length).toBe(bytes.length);
  });

  it("with a checksum as HAProxy 2.6 computes it, in the last TLV", () => {
    const header = write(2, {
      source: { host: "127.0.0.1", port: 35_374 },
      destination: { host: "127.0.0.1", port: 18_080 },
      hasChecksum: true,
    });
    const addresses = "\x7f\0\0\x01\x7f\0\0\x01\x8a\x2e\x46\xa0";
    expect(header).toBe(binary(0x2111, addresses + tlv(3, "\xe3\xb9\x01\x20")));
  });
});

describe("what is written is read", () => {
  const anyEnd = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65_535) });
  it("whoever the ends are", () => {
    const parser = new ProxyHeaderParser();
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const),
        anyEnd,
        anyEnd,
        fc.boolean(),
        fc.constantFrom(null, ANN, NO_TLS),
        (version, source, destination, hasChecksum, ssl) => {
          const facts = { source, destination, hasChecksum, ssl, authority: "a.test", uniqueId: "00ff" };
          const bytes = latin1(write(version, facts));
          expect(parser.parse(bytes, 0, bytes.length)).toBe(HeaderStatus.DONE);
          const size = parser.kind === HeaderKind.INET ? 4 : 16;
          const read = [parser.source, parser.destination].map((end) =>
            addressBytes(formatAddressBytes(end, 0, size))
          );
          expect(read).toEqual([addressBytes(source.host), addressBytes(destination.host)]);
          expect([parser.length, parser.sourcePort, parser.destinationPort]).toEqual([
            bytes.length,
            source.port,
            destination.port,
          ]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
