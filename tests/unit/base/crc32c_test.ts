/** CRC-32C against the values that RFC 3720 (appendix B.4) and the catalogue of CRCs give. @module */
import { describe, expect, it } from "vitest";
import { crc32c } from "../../../src/base/crc32c.ts";

function of(bytes: Uint8Array): number {
  return crc32c(bytes, 0, bytes.length);
}

describe("crc32c", () => {
  it.each([
    ["nothing", new Uint8Array(0), 0],
    ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ])("of %s", (_, bytes, sum) => expect(of(bytes)).toBe(sum));

  it("goes on from what came before, and looks only at its range", () => {
    const bytes = new TextEncoder().encode("--123456789--");
    expect(crc32c(bytes, 6, 11, crc32c(bytes, 2, 6))).toBe(0xe3069283);
  });
});
