/**
 * The HTTP proxy in a simulated world: 256 seeds, each with another network, pool size, poller flavour, http-reuse and traffic.
 *
 * HADRO_SEED=n runs one seed; HADRO_SEEDS=n runs that many. A failure names its seed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HTTP_REUSES } from "../../src/config/catalogue.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { httpServing, randomExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

function build(
  seed: number,
  flags: Record<string, string> = {},
): { sim: SimProxy; clients: SimHttpClient[] } {
  const prng = new Prng(seed ^ 0x5eed);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount: 1 + prng.nextBelow(3),
    bufferLimit: prng.chance(0.5) ? 8 : 64,
    flags: { ...flags, "http-reuse": HTTP_REUSES[seed % HTTP_REUSES.length], "pool-purge-delay": "5s" },
  });
  const clients: SimHttpClient[] = [];
  for (let i = 0; i < 1 + prng.nextBelow(8); i++) {
    const exchanges = Array.from(
      { length: 1 + prng.nextBelow(5) },
      (_, n) => randomExchange(prng, i * 10 + n),
    );
    clients.push(new SimHttpClient(sim.world.network, sim.world.prng, sim.address, exchanges));
  }
  sim.world.actors.push(...clients);
  return { sim, clients };
}

describe("simulated HTTP proxy", () => {
  it("answers every request whole and to the right client while everybody behaves (I13), and leaves nothing (I14)", () => {
    forEachSeed("http peaceful", (seed) => {
      const { sim, clients } = build(seed);
      for (let i = 0; i < sim.proxy.backends.get("app")!.servers.length; i++) {
        const serving = httpServing(sim.world.prng);
        sim.world.actors.push(
          new SimServer(sim.world.network, sim.world.prng, sim.serverAddress(i), serving),
        );
      }
      sim.world.runPeacefully();
      for (const client of clients) {
        expect(client.failedCount).toBe(0);
        expect(client.statuses.filter((status) => status !== 200)).toEqual([]);
      }
      sim.world.checkNothingLost();
      expect(sim.log.filter((line) => line.term !== "--" && line.status === 200 && !line.why)).toEqual([]);
      sim.end(false);
    });
  });

  it("survives clients and servers that break off, reset and talk nonsense: no wrong byte, no leak, no spin", () => {
    forEachSeed("http hostile", (seed) => {
      const { sim, clients } = build(seed, {
        "timeout-server": "2s",
        "timeout-client": "2s",
        "timeout-connect": "1s",
      });
      for (const client of clients) client.acceptsCut = true;
      const { prng } = sim.world;
      const nonsense = [
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "x".repeat(20_000),
      ];
      for (let i = 0; i < sim.proxy.backends.get("app")!.servers.length; i++) {
        if (prng.chance(0.2)) continue; // A server that refuses.
        const serving = httpServing(prng, (peer, isBetweenAnswers) => {
          if (!prng.chance(0.01)) return false;
          if (!isBetweenAnswers || prng.chance(0.5)) peer.close(prng.chance(0.5));
          else peer.queue(nonsense[prng.nextBelow(nonsense.length)]);
          return true;
        });
        sim.world.actors.push(new SimServer(sim.world.network, prng, sim.serverAddress(i), serving));
      }
      const breaker = {
        isDone: true,
        act: () => {
          if (!prng.chance(0.02)) return false;
          clients[prng.nextBelow(clients.length)].breakOff(prng.chance(0.5));
          return true;
        },
      };
      sim.world.actors.push(breaker);
      sim.world.runUntil(() => clients.every((client) => client.isDone));
      for (const line of sim.log) expect(line.term).toMatch(/^[-CSPRcs][-RCHD]$/);
      sim.end(prng.chance(0.5));
    });
  });
});
