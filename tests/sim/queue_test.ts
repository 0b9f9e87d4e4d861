/**
 * Queues in simulated worlds: one proxy, and several that share what they count as threads do. After each step: no server has more
 * than its maxconn, as the proxies count and as the server sees it, and no slot is free beside a waiter that nobody is about to serve.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { SimQueues } from "../support/sim/sim_queue.ts";

const ALGORITHMS = ["roundrobin", "leastconn", "random", "first", "least-time", "source", "uri"];

/** Keys of servers that this algorithm may have, by chance. */
function drawKeys(prng: Prng, algorithm: string): string {
  const mayWaitAtServer = ["leastconn", "source", "uri"].includes(algorithm);
  return mayWaitAtServer && prng.chance(0.5) ? `,maxqueue=${40 + prng.nextBelow(20)}` : "";
}

function build(seed: number, threadCount: number, hasBells = true): SimQueues {
  const prng = new Prng(seed ^ 0x0e0e);
  const algorithm = ALGORITHMS[seed % ALGORITHMS.length]!;
  return new SimQueues({
    seed,
    threadCount,
    hasBells,
    serverCount: 1 + prng.nextBelow(3),
    maxconn: 1 + prng.nextBelow(3),
    serverKeys: drawKeys(prng, algorithm),
    clientCount: 2 + prng.nextBelow(5),
    flags: { lb: algorithm },
  });
}

/** Everybody is answered, and by whom is in the log. */
function serveAll(queues: SimQueues): void {
  queues.runUntil(() => queues.clients.every(({ isDone }) => isDone));
  for (const client of queues.clients) {
    expect(client.failedCount).toBe(0);
    expect(new Set(client.statuses)).toEqual(new Set([200]));
  }
  for (const sim of queues.sims) {
    for (const line of sim.log) {
      expect(line.term).toBe("--");
      // Who waited was in one queue; who did not was in none.
      expect(Math.min(line.serverQueue, line.backendQueue)).toBe(0);
      if (line.queueMs > 0) expect(line.serverQueue + line.backendQueue).toBeGreaterThan(0);
    }
  }
  queues.checkNothingLeft();
  for (const sim of queues.sims) sim.end(false);
}

describe("simulated queues", () => {
  it("of one proxy serve everybody, and never more than maxconn at once", () => {
    let waited = 0;
    forEachSeed("queue", (seed) => {
      const queues = build(seed, 1);
      serveAll(queues);
      waited += queues.waitingMax;
    });
    expect(waited).toBeGreaterThan(0);
  });

  it("send on what came of a body meanwhile, and the rest, byte for byte", () => {
    forEachSeed("queue bodies", (seed) => {
      serveAll(
        new SimQueues({
          seed,
          threadCount: 1 + (seed % 2),
          serverCount: 1 + (seed % 2),
          maxconn: 1,
          clientCount: 5,
          hasBodies: true,
        }),
      );
    });
  });

  it("of several proxies that ring each other serve everybody: no wake-up is lost", () => {
    let handovers = 0;
    forEachSeed("queues shared", (seed) => {
      const queues = build(seed, 2 + (seed % 3));
      serveAll(queues);
      for (const { proxy } of queues.sims) handovers += proxy.queues!.handoverCount;
    });
    expect(handovers).toBeGreaterThan(0);
  });

  it("of several proxies without bells look for what they were given", () => {
    forEachSeed("queues deaf", (seed) => serveAll(build(seed, 2, false)));
  });

  it("forget clients that leave, and those whose time is up: 503, sQ", () => {
    const seen = new Set<string>();
    forEachSeed("queue hostile", (seed) => {
      const prng = new Prng(seed ^ 0xbad);
      const threadCount = 1 + (seed % 3);
      const queues = new SimQueues({
        seed,
        threadCount,
        serverCount: 1 + prng.nextBelow(2),
        maxconn: 1 + prng.nextBelow(2),
        breaksOff: true,
        clientCount: 4 + prng.nextBelow(4),
        flags: { "timeout-queue": `${1 + prng.nextBelow(20)}ms`, lb: ALGORITHMS[seed % ALGORITHMS.length]! },
      });
      queues.sims[0]!.world.actors.push({
        isDone: true,
        act: () => {
          if (!prng.chance(0.02)) return false;
          queues.clients[prng.nextBelow(queues.clients.length)]!.breakOff(prng.chance(0.5));
          return true;
        },
      });
      queues.runUntil(() => queues.clients.every(({ isDone }) => isDone));
      queues.runUntil(() => queues.sims.every(({ proxy }) => proxy.context.connections.own === 0));
      for (const sim of queues.sims) {
        for (const { term, status, queueMs } of sim.log) {
          seen.add(term);
          expect(term).toMatch(/^(--|sQ|CQ|C[CHDR])$/);
          if (term === "sQ") expect([status, queueMs > 0]).toEqual([503, true]);
          if (term === "CQ") expect(status).toBe(-1);
        }
      }
      queues.checkNothingLeft();
      for (const sim of queues.sims) sim.end(prng.chance(0.5));
    });
    for (const term of ["--", "sQ", "CQ"]) expect([...seen]).toContain(term);
  });

  it("of servers hold maxqueue at most: more with a key go to another server, or are answered 503, SQ", () => {
    const seen = new Set<string>();
    forEachSeed("queue full", (seed) => {
      const prng = new Prng(seed ^ 0xf11);
      const maxqueue = 1 + prng.nextBelow(3);
      const serverCount = 1 + prng.nextBelow(3);
      const algorithm = ["leastconn", "source", "uri"][seed % 3]!;
      const queues = new SimQueues({
        seed,
        threadCount: 1 + (seed % 2),
        serverCount,
        maxconn: 1 + prng.nextBelow(2),
        serverKeys: `,maxqueue=${maxqueue}`,
        clientCount: 4 + prng.nextBelow(4),
        flags: { lb: algorithm },
      });
      queues.runUntil(() => {
        for (let i = 0; i < serverCount; i++) {
          expect(queues.cells[0]!.length(i)).toBeLessThanOrEqual(maxqueue);
        }
        return queues.clients.every(({ isDone }) => isDone);
      });
      for (const { term, status } of queues.sims.flatMap(({ log }) => log)) {
        seen.add(`${algorithm} ${term}`);
        expect(status).toBe(term === "SQ" ? 503 : 200);
      }
      queues.checkNothingLeft();
      for (const sim of queues.sims) sim.end(false);
    });
    expect([...seen].sort()).toEqual(["leastconn --", "source --", "source SQ", "uri --", "uri SQ"]);
  });

  it("find servers that are left when others go down, whoever knows it first, and come back", () => {
    const seen = new Set<string>();
    forEachSeed("queue down", (seed) => {
      const prng = new Prng(seed ^ 0xd034);
      const queues = new SimQueues({
        seed,
        threadCount: 1 + (seed % 3),
        serverCount: 2 + prng.nextBelow(2),
        maxconn: 1 + prng.nextBelow(2),
        clientCount: 3 + prng.nextBelow(4),
        disagrees: true,
        flags: { lb: ALGORITHMS[seed % ALGORITHMS.length]! },
      });
      const setHealth = (isHealthy: () => boolean) => {
        for (const { proxy } of queues.sims) {
          for (const server of proxy.backends.get("app")!.servers) {
            server.setHealth(isHealthy(), "a test says so");
          }
        }
      };
      const steps = 100 + prng.nextBelow(300);
      let step = 0;
      queues.runUntil(() => {
        if (prng.chance(0.02)) setHealth(() => prng.chance(0.6));
        return ++step > steps;
      });
      setHealth(() => true);
      queues.runUntil(() => queues.clients.every(({ isDone }) => isDone));
      for (const { term, status } of queues.sims.flatMap(({ log }) => log)) {
        seen.add(`${term} ${status}`);
      }
      queues.checkNothingLeft();
      for (const sim of queues.sims) sim.end(false);
    });
    expect([...seen].sort()).toEqual(["-- 200", "SC 503"]);
  });

  it("hold half of the buffers at most: more are answered 503, RQ", () => {
    const seen = new Set<string>();
    forEachSeed("queue memory", (seed) => {
      const queues = new SimQueues({
        seed,
        threadCount: 1,
        serverCount: 1,
        maxconn: 1,
        clientCount: 10,
        bufferLimit: 12,
      });
      queues.runUntil(() => queues.clients.every(({ isDone }) => isDone));
      expect(queues.waitingMax).toBeLessThanOrEqual(6);
      for (const { term, status } of queues.sims[0]!.log) seen.add(`${term} ${status}`);
      queues.checkNothingLeft();
      queues.sims[0]!.end(false);
    });
    expect([...seen].sort()).toEqual(["-- 200", "RQ 503"]);
  });

  it("are emptied by a kill, whoever waits", () => {
    forEachSeed("queue killed", (seed) => {
      const queues = build(seed, 1 + (seed % 2));
      const steps = queues.prng.nextBelow(400);
      let step = 0;
      queues.runUntil(() => ++step > steps);
      for (const sim of queues.sims) sim.end(true);
      queues.checkNothingLeft();
    });
  });
});
