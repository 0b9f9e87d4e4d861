/** What all formats share. @module */
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../../src/base/byte_writer.ts";
import { ascii, writeDroppedWords } from "../../../../src/observe/access_log/format.ts";
import { textOf } from "../../../support/access_log/records.ts";

describe("ascii", () => {
  it("gives the bytes of a text", () => expect([...ascii("a -")]).toEqual([0x61, 0x20, 0x2d]));
});

describe("writeDroppedWords", () => {
  it.each([[1, "hadro: 1 log lines dropped"], [1_234_567, "hadro: 1234567 log lines dropped"]])(
    "says that %i were dropped",
    (lines, text) => {
      const out = new ByteWriter(64);
      writeDroppedWords(out, lines);
      expect(textOf(out)).toBe(text);
    },
  );
});
