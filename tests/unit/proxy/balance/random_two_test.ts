/** random: the less loaded of two drawn by weight. @module */
import { describe, expect, it } from "vitest";
import { chooseSeed } from "../../../conformance/h1/cuts.ts";
import { NO_KEY } from "../../../../src/proxy/balance/hash_key.ts";
import { Farm } from "../../../support/balance/farm.ts";

const SEED = chooseSeed("random of two");

describe("random of two", () => {
  /** Six standard deviations: a right one fails once in 500 million runs. */
  function expectShares(shares: readonly number[], weights: readonly number[], count: number): void {
    const sum = weights.reduce((a, b) => a + b);
    weights.forEach((weight, i) => {
      const chance = weight / sum;
      const deviation = Math.sqrt(count * chance * (1 - chance));
      expect(Math.abs(shares[i] - count * chance), `server ${i}, HADRO_SEED=${SEED}`).toBeLessThanOrEqual(
        6 * deviation,
      );
    });
  }

  it.each([[[1, 1, 1]], [[1, 2, 3, 4]], [[10, 1]]])(
    "gives idle servers of weights %j their share",
    (weights) => {
      const farm = new Farm("random", weights.map((weight) => ({ weight })), { seed: SEED });
      expectShares(farm.share(20_000), weights, 20_000);
    },
  );

  it("gives the same choices for the same seed, others for another", () => {
    const choices = (seed: number) => {
      const farm = new Farm("random", [{}, {}, {}, {}], { seed });
      return Array.from({ length: 50 }, () => farm.begin()).join("");
    };
    expect(choices(SEED)).toBe(choices(SEED));
    expect(choices(SEED)).not.toBe(choices(SEED + 1));
  });

  it("takes the less loaded of the two that it drew", () => {
    const farm = new Farm("random", [{ currentConns: 100 }, {}], { seed: SEED });
    const shares = [0, 0];
    for (let i = 0; i < 10_000; i++) shares[farm.balancer.choose(null, NO_KEY)]++;
    expectShares(shares, [1, 3], 10_000);
  });

  it("keeps streams that stay close to the proportion of the weights", () => {
    const weights = [1, 2, 4];
    const farm = new Farm("random", weights.map((weight) => ({ weight })), { seed: SEED });
    for (let i = 0; i < 7_000; i++) farm.begin();
    weights.forEach((weight, i) => {
      const difference = Math.abs(farm.servers[i].currentConns - 1_000 * weight);
      expect(difference, `server ${i}, HADRO_SEED=${SEED}`).toBeLessThan(50);
    });
  });
});
