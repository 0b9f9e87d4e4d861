/** Several threads over the same servers: together as fair as one. @module */
import { describe, expect, it } from "vitest";
import { Farm } from "../../../support/balance/farm.ts";

/** One farm for each thread, each with loads of its own. */
function threads(
  algorithm: "roundrobin" | "leastconn" | "least-time",
  threadCount: number,
  weights: number[],
): Farm[] {
  return Array.from(
    { length: threadCount },
    (_, thread) => new Farm(algorithm, weights.map((weight) => ({ weight })), { thread, threadCount }),
  );
}

function sumShares(farms: readonly Farm[], each: number): number[] {
  const shares = farms.map((farm) => farm.share(each));
  return shares[0]!.map((_, i) => shares.reduce((sum, share) => sum + share[i]!, 0));
}

describe.each(["roundrobin", "leastconn", "least-time"] as const)("%s in several threads", (algorithm) => {
  it("does not begin with the same server in each", () => {
    expect(sumShares(threads(algorithm, 2, [1, 1]), 1)).toEqual([1, 1]);
    expect(sumShares(threads(algorithm, 3, [1, 1, 1]), 1)).toEqual([1, 1, 1]);
    expect(sumShares(threads(algorithm, 4, [1, 1]), 1)).toEqual([2, 2]);
    expect(sumShares(threads(algorithm, 2, [1, 1, 1, 1]), 2)).toEqual([1, 1, 1, 1]);
  });

  it("gives each server its weight in every round of each", () => {
    for (const farm of threads(algorithm, 3, [5, 1, 2, 0])) {
      for (let round = 0; round < 3; round++) expect(farm.share(8)).toEqual([5, 1, 2, 0]);
    }
  });

  it("begins where it began without other threads", () => {
    const alone = new Farm(algorithm, [{}, {}, {}]);
    expect([1, 2, 3].map(() => alone.begin())).toEqual([0, 1, 2]);
  });
});
