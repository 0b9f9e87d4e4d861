/**
 * A longer simulation than CI's: `deno task sim --seeds 10000 --from 1`, or one seed again: `deno task sim --seed 255`.
 *
 * Runs tests/sim with that many seeds; a failure names its seed.
 *
 * @module
 */
import { parseArgs } from "node:util";

const VITEST = "npm:vitest@4.1.12";
/** A thousand seeds take about half a minute. */
const TIMEOUT_MS = 3_600_000;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seeds: { type: "string", default: "2000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});
const env: Record<string, string> = { HADRO_SEEDS: values.seeds, HADRO_SEED_FROM: values.from };
if (values.seed !== undefined) env.HADRO_SEED = values.seed;
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", VITEST, "run", "tests/sim", "--testTimeout", String(TIMEOUT_MS)],
  env,
}).spawn().status;
Deno.exit(code);
