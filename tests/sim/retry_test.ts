/**
 * Requests that are sent again, in a simulated world: servers that fail in every way of `retry-on`, clients that break off.
 *
 * HADRO_SEED=n runs one seed; HADRO_SEEDS=n runs that many. A failure names its seed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HTTP_REUSES } from "../../src/config/catalogue.ts";
import type { RetryBudget } from "../../src/proxy/retry/retry_budget.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { type Failure, FAILURES, SimFailing, type SimFailingOptions } from "../support/sim/sim_failing.ts";
import { type SimExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

interface World {
  readonly sim: SimProxy;
  readonly clients: SimHttpClient[];
  readonly failing: SimFailing;
}

function build(
  seed: number,
  options: {
    readonly methods: readonly string[];
    readonly bytesMax: number;
    readonly bufferLimits: readonly number[];
    readonly flags: Record<string, string>;
    readonly failing: SimFailingOptions;
  },
): World {
  const prng = new Prng(seed ^ 0x5eed);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount: 1 + prng.nextBelow(3),
    bufferLimit: options.bufferLimits[prng.nextBelow(options.bufferLimits.length)],
    flags: {
      ...options.flags,
      "http-reuse": HTTP_REUSES[seed % HTTP_REUSES.length],
      "timeout-server": "2s",
      "pool-purge-delay": "5s",
    },
  });
  const framings = ["none", "length", "chunked"] as const;
  const exchange = (id: number): SimExchange => ({
    id,
    isMarked: true,
    method: options.methods[prng.nextBelow(options.methods.length)],
    requestFraming: framings[prng.nextBelow(framings.length)],
    requestBytes: prng.nextBelow(options.bytesMax),
    responseFraming: prng.chance(0.5) ? "length" : "chunked",
    responseBytes: prng.nextBelow(5_000),
    isEarly: false,
  });
  const clients = Array.from({ length: 1 + prng.nextBelow(6) }, (_, i) => {
    const exchanges = Array.from({ length: 1 + prng.nextBelow(5) }, (_, n) => exchange(i * 10 + n));
    return new SimHttpClient(sim.world.network, sim.world.prng, sim.address, exchanges);
  });
  const failing = new SimFailing(sim.world.prng, options.failing);
  const { servers } = sim.proxy.backends.get("app")!;
  sim.world.actors.push(
    ...clients,
    ...servers.map((_, i) =>
      new SimServer(sim.world.network, sim.world.prng, sim.serverAddress(i), (peer) => failing.serve(peer))
    ),
  );
  return { sim, clients, failing };
}

/** Looks at every entry of a budget's account, by another account. Returns how many repeats it allowed. */
function audit(sim: SimProxy, percent: number, perSecond: number): () => number {
  const budget = sim.proxy.backends.get("app")!.retry!.budget;
  const requests: number[] = [];
  const repeats: number[] = [];
  const noteRequest: RetryBudget["noteRequest"] = budget.noteRequest.bind(budget);
  const takeRepeat: RetryBudget["takeRepeat"] = budget.takeRepeat.bind(budget);
  const recent = (times: number[], nowMs: number) =>
    times.filter((timeMs) => Math.floor(timeMs / 1_000) > Math.floor(nowMs / 1_000) - 10).length;
  budget.noteRequest = (nowMs) => {
    requests.push(nowMs);
    noteRequest(nowMs);
  };
  budget.takeRepeat = (nowMs) => {
    const isTaken = takeRepeat(nowMs);
    const isAllowed = recent(repeats, nowMs) + 1 <=
      recent(requests, nowMs) * percent / 100 + perSecond * 10;
    expect(isTaken, `the budget at ${nowMs} ms`).toBe(isAllowed);
    if (isTaken) repeats.push(nowMs);
    return isTaken;
  };
  return () => repeats.length;
}

describe("simulated retries", () => {
  it("hide every failure while there are attempts left: each request is answered once, with the right bytes", () => {
    forEachSeed("retries enough", (seed) => {
      const { sim, clients, failing } = build(seed, {
        methods: ["PUT", "DELETE", "OPTIONS"],
        // All requests of a client that pipelines fit behind each other.
        bytesMax: 2_500,
        bufferLimits: [64, 200],
        flags: { retries: "4", "retry-on": "all-retryable-errors", "retry-budget": "1000%+1000/s" },
        failing: { failures: FAILURES, failuresMax: 3, chance: 0.6, staleChance: 0.02 },
      });
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      for (const client of clients) {
        expect(client.failedCount).toBe(0);
        expect(client.statuses.filter((status) => status !== 200)).toEqual([]);
      }
      const retries = sim.log.reduce((sum, line) => sum + line.retries, 0);
      expect(retries).toBeGreaterThanOrEqual(failing.failedCount);
      // Whoever is asked again is asked for the same.
      for (const heads of failing.heads.values()) expect(new Set(heads).size).toBe(1);
      expect(sim.log.filter(({ status, term, why }) => status !== 200 || term !== "--" || why !== ""))
        .toEqual([]);
      sim.end(false);
    });
  });

  it("send no POST twice, stay in the budget, and leave nothing, whatever fails and whoever breaks off", () => {
    forEachSeed("retries hostile", (seed) => {
      const prng = new Prng(seed ^ 0xbad);
      const words = ["conn-failure", "empty-response", "response-timeout", "junk-response", "503"];
      const chosen = words.filter(() => prng.chance(0.6));
      const isUnsafe = prng.chance(0.2);
      const percent = prng.nextBelow(3) * 20;
      const { sim, clients, failing } = build(seed, {
        methods: ["PUT", "POST"],
        bytesMax: 20_000,
        bufferLimits: [8, 16, 64],
        flags: {
          retries: String(1 + prng.nextBelow(4)),
          "retry-on": ["empty-response", ...chosen, ...(isUnsafe ? ["non-idempotent"] : [])].join("+"),
          "retry-budget": `${percent}%+1/s`,
          "timeout-client": "3s",
        },
        failing: { failures: FAILURES as readonly Failure[], failuresMax: 9, chance: 0.5, staleChance: 0.05 },
      });
      const repeatCount = audit(sim, percent, 1);
      sim.world.actors.push({
        isDone: true,
        act: () => {
          if (!sim.world.prng.chance(0.01)) return false;
          clients[sim.world.prng.nextBelow(clients.length)].breakOff(sim.world.prng.chance(0.5));
          return true;
        },
      });
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      for (const heads of failing.heads.values()) {
        if (!isUnsafe && heads[0]!.startsWith("POST ")) expect(heads.length).toBe(1);
        expect(new Set(heads).size).toBe(1);
      }
      if (!isUnsafe) {
        expect(sim.log.filter(({ method, retries }) => method === "POST" && retries > 0)).toEqual([]);
      }
      sim.end(prng.chance(0.5));
      // Nobody refuses: every retry was a repeat.
      expect(sim.log.reduce((sum, line) => sum + line.retries, 0)).toBe(repeatCount());
    });
  });
});
