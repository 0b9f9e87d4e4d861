/** Accept-Encoding: qualities, stars, what is malformed, and the choice among several. @module */
import { describe, expect, it } from "vitest";
import { AcceptEncoding, ContentCoding } from "../../../../src/protocol/http/accept_encoding.ts";
import { asciiBytes } from "../../../../src/protocol/http/octet.ts";

const { GZIP, BR, ZSTD, IDENTITY } = ContentCoding;

/** What the fields say, each a value, with other bytes around it. */
function accepted(...values: string[]): AcceptEncoding {
  const accept = new AcceptEncoding();
  accept.reset();
  for (const value of values) accept.add(asciiBytes(`gzip, ${value}, br`), 6, 6 + value.length);
  return accept;
}

describe("the quality of a coding", () => {
  it.each([
    ["gzip", [1_000, 0, 0]],
    ["gzip, br;q=0.5", [1_000, 500, 0]],
    ["*", [1_000, 1_000, 1_000]],
    ["br;q=0, *;q=0.25", [250, 0, 250]],
    ["*;q=0.25, br", [250, 1_000, 250]],
    ["X-GZIP;Q=0.001", [1, 0, 0]],
    ["zstd ; q=1.000 ,,, br\t;\tq=0.", [0, 0, 1_000]],
    ["", [0, 0, 0]],
    ["gzipped, br2, zst", [0, 0, 0]],
    ["gzip;q=2, br;q=1.001, zstd;q=-1", [0, 0, 0]],
    ["gzip;q=0.1234, br;q=0.1x, zstd;q", [0, 0, 0]],
    ["gzip;level=9, br q=1, zstd;q=1;x", [0, 0, 0]],
    ["gzip;q=0.5, gzip;q=0.7", [700, 0, 0]],
  ])("in %j is %j", (value, expected) => {
    const accept = accepted(value);
    expect([GZIP, BR, ZSTD].map((coding) => accept.quality(coding))).toEqual(expected);
  });

  it("is said by several fields together, and forgotten by reset", () => {
    const accept = accepted("gzip;q=0.1", "br");
    expect([accept.quality(GZIP), accept.quality(BR)]).toEqual([100, 1_000]);
    accept.reset();
    expect([accept.quality(GZIP), accept.quality(BR)]).toEqual([0, 0]);
  });
});

describe("the choice", () => {
  it.each([
    ["gzip, br, zstd", [BR, GZIP], BR],
    ["gzip, br;q=0.9", [BR, GZIP], GZIP],
    ["deflate", [BR, GZIP], IDENTITY],
    ["identity, gzip", [GZIP], GZIP],
    ["identity, gzip;q=0.9", [GZIP], IDENTITY],
    ["identity;q=0.5, gzip;q=0.9", [GZIP], GZIP],
    ["identity;q=0", [GZIP], IDENTITY],
    ["*", [ZSTD, GZIP], ZSTD],
    ["*;q=0", [ZSTD, GZIP], IDENTITY],
  ])("of %j among %j is %i", (value, order, expected) => {
    expect(accepted(value).choose(order)).toBe(expected);
  });
});
