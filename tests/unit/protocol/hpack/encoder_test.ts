/** What the encoder puts into its table, and what not; every list there and back. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../../src/protocol/hpack/encoder.ts";
import { HpackError } from "../../../../src/protocol/hpack/hpack_error.ts";
import { type Field, fieldsOf, hexOf, listOf, newList } from "../../../support/h2/fields.ts";

function encode(encoder: HpackEncoder, ...fields: Field[]): string {
  const out = new Uint8Array(4096);
  return hexOf(out, 0, encoder.encode(listOf(fields), out, 0, out.length));
}

describe("the table", () => {
  it.each<[string, Field]>([
    ["date", ["date", "Tue, 24 Nov 2026 01:00:00 GMT"]],
    ["server", ["server", "hadro"]],
    ["authority", [":authority", "a.test"]],
  ])("takes what repeats at once: %s", (_, field) => {
    const encoder = new HpackEncoder(4096);
    encode(encoder, field);
    expect(encode(encoder, field)).toBe("be");
  });

  it("takes an unknown field when it comes a second time", () => {
    const encoder = new HpackEncoder(4096);
    expect(encode(encoder, ["x-request-id", "1"]).slice(0, 2)).toBe("00");
    expect(encode(encoder, ["x-request-id", "2"]).slice(0, 2)).toBe("00");
    expect(encoder.tableSizeBytes).toBe(0);
    expect(encode(encoder, ["x-request-id", "2"]).slice(0, 2)).toBe("40");
    expect(encode(encoder, ["x-request-id", "2"])).toBe("be");
    // The name is in the table now.
    expect(encode(encoder, ["x-request-id", "3"]).slice(0, 4)).toBe("0f2f");
  });

  it.each<[string, Field]>([
    ["authorization", ["authorization", "Basic QTpC"]],
    ["proxy-authorization", ["proxy-authorization", "Basic QTpC"]],
    ["set-cookie", ["set-cookie", "id=1; HttpOnly; SameSite=Strict"]],
    ["a short cookie", ["cookie", "id=1"]],
    ["what its sender marked", ["x-token", "secret", true]],
  ])("never takes secrets, and tells the next hop so: %s", (_, field) => {
    const encoder = new HpackEncoder(4096);
    for (let round = 0; round < 3; round++) expect(encode(encoder, field)[0]).toBe("1");
    expect(encoder.tableSizeBytes).toBe(0);
  });

  it.each<[string, Field]>([
    ["a path", [":path", "/a/b"]],
    ["a length", ["content-length", "123"]],
    ["a tag", ["etag", '"abc"']],
    ["a condition", ["if-none-match", '"abc"']],
    ["what takes more than half of it", ["user-agent", "x".repeat(2017)]],
  ])("does not take %s", (_, field) => {
    const encoder = new HpackEncoder(4096);
    for (let round = 0; round < 3; round++) expect(encode(encoder, field)[0]).toBe("0");
    expect(encoder.tableSizeBytes).toBe(0);
  });

  it("takes a long cookie, which cannot be guessed byte by byte", () => {
    const encoder = new HpackEncoder(4096);
    const cookie: Field = ["cookie", "session=0123456789abcdef"];
    expect([encode(encoder, cookie)[0], encode(encoder, cookie)[0], encode(encoder, cookie)])
      .toEqual(["0", "6", "be"]);
  });

  it("is as small as the peer says and as its owner says, and says so first", () => {
    const encoder = new HpackEncoder(1000);
    expect(encode(encoder, [":method", "GET"])).toBe("3fc90782");
    encoder.limitTable(65_536);
    expect(encode(encoder, [":method", "GET"])).toBe("82");
    encoder.limitTable(10);
    encoder.limitTable(500);
    encoder.limitTable(400);
    expect(encode(encoder, [":method", "GET"])).toBe("2a3ff10282");
    encoder.limitTable(0);
    expect(encode(encoder, ["server", "a"])).toMatch(/^200f27/);
    expect(encoder.tableSizeBytes).toBe(0);
  });
});

describe("a block", () => {
  it("has texts in the Huffman code where that is shorter (RFC 7541 appendix C.4.1), and plain where not", () => {
    const encoder = new HpackEncoder(4096);
    const fields: Field[] = [[":method", "GET"], [":path", "/"], [":authority", "www.example.com"]];
    expect(encode(encoder, ...fields)).toBe("8284418cf1e3c2e5f23a6ba0ab90f4ff");
    expect(encode(encoder, ["x", "~{}"])).toBe("000178037e7b7d");
  });

  it("is not begun, and nothing changed, without room for its longest form", () => {
    const encoder = new HpackEncoder(4096);
    const list = listOf([["server", "a"]]);
    const out = new Uint8Array(100);
    const needed = encoder.maxLength(list);
    expect(encoder.encode(list, out, 10, 10 + needed - 1)).toBe(-1);
    expect(out.every((octet) => octet === 0)).toBe(true);
    expect(encoder.tableSizeBytes).toBe(0);
    expect(encoder.encode(list, out, 10, 10 + needed)).toBeGreaterThan(10);
  });

  it("is read as it was written, and both tables are the same, whatever the fields and sizes", () => {
    const name = fc.constantFrom("a", "x-b", "server", "date", "cookie", ":path", "\xff\0", "n".repeat(300));
    const value = fc.oneof(
      fc.constantFrom("", "1", "GET", "gzip, deflate", "v".repeat(40)),
      fc.string({
        unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
        maxLength: 80,
      }),
    );
    const field = fc.tuple(name, value, fc.boolean()).map(([n, v, never]): Field =>
      never ? [n, v, true] : [n, v]
    );
    const block = fc.oneof(
      { weight: 5, arbitrary: fc.array(field, { maxLength: 20 }) },
      { weight: 1, arbitrary: fc.nat(3000) },
    );
    fc.assert(fc.property(fc.array(block, { maxLength: 15 }), (blocks) => {
      const encoder = new HpackEncoder(2000);
      const decoder = new HpackDecoder(4096);
      const out = new Uint8Array(200_000);
      const list = newList(200_000);
      for (const step of blocks) {
        if (typeof step === "number") {
          encoder.limitTable(step);
          continue;
        }
        const given = listOf(step, newList(200_000));
        const end = encoder.encode(given, out, 0, out.length);
        expect(end).toBeLessThanOrEqual(encoder.maxLength(given));
        expect(decoder.decode(out, 0, end, list)).toBe(HpackError.NONE);
        const secrets = fieldsOf(list).map(([n, v]) => [n, v]);
        expect(secrets).toEqual(step.map(([n, v]) => [n, v]));
        expect(decoder.tableSizeBytes).toBe(encoder.tableSizeBytes);
      }
    }));
  });
});
