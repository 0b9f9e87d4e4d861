/**
 * Ways to cut an input into pieces, and the small generator of numbers that the random ones use.
 *
 * May import: nothing.
 *
 * @module
 */

/** Returns a generator of integers from 0 to `below - 1`, the same for the same seed (xorshift32). */
export function newRandom(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Returns the seed of this run: `HADRO_SEED` when set, else one from the clock; prints it. */
export function chooseSeed(name: string): number {
  const seed = Number(Deno.env.get("HADRO_SEED") ?? Date.now() % 1_000_000);
  // deno-lint-ignore no-console -- a seed that is not seen cannot be run again
  console.log(`${name}: HADRO_SEED=${seed}`);
  return seed;
}

/** Returns a cut after every byte. */
export function everyByte(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1);
}

/** Returns up to eight cuts at random places, ascending. */
export function randomCuts(length: number, random: (below: number) => number): number[] {
  const cuts = Array.from({ length: 1 + random(8) }, () => random(length + 1));
  return cuts.sort((a, b) => a - b);
}
