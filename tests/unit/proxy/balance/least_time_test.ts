/** least-time: who answers soonest gets the stream; nobody is forgotten. @module */
import { describe, expect, it } from "vitest";
import { HALF_LIFE_MS } from "../../../../src/proxy/balance/least_time.ts";
import { Farm } from "../../../support/balance/farm.ts";

/** Runs streams one after another on servers that take so long each; returns how many each got. */
function runOn(farm: Farm, timesMs: readonly number[], count: number): number[] {
  const shares = timesMs.map(() => 0);
  for (let i = 0; i < count; i++) {
    const index = farm.begin();
    farm.nowMs += timesMs[index]!;
    farm.balancer.onResponse(index, timesMs[index]! * 1_000, false);
    farm.end(index);
    shares[index]!++;
  }
  return shares;
}

describe("least-time", () => {
  it("tries every server once, then prefers the quickest", () => {
    const farm = new Farm("least-time", [{}, {}, {}]);
    expect(runOn(farm, [50, 5, 20], 3)).toEqual([1, 1, 1]);
    expect(runOn(farm, [50, 5, 20], 20)).toEqual([0, 20, 0]);
  });

  it("gives a slow server another chance, the later the slower it was", () => {
    const share = (slowMs: number) => runOn(new Farm("least-time", [{}, {}]), [10, slowMs], 10_000)[1]!;
    const [twice, tenfold] = [share(20), share(100)];
    // 100 s of 10 ms: twice as slow is tried after one half-life, ten times as slow after 3.3 of them.
    expect(twice).toBeGreaterThan(14);
    expect(twice).toBeLessThan(25);
    expect(tenfold).toBeGreaterThan(3);
    expect(tenfold).toBeLessThan(8);
  });

  it("goes back to a server that has become quick again", () => {
    const farm = new Farm("least-time", [{}, {}]);
    runOn(farm, [10, 1_000], 2);
    expect(runOn(farm, [10, 1_000], 100)[1]).toBe(0);
    expect(runOn(farm, [10, 1], 8_000)[1]).toBeGreaterThan(3_000);
  });

  it("tries one that was slow by one stream only", () => {
    const farm = new Farm("least-time", [{}, {}]);
    runOn(farm, [10, 200], 2);
    farm.nowMs += 20 * HALF_LIFE_MS;
    farm.balancer.onResponse(0, 10_000, false);
    expect(farm.begin()).toBe(1);
    expect(Array.from({ length: 10 }, () => farm.begin())).not.toContain(1);
  });

  it("counts the streams under way: a server twice as slow gets half as many", () => {
    const farm = new Farm("least-time", [{}, {}]);
    runOn(farm, [10, 20], 2);
    const shares = [0, 0];
    for (let i = 0; i < 30; i++) shares[farm.begin()]!++;
    expect(shares).toEqual([20, 10]);
  });

  it("follows the weights among servers that are as quick", () => {
    const farm = new Farm("least-time", [{ weight: 3 }, { weight: 1 }]);
    farm.balancer.onResponse(0, 10_000, false);
    farm.balancer.onResponse(1, 10_000, false);
    const shares = [0, 0];
    for (let i = 0; i < 40; i++) shares[farm.begin()]!++;
    expect(shares).toEqual([30, 10]);
  });

  it("does not send all of a first burst to the first server that answers", () => {
    const farm = new Farm("least-time", [{}, {}, {}]);
    const shares = [0, 0, 0];
    for (let i = 0; i < 30; i++) shares[farm.begin()]!++;
    expect(shares).toEqual([10, 10, 10]);
  });

  it("does not take an error for a quick answer", () => {
    const farm = new Farm("least-time", [{}, {}]);
    farm.run(10);
    farm.run(10);
    const shares = [0, 0];
    for (let i = 0; i < 200; i++) {
      const index = farm.begin();
      farm.nowMs += index === 0 ? 10 : 0.1;
      farm.balancer.onResponse(index, index === 0 ? 10_000 : 100, index === 1);
      farm.end(index);
      shares[index]!++;
    }
    expect(shares[0]).toBeGreaterThan(80);
  });

  it("learns from many answers of the same moment", () => {
    const farm = new Farm("least-time", [{}, {}]);
    for (let i = 0; i < 50_000; i++) {
      farm.balancer.onResponse(0, 1_000, false);
      farm.balancer.onResponse(1, i === 0 ? 500 : 2_000, false);
    }
    expect(farm.begin()).toBe(0);
  });
});
