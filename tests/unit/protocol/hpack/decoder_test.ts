/** Limits of header lists: the table stays right whatever the list has no room for. RFC 7541 by section is in tests/conformance. @module */
import { describe, expect, it } from "vitest";
import { EXCESS_FACTOR, HpackDecoder } from "../../../../src/protocol/hpack/decoder.ts";
import { HpackEncoder } from "../../../../src/protocol/hpack/encoder.ts";
import {
  describeHpackError,
  HpackError,
  isFatalHpackError,
} from "../../../../src/protocol/hpack/hpack_error.ts";
import { type Field, fieldsOf, hexBytes, joined, listOf, newList } from "../../../support/h2/fields.ts";

/** A literal with incremental indexing, plain. */
function inserted(name: string, value: string): Uint8Array {
  const octets = [0x40, name.length, ...name, value.length, ...value];
  return Uint8Array.from(octets, (octet) => typeof octet === "number" ? octet : octet.charCodeAt(0));
}

function encodeAll(encoder: HpackEncoder, fields: readonly Field[]): Uint8Array {
  const out = new Uint8Array(100_000);
  return out.subarray(0, encoder.encode(listOf(fields, newList(100_000, 1000)), out, 0, out.length));
}

describe("a list over its limits", () => {
  it("keeps the fields that fitted, and the next block finds the table as its writer left it", () => {
    const decoder = new HpackDecoder(4096);
    const list = newList(200);
    const block = joined(inserted("a", "1".repeat(100)), inserted("b", "2".repeat(100)), inserted("c", "3"));
    expect(decoder.decode(block, 0, block.length, list)).toBe(HpackError.LIST_TOO_LARGE);
    expect(fieldsOf(list)).toEqual([["a", "1".repeat(100)]]);
    expect(list.sizeBytes).toBe(133 + 133 + 34);
    expect(decoder.tableSizeBytes).toBe(133 + 133 + 34);
    for (
      const [hex, field] of [["be", ["c", "3"]], ["bf", ["b", "2".repeat(100)]], ["c0", [
        "a",
        "1".repeat(100),
      ]]]
    ) {
      const next = hexBytes(hex as string);
      expect(decoder.decode(next, 0, next.length, list)).toBe(HpackError.NONE);
      expect(fieldsOf(list)).toEqual([field]);
    }
  });

  it("is so by its number of fields as well", () => {
    const decoder = new HpackDecoder(4096);
    const list = newList(4096, 2);
    const block = joined(hexBytes("82 86 84"), inserted("c", "3"));
    expect(decoder.decode(block, 0, block.length, list)).toBe(HpackError.TOO_MANY_FIELDS);
    expect(fieldsOf(list)).toEqual([[":method", "GET"], [":scheme", "http"]]);
    expect(decoder.decode(hexBytes("be"), 0, 1, list)).toBe(HpackError.NONE);
    expect(fieldsOf(list)).toEqual([["c", "3"]]);
  });

  it("has not made the tables differ, with any lists and limits", () => {
    for (let limit = 120; limit < 1500; limit += 33) {
      const encoder = new HpackEncoder(400);
      const small = new HpackDecoder(400);
      const large = new HpackDecoder(400);
      small.limitTable(400);
      for (let round = 0; round < 12; round++) {
        const fields: Field[] = Array.from({ length: 8 }, (_, i) => [
          i % 3 === 0 ? "user-agent" : `x-${(round + i) % 5}`,
          "abc~".repeat((round * i) % 37),
        ]);
        const block = encodeAll(encoder, fields);
        const list = newList(limit);
        const error = small.decode(block, 0, block.length, list);
        expect([HpackError.NONE, HpackError.LIST_TOO_LARGE]).toContain(error);
        const whole = newList();
        expect(large.decode(block, 0, block.length, whole)).toBe(HpackError.NONE);
        expect(fieldsOf(whole)).toEqual(fields);
        expect(fieldsOf(list)).toEqual(fields.slice(0, list.count));
        expect(error === HpackError.NONE).toBe(list.count === fields.length);
        expect(small.tableSizeBytes).toBe(large.tableSizeBytes);
      }
    }
  });

  it("still finds what is malformed behind the limit", () => {
    const decoder = new HpackDecoder(4096);
    const block = joined(inserted("a", "1".repeat(100)), hexBytes("ff7f"));
    expect(decoder.decode(block, 0, block.length, newList(64))).toBe(HpackError.BAD_INDEX);
    expect(decoder.errorOffset).toBe(block.length - 2);
  });

  it("ends the connection when it is many times too large: few bytes, much work", () => {
    const decoder = new HpackDecoder(4096);
    const list = newList(8192);
    const bomb = joined(inserted("a", "1".repeat(120)), new Uint8Array(60_000).fill(0xbe));
    const error = decoder.decode(bomb, 0, bomb.length, list);
    expect(error).toBe(HpackError.EXCESSIVE_LIST);
    expect(list.sizeBytes).toBeLessThan(8192 * EXCESS_FACTOR + 200);
    expect(isFatalHpackError(error)).toBe(true);
  });
});

describe("an error", () => {
  it("is fatal unless it is about the list's limits, and has words", () => {
    const codes = Object.values(HpackError);
    const harmless: number[] = [HpackError.NONE, HpackError.LIST_TOO_LARGE, HpackError.TOO_MANY_FIELDS];
    for (const code of codes) expect(isFatalHpackError(code)).toBe(!harmless.includes(code));
    expect(new Set(codes.map(describeHpackError)).size).toBe(codes.length);
    expect(codes.map(describeHpackError).join()).not.toContain("unknown");
    expect(describeHpackError(99)).toContain("99");
  });
});
