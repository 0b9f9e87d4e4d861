/** Slots: dealt out by weight, by each server alone. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  NO_OWNER,
  renewedOwners,
  serverIds,
  SLOT_COUNT,
  slotOwners,
} from "../../../../src/proxy/balance/slot_table.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:80`);
const RUNS = 20;

const anyServers = fc.uniqueArray(
  fc.record({ name: fc.domain(), weight: fc.integer({ min: 1, max: 256 }) }),
  { minLength: 2, maxLength: 8, selector: ({ name }) => name },
);

function owners(servers: readonly { readonly name: string; readonly weight: number }[]): string[] {
  const table = slotOwners(serverIds(servers.map(({ name }) => name)), servers.map(({ weight }) => weight));
  return Array.from(table, (owner) => servers[owner]!.name);
}

/** Slots that went from one to another, though only to `winner` they should. */
function strays(before: readonly string[], after: readonly string[], winner: string): string[] {
  return after.filter((owner, slot) => owner !== winner && owner !== before[slot]);
}

describe("slots", () => {
  it("are dealt out by weight, six standard deviations at most from the share", () => {
    fc.assert(
      fc.property(anyServers, (servers) => {
        const counts = new Map<string, number>();
        for (const name of owners(servers)) counts.set(name, (counts.get(name) ?? 0) + 1);
        const sum = servers.reduce((total, { weight }) => total + weight, 0);
        for (const { name, weight } of servers) {
          const share = weight / sum;
          const deviation = Math.sqrt(SLOT_COUNT * share * (1 - share));
          expect(Math.abs((counts.get(name) ?? 0) - SLOT_COUNT * share)).toBeLessThanOrEqual(
            6 * deviation + 1,
          );
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("go to a server that is added, or stay where they were", () => {
    fc.assert(
      fc.property(anyServers, fc.nat(), (servers, place) => {
        const added = servers[place % servers.length]!;
        const before = owners(servers.filter((server) => server !== added));
        expect(strays(before, owners(servers), added.name)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("go to a server whose weight grows, or stay where they were", () => {
    fc.assert(
      fc.property(anyServers, fc.integer({ min: 1, max: 256 }), ([grown, ...others], growth) => {
        const before = owners([grown!, ...others]);
        const after = owners([{ ...grown!, weight: grown!.weight + growth }, ...others]);
        expect(strays(before, after, grown!.name)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("do not follow the order of servers, nor the scale of weights", () => {
    fc.assert(
      fc.property(anyServers, (servers) => {
        const expected = owners(servers).join();
        expect(owners([...servers].reverse()).join() === expected).toBe(true);
        const scaled = servers.map(({ name, weight }) => ({ name, weight: weight * 16 }));
        expect(owners(scaled).join() === expected).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("have no owner when no server has a weight, or there is none", () => {
    expect(new Set(slotOwners(serverIds(["a"]), [0]))).toEqual(new Set([NO_OWNER]));
    expect(new Set(slotOwners(serverIds([]), []))).toEqual(new Set([NO_OWNER]));
  });

  it("are each the same in every hadro", () => {
    const table = slotOwners(serverIds(names(3)), [1, 2, 3]);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 65_535].map((slot) => table[slot])).toEqual([1, 1, 1, 2, 1, 0, 1, 1, 2]);
  });
});

describe("serverIds", () => {
  it("are other ones for equal names, always the same", () => {
    const ids = serverIds(["a", "b", "a", "a"]);
    expect(new Set(ids).size).toBe(4);
    expect(serverIds(["a", "a", "a", "b"])).toEqual(Int32Array.from([ids[0]!, ids[2]!, ids[3]!, ids[1]!]));
  });
});

describe("slots of servers that change", () => {
  const anyChange = fc.record({
    place: fc.nat(),
    name: fc.domain(),
    weight: fc.integer({ min: 0, max: 256 }),
  });

  it("are dealt out as if they had never been others", () => {
    fc.assert(
      fc.property(anyServers, fc.array(anyChange, { minLength: 1, maxLength: 4 }), (servers, changes) => {
        const idsOf = (list: typeof servers) => serverIds(list.map(({ name }) => name));
        const weightsOf = (list: typeof servers) => list.map(({ weight }) => weight);
        let now = servers;
        let table = slotOwners(idsOf(now), weightsOf(now));
        for (const { place, name, weight } of changes) {
          const next = now.map((server, i) => i === place % now.length ? { name, weight } : server);
          const [oldIds, ids] = [idsOf(now), idsOf(next)];
          const changed = next.map((server, i) => oldIds[i] !== ids[i] || server.weight !== now[i]!.weight);
          table = renewedOwners(table, ids, weightsOf(next), changed);
          now = next;
          expect(table).toEqual(slotOwners(ids, weightsOf(now)));
        }
      }),
      { numRuns: RUNS },
    );
  });
});
