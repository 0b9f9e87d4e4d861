/** The fraction of pi, as Blowfish's tables list it. @module */
import { expect, it } from "vitest";
import { piWords } from "../../../../src/protocol/bcrypt/pi_words.ts";

it("begins and ends as the published tables do, however many words are asked for", () => {
  const words = [...piWords(18 + 1_024)].map((word) => (word >>> 0).toString(16).padStart(8, "0"));
  expect(words.slice(0, 4)).toEqual(["243f6a88", "85a308d3", "13198a2e", "03707344"]);
  expect(words.slice(17, 19)).toEqual(["8979fb1b", "d1310ba6"]);
  expect(words.at(-1)).toBe("3ac372e6");
  expect([...piWords(3)]).toEqual([0x243f6a88, 0x85a308d3 | 0, 0x13198a2e]);
});
