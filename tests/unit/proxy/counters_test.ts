/** Counters begin at 0 and belong to one owner. @module */
import { describe, expect, it } from "vitest";
import { newFrontendCounters, newServerCounters } from "../../../src/proxy/counters.ts";

describe.each([["frontend", newFrontendCounters], ["server", newServerCounters]] as const)(
  "%s counters",
  (_, make) => {
    it("begin at 0", () => {
      const values = Object.values(make());
      expect(values.length).toBeGreaterThan(0);
      expect(values.every((value) => value === 0)).toBe(true);
    });

    it("are each owner's own", () => {
      const counters: Record<string, number> = { ...make() };
      const [one, other] = [make(), make()];
      for (const name of Object.keys(counters)) (one as unknown as Record<string, number>)[name]++;
      expect(other).toEqual(counters);
    });
  },
);

describe("the names of counters", () => {
  it("are those that the admin command and metrics will show", () => {
    expect(Object.keys(newFrontendCounters())).toEqual([
      "connections",
      "requests",
      "requestErrors",
      "refusedMethods",
      "deniedConnections",
      "deniedRequests",
      "handshakeErrors",
      "helloErrors",
      "tlsHandshakes",
      "tlsResumed",
    ]);
    expect(Object.keys(newServerCounters())).toEqual([
      "connects",
      "connectErrors",
      "reuses",
      "streams",
      "retries",
      "redispatches",
      "responseErrors",
      "idleClosed",
      "checks",
      "checksFailed",
      "marksDown",
      "ejections",
    ]);
  });
});
