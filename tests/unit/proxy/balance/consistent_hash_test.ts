/** The same server for the same key; rules that all algorithms keep are in the contract suite. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf, NO_KEY } from "../../../../src/proxy/balance/hash_key.ts";
import { Farm, type TestServer, triedSet } from "../../../support/balance/farm.ts";

const KEYS = 2_000;
const RUNS = 20;

const anyServers = fc.uniqueArray(
  fc.record({
    hashName: fc.domain(),
    weight: fc.integer({ min: 1, max: 20 }),
    usable: fc.boolean(),
  }),
  { minLength: 2, maxLength: 6, selector: ({ hashName }) => hashName },
);

/** Who gets each key, by name; "" for nobody. */
function owners(farm: Farm): string[] {
  return farm.owners(KEYS).map((index) => index < 0 ? "" : farm.servers[index]!.hashName);
}

const farmOf = (servers: readonly Partial<TestServer>[]) => new Farm("uri", servers);

describe("the server of a key", () => {
  it("is the same in every instance, whatever the order of servers and the past", () => {
    fc.assert(
      fc.property(anyServers, fc.array(fc.tuple(fc.nat(5), fc.boolean())), (servers, past) => {
        const expected = owners(farmOf(servers));
        expect(owners(farmOf([...servers].reverse()))).toEqual(expected);
        const farm = farmOf(servers);
        for (const [place, usable] of past) {
          farm.setUsable(place % servers.length, usable);
          farm.begin();
        }
        servers.forEach(({ usable }, i) => farm.setUsable(i, usable));
        expect(owners(farm)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it("changes only from one that leaves, and back to it when it returns", () => {
    fc.assert(
      fc.property(anyServers, fc.nat(), (servers, place) => {
        const index = place % servers.length;
        const farm = farmOf(servers.map((server, i) => i === index ? { ...server, usable: true } : server));
        const before = owners(farm);
        const leaving = servers[index]!.hashName;
        farm.setUsable(index, false);
        const after = owners(farm);
        expect(after).not.toContain(leaving);
        expect(after.filter((owner, key) => before[key] !== leaving && owner !== before[key])).toEqual([]);
        farm.setUsable(index, true);
        expect(owners(farm)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it("changes only to one that is added to the configuration, by its share", () => {
    fc.assert(
      fc.property(anyServers, (servers) => {
        const all = servers.map((server) => ({ ...server, usable: true }));
        const added = all[0]!;
        const before = owners(farmOf(all.slice(1)));
        const after = owners(farmOf(all));
        const strays = after.filter((owner, key) => owner !== added.hashName && owner !== before[key]);
        expect(strays).toEqual([]);
        const share = added.weight / all.reduce((sum, { weight }) => sum + weight, 0);
        const moved = after.filter((owner) => owner === added.hashName).length;
        const deviation = Math.sqrt(KEYS * share * (1 - share));
        expect(Math.abs(moved - KEYS * share)).toBeLessThanOrEqual(7 * deviation + 1);
      }),
      { numRuns: RUNS },
    );
  });

  it("falls to the others by their weights when one leaves", () => {
    const farm = farmOf([{ weight: 10 }, { weight: 1 }, { weight: 3 }]);
    const before = farm.owners(40_000);
    farm.setUsable(0, false);
    const moved = farm.owners(40_000).filter((_, key) => before[key] === 0);
    const heavy = moved.filter((owner) => owner === 2).length;
    expect(heavy / moved.length).toBeGreaterThan(0.73);
    expect(heavy / moved.length).toBeLessThan(0.77);
  });

  it("is one of few that can be used of many: their keys stay, too", () => {
    const farm = farmOf(Array.from({ length: 1_000 }, (_, i) => ({ usable: i < 3 })));
    const before = farm.owners(KEYS);
    const counts = [0, 1, 2].map((index) => before.filter((owner) => owner === index).length);
    for (const count of counts) expect(Math.abs(count - KEYS / 3)).toBeLessThan(150);
    farm.setUsable(1, false);
    expect(farm.owners(KEYS).filter((owner, key) => before[key] !== 1 && owner !== before[key])).toEqual([]);
  });

  it("is another for a stream that failed on it, as if it were not there", () => {
    const farm = farmOf([{}, {}, {}]);
    for (let key = 0; key < 200; key++) {
      const first = farm.balancer.choose(null, keyOf(key));
      const second = farm.balancer.choose(triedSet(first), keyOf(key));
      farm.setUsable(first, false);
      expect(farm.balancer.choose(null, keyOf(key))).toBe(second);
      farm.setUsable(first, true);
    }
  });

  it("is the next one's in turn when there is no key", () => {
    const farm = farmOf([{ weight: 2 }, {}]);
    expect(Array.from({ length: 6 }, () => farm.balancer.choose(null, NO_KEY))).toEqual([0, 1, 0, 0, 1, 0]);
  });
});

describe("a weight that grows from a part to the whole (slowstart)", () => {
  it("brings keys step by step, each to stay, and no other key moves", () => {
    const farm = farmOf([{}, {}, {}]);
    // HAProxy's sixteenths, as with a slowstart.
    for (const i of [0, 1, 2]) farm.setWeight(i, 16);
    const whole = farm.owners(KEYS);
    expect(whole).toEqual(farmOf([{}, {}, {}]).owners(KEYS));
    let before: number[] = [];
    for (const weight of [1, 4, 8, 15, 16]) {
      farm.setWeight(1, weight);
      const after = farm.owners(KEYS);
      const count = after.filter((owner) => owner === 1).length;
      expect(Math.abs(count - (KEYS / 3) * (weight / 16))).toBeLessThan(120);
      expect(before.filter((owner, key) => after[key] !== 1 && after[key] !== owner)).toEqual([]);
      before = after;
    }
    expect(before).toEqual(whole);
  });
});

describe("hash-balance-factor", () => {
  it("bounds the load of each server at any time, whatever the keys are", () => {
    const keys = fc.oneof(fc.constant([7]), fc.array(fc.nat(2 ** 30 - 1), { minLength: 1, maxLength: 20 }));
    const factors = fc.integer({ min: 101, max: 400 });
    fc.assert(
      fc.property(anyServers, factors, keys, (servers, hashBalanceFactor, some) => {
        const all = servers.map((server) => ({ ...server, usable: true }));
        const farm = new Farm("uri", all, { hashBalanceFactor });
        const sum = all.reduce((total, { weight }) => total + weight, 0);
        for (let streams = 1; streams <= 200; streams++) {
          const index = farm.begin(null, some[streams % some.length]);
          const { currentConns, weight } = farm.servers[index]!;
          expect(currentConns).toBeLessThanOrEqual(
            Math.ceil((streams * hashBalanceFactor * weight) / (100 * sum)),
          );
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("leaves a key where it belongs while there is room, and brings it back when there is again", () => {
    const free = new Farm("uri", [{}, {}, {}]);
    const farm = new Farm("uri", [{}, {}, {}], { hashBalanceFactor: 150 });
    const home = free.begin(null, 7);
    const used = Array.from({ length: 4 }, () => farm.begin(null, 7));
    // Bounds of 1, 1, 2 and 2 streams.
    expect(used.map((index) => index === home)).toEqual([true, false, true, false]);
    farm.end(used[0]!);
    expect(farm.begin(null, 7)).toBe(home);
    // What one server has too much goes to the same next one, not anywhere.
    expect(used[1]).toBe(used[3]);
  });

  it("counts the servers that can be used only", () => {
    const farm = new Farm("uri", [{}, {}, {}, {}], { hashBalanceFactor: 110 });
    for (const index of [1, 2, 3]) farm.setUsable(index, false);
    for (let i = 0; i < 50; i++) expect(farm.begin(null, 7)).toBe(0);
    farm.setUsable(2, true);
    expect(farm.begin(null, 7)).toBe(2);
  });

  it("lets a stream go somewhere when other threads took all the room", () => {
    const farm = new Farm("uri", [{ currentConns: 5 }, { currentConns: 5 }], { hashBalanceFactor: 101 });
    Object.defineProperty(farm.servers, "reduce", { value: () => 0 });
    expect(farm.chosen()).toEqual([0, 1]);
  });
});

describe("slots whose addresses change", () => {
  it("give each key the server that it would have had if nothing had been there before", () => {
    const anyPast = fc.array(fc.tuple(fc.nat(3), fc.nat(5), fc.integer({ min: 1, max: 9 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(anyPast, (past) => {
        const vacant = { usable: false, hashName: "" };
        const farm = farmOf([vacant, vacant, vacant, vacant]);
        for (const [index, member, weight] of past) {
          const server = farm.servers[index]!;
          const hashName = member === 0 ? "" : `10.0.0.${member}:80`;
          // Two slots never have one member.
          if (
            hashName !== "" && farm.servers.some((other) => other !== server && other.hashName === hashName)
          ) continue;
          Object.assign(server, { hashName, weight, wholeWeight: weight, usable: hashName !== "" });
          farm.balancer.onServerChange(index);
          farm.balancer.choose(null, keyOf(index));
        }
        expect(owners(farm)).toEqual(owners(farmOf(farm.servers.filter(({ hashName }) => hashName !== ""))));
      }),
      { numRuns: 60 },
    );
  });
  it("move only the keys of a member that left, wherever the new one is", () => {
    const farm = farmOf([{}, {}, {}]);
    const before = owners(farm);
    Object.assign(farm.servers[1]!, { hashName: "", usable: false });
    farm.balancer.onServerChange(1);
    const without = owners(farm);
    expect(before.filter((owner, key) => owner !== "10.0.0.2:80" && without[key] !== owner)).toEqual([]);
    Object.assign(farm.servers[1]!, { hashName: "10.0.0.2:80", usable: true });
    farm.balancer.onServerChange(1);
    expect(owners(farm)).toEqual(before);
  });
});

describe("backups with ranks", () => {
  it("come in the order of their ranks, equal ones in that of their places", () => {
    const farm = farmOf([
      { usable: false },
      { isBackup: true, backupRank: 2 },
      { isBackup: true, backupRank: 1 },
      { isBackup: true, backupRank: 1 },
    ]);
    expect(farm.chosen()).toEqual([2]);
    farm.setUsable(2, false);
    expect(farm.chosen()).toEqual([3]);
    farm.setUsable(3, false);
    expect(farm.chosen()).toEqual([1]);
  });
});
