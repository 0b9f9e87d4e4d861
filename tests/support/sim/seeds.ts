/** Which seeds a simulation runs, and how a failure names its own. @module */

/** Seeds of a run unless HADRO_SEEDS says more or HADRO_SEED names one. */
export const SEED_COUNT = 256;

/** Runs `body` for every seed; a failure's message begins with what repeats it. */
export function forEachSeed(name: string, body: (seed: number) => void): void {
  const only = Deno.env.get("HADRO_SEED");
  const from = only === undefined ? Number(Deno.env.get("HADRO_SEED_FROM") ?? 1) : Number(only);
  const count = only === undefined ? Number(Deno.env.get("HADRO_SEEDS") ?? SEED_COUNT) : 1;
  for (let seed = from; seed < from + count; seed++) {
    try {
      body(seed);
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      throw new Error(`${name}: HADRO_SEED=${seed}\n${text}`);
    }
  }
}
