/** HPACK's integers: what is written is read again, and nothing beyond the bounds. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  IntegerFailure,
  integerLength,
  integerValue,
  MAX_INTEGER,
  MAX_INTEGER_LENGTH,
  readInteger,
  writeInteger,
} from "../../../../src/protocol/hpack/integer.ts";

const BITS = fc.integer({ min: 4, max: 7 });

describe("an integer", () => {
  it("is read as it was written, with any pattern before its prefix, in at most five bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_INTEGER }), BITS, fc.nat(255), (value, bits, octet) => {
        const pattern = octet & ~((1 << bits) - 1);
        const bytes = new Uint8Array(8).fill(0xaa);
        const end = writeInteger(bytes, 1, pattern, bits, value);
        const packed = readInteger(bytes, 1, end, bits);
        expect([integerValue(packed), integerLength(packed)]).toEqual([value, end - 1]);
        expect(end - 1).toBeLessThanOrEqual(MAX_INTEGER_LENGTH);
        expect(bytes[1]! & ~((1 << bits) - 1)).toBe(pattern);
        expect([bytes[0], bytes[end]]).toEqual([0xaa, 0xaa]);
        for (let cut = 1; cut < end; cut++) {
          expect(readInteger(bytes, 1, cut, bits)).toBe(IntegerFailure.TRUNCATED);
        }
      }),
    );
  });

  it("is at most 2^27-1", () => {
    const bytes = new Uint8Array(8);
    expect(integerValue(readInteger(bytes, 0, writeInteger(bytes, 0, 0, 7, MAX_INTEGER), 7))).toBe(
      MAX_INTEGER,
    );
    const end = writeInteger(bytes, 0, 0, 7, MAX_INTEGER + 1);
    expect(readInteger(bytes, 0, end, 7)).toBe(IntegerFailure.TOO_LARGE);
  });

  it("of any bytes is a value within bounds, or a failure", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 8 }), BITS, (bytes, bits) => {
      const packed = readInteger(bytes, 0, bytes.length, bits);
      if (packed < 0) expect([IntegerFailure.TRUNCATED, IntegerFailure.TOO_LARGE]).toContain(packed);
      else {
        expect(integerValue(packed)).toBeLessThanOrEqual(MAX_INTEGER);
        expect(integerLength(packed)).toBeLessThanOrEqual(bytes.length);
      }
    }));
  });
});
