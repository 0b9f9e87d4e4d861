/** What every balancing algorithm promises (src/proxy/balance/). @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALGORITHMS } from "../../src/config/catalogue.ts";
import { chooseSeed } from "../conformance/h1/cuts.ts";
import { NO_KEY } from "../../src/proxy/balance/hash_key.ts";
import { Farm, triedSet } from "../support/balance/farm.ts";

const SEED = chooseSeed("balancer contract");

const anyServer = fc.record({
  weight: fc.integer({ min: 0, max: 256 }),
  isBackup: fc.boolean(),
  usable: fc.boolean(),
  currentConns: fc.integer({ min: 0, max: 5 }),
});

describe.each(ALGORITHMS)("%s", (algorithm) => {
  it("chooses the only server there is, every time", () => {
    expect(new Farm(algorithm, [{}]).share(10)).toEqual([10]);
  });

  it("has nothing to choose without servers, and when none is usable", () => {
    expect(new Farm(algorithm, []).begin()).toBe(-1);
    expect(new Farm(algorithm, [{ usable: false }, { usable: false, isBackup: true }]).begin()).toBe(-1);
  });

  it("never chooses a server that left, and chooses one that returned", () => {
    const farm = new Farm(algorithm, [{}, {}, {}]);
    farm.chosen();
    farm.setUsable(0, false);
    expect(farm.chosen()).toEqual(algorithm === "first" ? [1] : [1, 2]);
    farm.setUsable(0, true);
    expect(farm.chosen()).toEqual(algorithm === "first" ? [0] : [0, 1, 2]);
  });

  it("never chooses a server of weight 0, backup or not, even alone", () => {
    expect(new Farm(algorithm, [{ weight: 0 }, { weight: 3 }]).chosen()).toEqual([1]);
    expect(new Farm(algorithm, [{ weight: 0 }, { weight: 0, isBackup: true }]).chosen()).toEqual([-1]);
  });

  it("leaves backups alone while another server can be used", () => {
    const farm = new Farm(algorithm, [{ isBackup: true, weight: 256 }, { currentConns: 1_000 }]);
    expect(farm.chosen()).toEqual([1]);
  });

  it("uses the first usable backup alone once no other server can be used", () => {
    const backup = { isBackup: true };
    const farm = new Farm(algorithm, [{}, { ...backup, weight: 0 }, backup, { ...backup, weight: 256 }]);
    farm.setUsable(0, false);
    expect(farm.chosen()).toEqual([2]);
    farm.setUsable(2, false);
    expect(farm.chosen()).toEqual([3]);
    farm.setUsable(0, true);
    expect(farm.chosen()).toEqual([0]);
  });

  it("excludes the servers that a stream failed on, then the backups it failed on", () => {
    const farm = new Farm(algorithm, [{}, {}, { isBackup: true }, { isBackup: true }]);
    expect(farm.chosen(50, triedSet(0))).toEqual([1]);
    expect(farm.chosen(50, triedSet(1))).toEqual([0]);
    expect(farm.chosen(50, triedSet(0, 1))).toEqual([2]);
    expect(farm.chosen(50, triedSet(0, 1, 2))).toEqual([3]);
    expect(farm.chosen(50, triedSet(0, 1, 2, 3))).toEqual([-1]);
  });

  it("forgets what a stream failed on with the next stream", () => {
    const farm = new Farm(algorithm, [{}, {}]);
    for (let i = 0; i < 100; i++) farm.chosen(1, triedSet(0));
    expect(farm.chosen()).toContain(0);
  });

  it("chooses whom the rules allow, whatever servers there are", () => {
    const servers = fc.array(anyServer, { maxLength: 8 });
    fc.assert(
      fc.property(servers, fc.array(fc.nat(7)), fc.integer(), (states, failed, seed) => {
        const farm = new Farm(algorithm, states, { seed });
        const tried = triedSet(...failed);
        const allowed = (isBackup: boolean) =>
          states.flatMap((server, i) =>
            server.usable && server.weight > 0 && server.isBackup === isBackup && !tried.has(i) ? [i] : []
          );
        const [active, backups] = [allowed(false), allowed(true)];
        for (let i = 0; i < 20; i++) {
          const index = farm.begin(tried);
          if (active.length > 0) expect(active).toContain(index);
          else expect(index).toBe(backups[0] ?? -1);
        }
      }),
      { seed: SEED },
    );
  });

  it("takes streams that have no key", () => {
    const farm = new Farm(algorithm, [{}, { usable: false }, {}, { isBackup: true }]);
    const seen = new Set(Array.from({ length: 200 }, () => farm.balancer.choose(null, NO_KEY)));
    expect([...seen].sort()).toEqual(algorithm === "first" ? [0] : [0, 2]);
    farm.setUsable(0, false);
    farm.setUsable(2, false);
    expect(farm.balancer.choose(null, NO_KEY)).toBe(3);
    expect(farm.balancer.choose(triedSet(3), NO_KEY)).toBe(-1);
  });

  it("follows a weight that changes, to nothing and back", () => {
    const farm = new Farm(algorithm, [{ weight: 4 }, { weight: 4 }]);
    farm.setWeight(0, 0);
    expect(farm.chosen()).toEqual([1]);
    farm.setWeight(0, 8);
    farm.setWeight(1, 0);
    expect(farm.chosen()).toEqual([0]);
  });

  it("chooses among a thousand servers within a twentieth of a millisecond", () => {
    const farm = new Farm(algorithm, Array.from({ length: 1_000 }, (_, i) => ({ usable: i % 2 === 0 })));
    const perChoiceUs = () => {
      const beganMs = performance.now();
      for (let i = 0; i < 500; i++) farm.balancer.choose(null, i * 2_654_435);
      return (performance.now() - beganMs) * 2;
    };
    let least = Infinity;
    for (let round = 0; round < 20 && least > 50; round++) least = Math.min(least, perChoiceUs());
    expect(least).toBeLessThan(50);
  });

  it("makes no object to choose", () => {
    const farm = new Farm(algorithm, [{ weight: 5 }, { weight: 3 }, { weight: 2, usable: false }, {}]);
    const tried = triedSet(3);
    const growth = () => {
      const before = Deno.memoryUsage().heapUsed;
      for (let i = 0; i < 2_000; i++) farm.end(farm.begin(tried));
      return (Deno.memoryUsage().heapUsed - before) / 2_000;
    };
    // Few choices a sample: the garbage collector comes in between only now and then, and the median is without it.
    const median = () => Array.from({ length: 51 }, growth).sort((x, y) => x - y)[25];
    // Code that is not compiled yet boxes its numbers. The smallest object is 24 bytes; a generator's one boxed number (16)
    // is let pass.
    let least = Infinity;
    for (let round = 0; round < 30 && least >= 24; round++) least = Math.min(least, median());
    expect(least).toBeLessThan(24);
  });
});

describe.each(["roundrobin", "leastconn"] as const)("%s with streams one after another", (algorithm) => {
  it.each([[[1, 1, 1]], [[5, 1, 1]], [[1, 2, 3, 4]], [[256, 1]], [[7]]])(
    "gives each of %j exactly its weight in every round",
    (weights) => {
      const farm = new Farm(algorithm, weights.map((weight) => ({ weight })));
      const sum = weights.reduce((a, b) => a + b);
      for (let round = 1; round <= 3; round++) expect(farm.share(sum)).toEqual(weights);
    },
  );

  it("follows nginx's smooth order: 5, 1, 1 gives a a b a c a a", () => {
    const farm = new Farm(algorithm, [{ weight: 5 }, { weight: 1 }, { weight: 1 }]);
    for (let round = 0; round < 3; round++) {
      const order = Array.from({ length: 7 }, () => {
        const index = farm.begin();
        farm.end(index);
        return "abc"[index];
      });
      expect(order.join(" ")).toBe("a a b a c a a");
    }
  });

  it("is never further than one stream a server from the share of its weight", () => {
    const anyWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(anyWeights, (weights) => {
        const farm = new Farm(algorithm, weights.map((weight) => ({ weight })));
        const sum = weights.reduce((a, b) => a + b);
        const got = weights.map(() => 0);
        for (let count = 1; count <= 2 * sum; count++) {
          const index = farm.begin();
          farm.end(index);
          got[index]++;
          weights.forEach((weight, i) =>
            expect(Math.abs(got[i] - (weight * count) / sum)).toBeLessThanOrEqual(weights.length)
          );
        }
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it("gives a server that returns its share, not the one that it missed", () => {
    const farm = new Farm(algorithm, [{ weight: 2 }, { weight: 1 }, { weight: 1 }]);
    farm.share(3);
    farm.setUsable(0, false);
    expect(farm.share(100)).toEqual([0, 50, 50]);
    farm.setUsable(0, true);
    expect(farm.share(8)[0]).toBeLessThanOrEqual(5);
  });
});
