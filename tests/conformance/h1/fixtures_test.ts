import { describe, expect, it } from "vitest";
import { chooseSeed, everyByte, newRandom, randomCuts } from "./cuts.ts";
import { readFixtures } from "./fixture.ts";
import { replay } from "./replay.ts";

const FOLDER = new URL("../../fixtures/h1/", import.meta.url);
const FILES = ["request_line.md", "fields.md", "framing.md", "chunked.md"];
const seed = chooseSeed("h1 fixtures");

describe.each(FILES)("fixtures/h1/%s", (file) => {
  const fixtures = readFixtures(Deno.readTextFileSync(new URL(file, FOLDER)));

  it("has fixtures", () => expect(fixtures.length).toBeGreaterThan(5));

  it.each(fixtures.map((fixture) => [fixture.title, fixture] as const))("%s", (_, fixture) => {
    const { kind, input, requestMethod, log } = fixture;
    const run = (cuts: number[]) => replay(kind, input, cuts, requestMethod).events;
    expect(run([])).toEqual(log);
    expect(run(everyByte(input.length))).toEqual(log);
    const random = newRandom(seed);
    for (let i = 0; i < 20; i++) {
      const cuts = randomCuts(input.length, random);
      expect(run(cuts), `seed ${seed}, cuts ${cuts}`).toEqual(log);
    }
  });
});
