/** leastconn with streams that stay; its share of streams one after another is in the contract suite. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_KEY } from "../../../../src/proxy/balance/hash_key.ts";
import { Farm } from "../../../support/balance/farm.ts";

describe("leastconn with streams that stay", () => {
  it("keeps the connections in the proportion of the weights", () => {
    const farm = new Farm("leastconn", [{ weight: 1 }, { weight: 3 }, { weight: 6 }]);
    for (let i = 0; i < 1_000; i++) farm.begin();
    expect(farm.servers.map((server) => server.currentConns)).toEqual([100, 300, 600]);
  });

  it("sends the next stream to where streams ended", () => {
    const farm = new Farm("leastconn", [{}, {}, {}]);
    for (let i = 0; i < 30; i++) farm.begin();
    for (let i = 0; i < 5; i++) farm.end(1);
    expect([1, 2, 3, 4, 5].map(() => farm.begin())).toEqual([1, 1, 1, 1, 1]);
  });

  it("fills a server that returns up to the others", () => {
    const farm = new Farm("leastconn", [{}, { usable: false }]);
    for (let i = 0; i < 10; i++) farm.begin();
    farm.setUsable(1, true);
    expect(Array.from({ length: 10 }, () => farm.begin())).toEqual(new Array(10).fill(1));
  });

  it("always takes a server that no other is less loaded than", () => {
    const servers = fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 256 }), currentConns: fc.nat(50) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(servers, (states) => {
        const farm = new Farm("leastconn", states);
        const load = (i: number) => states[i].currentConns / states[i].weight;
        const index = farm.balancer.choose(null, NO_KEY);
        for (let i = 0; i < states.length; i++) expect(load(index)).toBeLessThanOrEqual(load(i));
      }),
    );
  });
});
