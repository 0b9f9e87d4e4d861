/** PROXY protocol headers of every kind of wrong: how they arrive changes nothing, and nothing makes the parser read or run on. @module */
import { describe, expect, it } from "vitest";
import { chooseSeed, everyByte, newRandom, randomCuts } from "../conformance/h1/cuts.ts";
import {
  HeaderKind,
  HeaderStatus,
  ProxyHeaderParser,
} from "../../src/protocol/proxy_protocol/header_parser.ts";
import {
  binary,
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_LOCAL,
  BINARY_UNIX,
  IPV4_ADDRESSES,
  IPV6_ADDRESSES,
  latin1,
  SIGNATURE,
  TEXT_IPV4,
  TEXT_IPV6,
  tlv,
} from "../support/proxy_protocol/headers.ts";

const ROUNDS = 20_000;
/** The longest header: 16 and 4,096. */
const HEADER_BYTES_MAX = 4_112;
const seed = chooseSeed("proxy header");

const CORPUS = [
  TEXT_IPV4,
  TEXT_IPV6,
  "PROXY UNKNOWN\r\n",
  "PROXY UNKNOWN 1.2.3.4 ::1 x\r\n",
  "PROXY TCP6 ::ffff:1.2.3.4 1:2:3:4:5:6:7:8 0 65535\r\n",
  BINARY_IPV4,
  BINARY_IPV6,
  BINARY_UNIX,
  BINARY_LOCAL,
  binary(0x2100, "x"),
  binary(0x2111, IPV4_ADDRESSES + tlv(2, "a.test") + tlv(0x20, "\x01\0\0\0\0") + tlv(4, "")),
  binary(0x2121, IPV6_ADDRESSES + tlv(3, "\0\0\0\0")),
  binary(0x2112, IPV4_ADDRESSES),
];

const SNIPPETS = [
  "\r\n",
  "\r",
  "\n",
  " ",
  "  ",
  ":",
  "::",
  ".",
  "0",
  "65536",
  "\0",
  "\xff",
  "TCP4",
  SIGNATURE,
  "PROXY ",
];

function mutate(text: string, random: (below: number) => number): string {
  let mutated = text;
  for (let count = random(4); count > 0; count--) {
    const at = random(mutated.length + 1);
    const before = mutated.slice(0, at);
    switch (random(4)) {
      case 0:
        mutated = before + SNIPPETS[random(SNIPPETS.length)] + mutated.slice(at);
        break;
      case 1:
        mutated = before + mutated.slice(at + 1 + random(3));
        break;
      case 2:
        mutated = before + String.fromCharCode(random(256)) + mutated.slice(at + 1);
        break;
      default:
        mutated = before + SNIPPETS[random(SNIPPETS.length)].repeat(random(60)) + mutated.slice(at);
    }
  }
  return mutated;
}

/** What a parser says of bytes that arrive in pieces: the first answer, and all that it means. */
function outcome(parser: ProxyHeaderParser, input: Uint8Array, cuts: readonly number[]): unknown[] {
  for (const end of [...cuts, input.length]) {
    const status = parser.parse(input, 0, end);
    if (status === HeaderStatus.NEED_MORE) continue;
    if (status === HeaderStatus.ERROR) return ["error", parser.errorCode];
    const { length, version, kind } = parser;
    expect(length).toBeLessThanOrEqual(Math.min(end, HEADER_BYTES_MAX));
    if (kind !== HeaderKind.INET && kind !== HeaderKind.INET6) return [length, version, kind];
    const size = kind === HeaderKind.INET ? 4 : 16;
    const ends = [parser.source, parser.destination].map((address) => address.slice(0, size).join("."));
    return [length, version, kind, ...ends, parser.sourcePort, parser.destinationPort];
  }
  return ["more"];
}

describe("a PROXY protocol header", () => {
  it("means the same whole, byte by byte and in random pieces, with anything behind it", () => {
    const random = newRandom(seed);
    const parser = new ProxyHeaderParser();
    const seen = new Map<unknown, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutate(CORPUS[random(CORPUS.length)], random);
      const input = latin1(`${text}${random(2) === 0 ? "" : CORPUS[random(CORPUS.length)]}`);
      const note = `seed ${seed}: ${JSON.stringify(text)}`;
      const whole = outcome(parser, input, []);
      expect(outcome(parser, input, everyByte(input.length)), note).toEqual(whole);
      expect(outcome(parser, input, randomCuts(input.length, random)), note).toEqual(whole);
      const kind = typeof whole[0] === "number" ? "header" : whole.join(" ");
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    // It found both, and most of the ways to be wrong.
    expect(seen.get("header")).toBeGreaterThan(ROUNDS / 10);
    expect(seen.size).toBeGreaterThan(12);
  });

  it("of nothing but noise is none, and is known to be none at its first byte", () => {
    const random = newRandom(seed);
    const parser = new ProxyHeaderParser();
    for (let round = 0; round < ROUNDS; round++) {
      const input = Uint8Array.from({ length: 1 + random(300) }, () => random(256));
      if (input[0] === 0x50 || input[0] === 0x0d) input[0]++;
      expect(parser.parse(input, 0, 1)).toBe(HeaderStatus.ERROR);
      expect(parser.parse(input, 0, input.length)).toBe(HeaderStatus.ERROR);
    }
  });
});
