/** Header blocks of every kind of wrong: always an error number or a list within its limits, and never a table out of bounds. @module */
import { describe, expect, it } from "vitest";
import { chooseSeed, newRandom } from "../conformance/h1/cuts.ts";
import { EXCESS_FACTOR, HpackDecoder } from "../../src/protocol/hpack/decoder.ts";
import { LIST_STRIDE, ListPart } from "../../src/protocol/hpack/field_list.ts";
import { HpackError, isFatalHpackError } from "../../src/protocol/hpack/hpack_error.ts";
import { hexOf, joined, newList } from "../support/h2/fields.ts";
import { headerBlocks, readRecordings } from "../support/h2/recorded.ts";

const ROUNDS = 3_000;
const TABLE_BYTES = 4096;
const LIST_BYTES = 700;
const seed = chooseSeed("hpack");
const random = newRandom(seed);

const recordings = readRecordings(
  await Deno.readTextFile(`${import.meta.dirname}/../fixtures/h2/recorded.md`),
).filter(({ tableBytes }) => tableBytes === TABLE_BYTES);
const connections = recordings.map((recording) => headerBlocks(recording, recording.bytes.length));

/** Octets that begin representations, integers and texts in odd ways. */
const SNIPPETS = [
  "ff",
  "ffffffffff",
  "80",
  "3f",
  "20",
  "3fe11f",
  "7f",
  "40",
  "be",
  "c0",
  "0082ffff",
  "00ff80808000",
  "1f",
]
  .map((hex) => Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16)));

function mutate(block: Uint8Array): Uint8Array {
  let mutated = block;
  for (let count = random(4); count > 0; count--) {
    const at = random(mutated.length + 1);
    const before = mutated.subarray(0, at);
    const snippet = SNIPPETS[random(SNIPPETS.length)]!;
    switch (random(5)) {
      case 0:
        mutated = joined(before, snippet, mutated.subarray(at));
        break;
      case 1:
        mutated = joined(before, mutated.subarray(at + 1 + random(3)));
        break;
      case 2:
        mutated = joined(before, Uint8Array.of(random(256)), mutated.subarray(at + 1));
        break;
      case 3:
        mutated = joined(before, ...Array.from({ length: random(40) }, () => snippet), mutated.subarray(at));
        break;
      default:
        mutated = before;
    }
  }
  return mutated;
}

function checkBounds(list: ReturnType<typeof newList>): void {
  expect(list.count).toBeLessThanOrEqual(list.maxFieldCount);
  expect(list.length).toBeLessThanOrEqual(list.bytes.length);
  let end = 0;
  for (let row = 0; row < list.count * LIST_STRIDE; row += LIST_STRIDE) {
    expect(list.fields[row + ListPart.NAME_START]).toBe(end);
    end += list.fields[row + ListPart.NAME_LENGTH]!;
    expect(list.fields[row + ListPart.VALUE_START]).toBe(end);
    end += list.fields[row + ListPart.VALUE_LENGTH]!;
  }
  expect(end).toBe(list.length);
}

describe("a header block", () => {
  it("of any bytes is an error or a list, and two decoders with other limits agree on the table", () => {
    const seen = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const small = new HpackDecoder(TABLE_BYTES);
      const large = new HpackDecoder(TABLE_BYTES);
      const smallList = newList(LIST_BYTES, 12);
      const largeList = newList(LIST_BYTES * EXCESS_FACTOR * 100, 4000);
      for (const block of connections[random(connections.length)]!) {
        const input = mutate(block);
        const note = `seed ${seed}: ${hexOf(input)}`;
        const error = small.decode(input, 0, input.length, smallList);
        const wholeError = large.decode(input, 0, input.length, largeList);
        seen.set(error, (seen.get(error) ?? 0) + 1);
        checkBounds(smallList);
        checkBounds(largeList);
        if (error === HpackError.EXCESSIVE_LIST) break;
        if (isFatalHpackError(error)) {
          expect(wholeError, note).toBe(error);
          expect(small.errorOffset, note).toBeLessThanOrEqual(input.length);
          break;
        }
        expect(isFatalHpackError(wholeError), note).toBe(false);
        if (error === HpackError.NONE) expect(smallList.count, note).toBe(largeList.count);
        expect(small.tableSizeBytes, note).toBe(large.tableSizeBytes);
        expect(small.tableSizeBytes).toBeLessThanOrEqual(TABLE_BYTES);
      }
    }
    expect(seen.size).toBeGreaterThan(8);
  });

  it("of noise never throws", () => {
    const list = newList(LIST_BYTES, 12);
    for (let round = 0; round < ROUNDS; round++) {
      const decoder = new HpackDecoder(random(3) * 100);
      const input = Uint8Array.from({ length: random(200) }, () => random(256));
      const error = decoder.decode(input, 0, input.length, list);
      expect(Object.values(HpackError)).toContain(error);
      checkBounds(list);
    }
  });
});
