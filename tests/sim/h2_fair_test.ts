/**
 * Several answers on one HTTP/2 connection whose client reads slowly: how they share it.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { BUFFER_SIZE } from "../../src/buffer/pool.ts";
import { PREFACE } from "../../src/protocol/h2/preface.ts";
import { frame, joined } from "../support/h2/fields.ts";
import { settings, word } from "../support/h2/wire.ts";
import { answerOf, RawH2, request } from "../support/sim/sim_h2_raw.ts";

const SIZE = 300_000;
const OPEN_WINDOWS = joined(PREFACE, settings([[4, 5_000_000]]), frame(8, 0, 0, word(5_000_000)));

/** Bytes of each stream so far; told whenever some came. */
function follow(raw: RawH2, onBytes: (bytes: Map<number, number>) => boolean): void {
  const bytes = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    for (const text of raw.glimpse(5)) {
      const data = /^DATA (\d+) (\d+)/.exec(text);
      if (data !== null) bytes.set(Number(data[1]), (bytes.get(Number(data[1])) ?? 0) + Number(data[2]));
    }
    if (onBytes(bytes)) return;
  }
  throw new Error("not over");
}

function open(priorities: readonly string[], answer: (head: string) => string): RawH2 {
  const raw = new RawH2(answer, { pipeBytes: 6_000, seed: 5 }, OPEN_WINDOWS);
  priorities.forEach((priority, i) => {
    raw.say(raw.headers(2 * i + 1, request(`/${i}`, "GET", ["priority", priority])));
  });
  return raw;
}

describe("answers of one connection", () => {
  it("of one urgency get the same, give or take what a buffer and a frame hold", () => {
    const raw = open(["u=3", "u=3", "u=3", "u=3"], () => answerOf(SIZE));
    let lookCount = 0;
    follow(raw, (bytes) => {
      const counts = [1, 3, 5, 7].map((id) => bytes.get(id) ?? 0);
      const isWhole = counts.every((count) => count === SIZE);
      if (counts.every((count) => count > 0 && count < SIZE)) {
        lookCount++;
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(4 * BUFFER_SIZE);
      }
      return isWhole;
    });
    expect(lookCount).toBeGreaterThan(50);
    raw.end();
  });

  it("a small one does not wait for the end of large ones, whatever its urgency", () => {
    const raw = open(["u=0", "u=0", "u=7"], (head) => answerOf(head.startsWith("GET /2") ? 100 : SIZE));
    follow(raw, (bytes) => {
      if (bytes.get(5) !== 100) {
        expect(Math.min(bytes.get(1) ?? 0, bytes.get(3) ?? 0)).toBeLessThan(SIZE / 2);
        return false;
      }
      return true;
    });
    raw.end();
  });
});
