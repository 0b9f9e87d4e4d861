/** Servers that are full, for each algorithm: passed over, waited for, or gone to by a key all the same. @module */
import { describe, expect, it } from "vitest";
import type { BalanceAlgorithm } from "../../../../src/config/model.ts";
import { Farm } from "../../../support/balance/farm.ts";

const PLAIN: readonly BalanceAlgorithm[] = ["roundrobin", "leastconn", "random", "first", "least-time"];
const ALL: readonly BalanceAlgorithm[] = [...PLAIN, "source", "uri"];

describe.each(ALL)("%s", (algorithm) => {
  it("passes over a server that is full", () => {
    const farm = new Farm(algorithm, [{ isFull: true }, {}, { isFull: true }]);
    expect(farm.chosen()).toEqual([1]);
  });

  it("chooses none when all are full: no backup stands in for a server that is merely busy", () => {
    const farm = new Farm(algorithm, [{ isFull: true }, { isFull: true }, { isBackup: true }]);
    expect(farm.chosen()).toEqual([-1]);
  });

  it("chooses the first backup alone when no other can be used, and none while that is full", () => {
    const farm = new Farm(algorithm, [{ usable: false, isFull: true }, { isBackup: true }, {
      isBackup: true,
    }]);
    expect(farm.chosen()).toEqual([1]);
    farm.servers[1]!.isFull = true;
    expect(farm.chosen()).toEqual([-1]);
  });
});

describe("a key", () => {
  it("goes to its server however full that is, if any number may wait for it", () => {
    const farm = new Farm("uri", [{}, {}, {}]);
    const before = farm.owners(300);
    for (const server of farm.servers) Object.assign(server, { isFull: true, isPatient: true });
    expect(farm.owners(300)).toEqual(before);
    farm.servers[1]!.isPatient = false;
    const after = farm.owners(300);
    expect(after).not.toContain(1);
    before.forEach((owner, key) => expect(owner === 1 || after[key] === owner).toBe(true));
  });
});
