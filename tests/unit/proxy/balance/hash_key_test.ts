/** Keys: the same for the same bytes, for ever; far apart for neighbours; never boxed. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HASH_START,
  hashByte,
  hashBytes,
  hashText,
  keyOf,
  mix,
} from "../../../../src/proxy/balance/hash_key.ts";

const keyOfText = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return keyOf(hashBytes(HASH_START, bytes, 0, bytes.length));
};

describe("keys", () => {
  it("are those of every hadro that ever was", () => {
    expect(["", "a", "/index.html", "10.0.0.1"].map(keyOfText)).toEqual([
      718_249_730,
      111_160_428,
      132_175_665,
      732_897_643,
    ]);
    expect(["a", "10.0.0.1:80"].map((text) => mix(hashText(text)))).toEqual([-1_846_945_241, -1_882_280_991]);
  });

  it("are small integers of V8", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const keys = [keyOf(hashText(text)), keyOfText(text)];
      expect(keys.filter((key) => !Number.isInteger(key) || key < 0 || key >= 2 ** 30)).toEqual([]);
    }));
  });

  it("are of the bytes between start and end, wherever they lie", () => {
    fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, bytes, behind) => {
      const all = Uint8Array.from([...before, ...bytes, ...behind]);
      const hash = hashBytes(HASH_START, all, before.length, before.length + bytes.length);
      expect(hash).toBe(bytes.reduce(hashByte, HASH_START));
    }));
  });

  it("of texts that differ in one letter differ in half of their bits", () => {
    let bits = 0;
    for (let i = 0; i < 10_000; i++) {
      let differing = keyOfText(`/user/${i}`) ^ keyOfText(`/user/${i}x`);
      for (; differing !== 0; differing &= differing - 1) bits++;
    }
    expect(bits / 10_000).toBeGreaterThan(14.8);
    expect(bits / 10_000).toBeLessThan(15.2);
  });
});
