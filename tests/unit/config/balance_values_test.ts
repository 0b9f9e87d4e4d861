/** What `lb` says, hadro's spelling and HAProxy's. Refusals in words: tests/fixtures/config/refusals.md. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatBalance,
  isHashing,
  readBalance,
  readBalanceFactor,
} from "../../../src/config/balance_values.ts";
import { ALGORITHMS } from "../../../src/config/catalogue.ts";
import type { WordPlace } from "../../../src/config/config_error.ts";
import { configOf, refusalOf } from "../../support/config/written.ts";

const PLACE: WordPlace = { source: "--lb", word: "word", column: 0 };

const balance = (text: string, scheme: "http" | "tcp" | "sni" = "http") => readBalance(text, PLACE, scheme);
const read = (text: string) => {
  const { algorithm, keyName, uriLengthMax, uriDepthMax, uriWhole } = balance(text);
  return [algorithm, keyName, uriLengthMax, uriDepthMax, uriWhole];
};

describe("lb", () => {
  it.each([
    [["least-time"], ["least-time", "", 0, 0, false]],
    [["source"], ["source", "", 0, 0, false]],
    [["uri"], ["uri", "", 0, 0, false]],
    [["uri:len=4", "uri len 4"], ["uri", "", 4, 0, false]],
    [["uri:whole:depth=2:len=9", "uri len 9 depth 2 whole"], ["uri", "", 9, 2, true]],
    [["hdr:X-User", "hdr(x-user)", "hdr x-user"], ["hdr", "x-user", 0, 0, false]],
    [["cookie:SID", "cookie(SID)"], ["cookie", "SID", 0, 0, false]],
    [["url_param:id[]", "url_param id[]", "url_param(id[])"], ["url_param", "id[]", 0, 0, false]],
  ])("%j", (texts, values) => {
    for (const text of texts) expect(read(text)).toEqual(values);
  });

  it.each([
    "hdr:",
    "hdr()",
    "hdr(x",
    "hdr:a b",
    "cookie:a;b",
    "url_param:a=b",
    "url_param:ä",
    "uri:",
    "uri(len)",
    "uri:len",
    "uri:len=x",
    "uri:len=65536",
    "uri:depth=1001",
    "source:1",
    "",
    "uris",
  ])('is not "%s"', (text) => expect(refusalOf(() => balance(text))).toContain(`Cannot use lb "${text}": `));

  it("is written as it is read, and then has nothing that a shell or an item takes for its own", () => {
    const word = fc.stringMatching(/^[a-z0-9_-]{1,9}$/);
    const uri = fc.record({ len: fc.nat(65_535), depth: fc.nat(1_000), isWhole: fc.boolean() }).map((one) =>
      [
        "uri",
        one.len > 0 ? `len=${one.len}` : "",
        one.depth > 0 ? `depth=${one.depth}` : "",
        one.isWhole ? "whole" : "",
      ]
        .filter((part) => part !== "").join(":")
    );
    const named = fc.tuple(fc.constantFrom("hdr", "cookie", "url_param"), word).map((parts) =>
      parts.join(":")
    );
    fc.assert(fc.property(fc.oneof(uri, named, fc.constantFrom("first", "source")), (text) => {
      expect(formatBalance(balance(text))).toBe(text);
      expect(text).toMatch(/^[a-z0-9_:=-]+$/);
    }));
  });

  it.each(ALGORITHMS)("%s is for tcp when it needs no request", (algorithm) => {
    const text = ["hdr", "cookie", "url_param"].includes(algorithm) ? `${algorithm}:x` : algorithm;
    if (algorithm === "sni") {
      for (const scheme of ["tcp", "http"] as const) {
        expect(refusalOf(() => balance(text, scheme))).toContain(
          "only an sni listener reads TLS client hellos",
        );
      }
      expect(balance(text, "sni").algorithm).toBe("sni");
      expect(balance("hash req.ssl_sni", "sni")).toEqual(balance("sni", "sni"));
    } else if (!["uri", "hdr", "cookie", "url_param"].includes(algorithm)) {
      expect(balance(text, "tcp").algorithm).toBe(algorithm);
    } else expect(refusalOf(() => balance(text, "tcp"))).toContain("a tcp backend sees no request to hash");
  });

  it("may be another for each backend", () => {
    const { backends } = configOf(
      "hadro -l :1 -b :2 -r /x=:3,lb=uri:len=3 -l tcp://:4 -b :5,lb=source --lb hdr:a",
    );
    expect(backends.map((backend) => formatBalance(backend.balance))).toEqual([
      "hdr:a",
      "uri:len=3",
      "source",
    ]);
  });
});

describe("hash-balance-factor", () => {
  it.each([["0", 0], ["101", 101], ["65535", 65_535]])("%s", (text, factor) => {
    expect(readBalanceFactor(text, PLACE)).toBe(factor);
  });
  it.each(["1", "100", "65536", "-1", "1.5", "x", ""])('is not "%s"', (text) => {
    expect(refusalOf(() => readBalanceFactor(text, PLACE))).toContain("a percentage from 101 to 65535");
  });
  it("as a flag is for the backends that hash", () => {
    const { backends } = configOf("hadro -l :1 -b :2,lb=source -r /x=:3 --hash-balance-factor 150");
    expect(backends.map((backend) => backend.hashBalanceFactor)).toEqual([150, 0]);
    expect(backends.map(({ balance: { algorithm } }) => isHashing(algorithm))).toEqual([true, false]);
  });
});
