import { describe, expect, it } from "vitest";
import { chooseSeed, everyByte, newRandom, randomCuts } from "../conformance/h1/cuts.ts";
import { bytesOf, replay, textOf } from "../conformance/h1/replay.ts";
import { ChunkScanner } from "../../src/protocol/h1/chunk_scanner.ts";
import { mutate, REQUESTS, RESPONSES } from "./h1_mutations.ts";

const ROUNDS = 2000;
const seed = chooseSeed("h1 cuts");

describe("cuts: what hadro sees does not depend on how the bytes arrive", () => {
  it.each([["request", REQUESTS], ["response", RESPONSES]] as const)("%s", (kind, corpus) => {
    const random = newRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutate(corpus[random(corpus.length)] + corpus[random(corpus.length)], random);
      const input = bytesOf(text);
      const whole = replay(kind, input, []).events;
      const note = `seed ${seed}: ${JSON.stringify(text)}`;
      expect(replay(kind, input, everyByte(input.length)).events, note).toEqual(whole);
      expect(replay(kind, input, randomCuts(input.length, random)).events, note).toEqual(whole);
    }
  });
});

describe("ChunkScanner.decode agrees with scan", () => {
  it("gives the payload, in pieces as in one, and leaves the next message alone", () => {
    const random = newRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const { wire, payload } = randomChunks(random);
      const next = "GET / HTTP/1.1\r\n";
      const input = bytesOf(wire + next);
      const cuts = [...randomCuts(input.length, random), input.length];
      const scanner = new ChunkScanner();
      let decoded = "";
      let at = 0;
      for (const end of cuts) {
        decoded += textOf(input, at, scanner.decode(input, at, end));
        at = scanner.consumedEnd;
      }
      expect(scanner.errorCode, `seed ${seed}: ${JSON.stringify(wire)}`).toBe(0);
      expect(scanner.isDone).toBe(true);
      expect(decoded).toBe(payload);
      expect(scanner.payloadSizeBytes).toBe(payload.length);
      expect(textOf(input, at)).toBe(next);
    }
  });
});

function randomChunks(random: (below: number) => number): { wire: string; payload: string } {
  let wire = "";
  let payload = "";
  for (let count = random(6); count > 0; count--) {
    const data = String.fromCharCode(0x61 + random(26)).repeat(1 + random(40));
    const extension = ["", ";a", " ; b=c", ';d="e;\\"\t"'][random(4)];
    wire += `${"0".repeat(random(3))}${data.length.toString(16)}${extension}\r\n${data}\r\n`;
    payload += data;
  }
  return { wire: `${wire}0\r\n${["", "X-Sum: 1\r\n", "A: b\r\nDate: c\r\n"][random(3)]}\r\n`, payload };
}
