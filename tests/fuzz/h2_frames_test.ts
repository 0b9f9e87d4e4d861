/** Frames of every kind of wrong: how they arrive changes nothing, and nothing makes the scanner read or run on. @module */
import { describe, expect, it } from "vitest";
import { chooseSeed, everyByte, newRandom, randomCuts } from "../conformance/h1/cuts.ts";
import { Settings } from "../../src/protocol/h2/settings.ts";
import { FaultReach, faultReach } from "../../src/protocol/h2/fault.ts";
import { frame, hexBytes, hexOf, joined } from "../support/h2/fields.ts";
import { readRecordings } from "../support/h2/recorded.ts";
import { BEGIN, scan } from "../support/h2/scan.ts";

const ROUNDS = 3_000;
const seed = chooseSeed("h2 frames");
const random = newRandom(seed);
const recordings = readRecordings(
  await Deno.readTextFile(`${import.meta.dirname}/../fixtures/h2/recorded.md`),
);

const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x10, 0xbe];
const LENGTHS = [0, 1, 4, 5, 6, 8, 12, 40];

/** Frames that are mostly well-formed, on few streams. */
function randomFrames(): Uint8Array {
  const frames = Array.from({ length: 1 + random(8) }, () => {
    const payload = Uint8Array.from(
      { length: LENGTHS[random(LENGTHS.length)]! },
      () => random(4) === 0 ? random(256) : random(3),
    );
    return frame(TYPES[random(TYPES.length)]!, random(2) === 0 ? 4 : random(256), random(4), payload);
  });
  return joined(BEGIN, ...frames);
}

function mutate(bytes: Uint8Array): Uint8Array {
  const mutated = bytes.slice();
  for (let count = random(3); count > 0; count--) mutated[random(mutated.length)] = random(256);
  return random(4) === 0 ? mutated.subarray(0, random(mutated.length + 1)) : mutated;
}

describe("frames", () => {
  it("mean the same whole, byte by byte and in random pieces", () => {
    const faults = new Set<number>();
    let frameCount = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const recording = recordings[random(recordings.length)]!;
      const isRecorded = random(4) === 0;
      const isServer = isRecorded ? recording.isRequest : true;
      const input = mutate(isRecorded ? recording.bytes : randomFrames());
      const note = `seed ${seed}: ${hexOf(input)}`;
      const whole = scan(isServer, input);
      if (!isRecorded) expect(scan(isServer, input, everyByte(input.length)), note).toEqual(whole);
      expect(scan(isServer, input, randomCuts(input.length, random)), note).toEqual(whole);
      for (const { fault } of whole) {
        faults.add(fault);
        expect(faultReach(fault)).not.toBe(FaultReach.MESSAGE);
      }
      frameCount += whole.length;
    }
    expect(frameCount).toBeGreaterThan(ROUNDS * 2);
    expect(faults.size).toBeGreaterThan(12);
  });

  it("SETTINGS of any bytes are taken in or refused, and stay within what is allowed", () => {
    const settings = [new Settings(), new Settings()];
    for (let round = 0; round < ROUNDS; round++) {
      const value = ["00000000", "00000001", "7fffffff", "ffffffff", "00004000"][random(5)]!;
      const hex = `${random(2) === 0 ? "00" : "01"}0${random(10)}${value}`;
      const one = settings[random(2)]!;
      one.read(hexBytes(hex), 0, 6, random(2) === 0);
      expect(one.initialWindowBytes).toBeLessThan(2 ** 31);
      expect(one.maxFrameBytes).toBeGreaterThanOrEqual(2 ** 14);
      expect(one.maxFrameBytes).toBeLessThan(2 ** 24);
    }
  });
});
