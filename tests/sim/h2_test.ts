/**
 * HTTP/2 clients in a simulated world: 256 seeds, each with other windows, networks, pool sizes, poller flavours, http-reuse and traffic.
 *
 * HADRO_SEED=n runs one seed; HADRO_SEEDS=n runs that many. A failure names its seed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HTTP_REUSES } from "../../src/config/catalogue.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { SimH2Client } from "../support/sim/sim_h2.ts";
import { httpServing, randomExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

function build(seed: number, flags: Record<string, string>, cancelChance: number) {
  const prng = new Prng(seed ^ 0x5eed);
  const isShort = prng.chance(0.5);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount: 1 + prng.nextBelow(3),
    fdCapacity: 256,
    // Requests wait for servers, their bodies for the requests: as many as there are buffers for.
    serverKeys: !isShort && seed % 3 === 0 ? ",maxconn=2" : "",
    bufferLimit: isShort ? 8 : 64,
    flags: {
      ...flags,
      "h2-glitches": "0",
      "http-reuse": HTTP_REUSES[seed % HTTP_REUSES.length]!,
      "pool-purge-delay": "5s",
      ...(seed % 5 === 0 ? { "retry-on": "all-retryable-errors" } : {}),
    },
  });
  const clients: SimH2Client[] = [];
  for (let i = 0; i < 1 + prng.nextBelow(3); i++) {
    const exchanges = Array.from(
      { length: 1 + prng.nextBelow(8) },
      (_, n) => randomExchange(prng, i * 100 + n),
    );
    clients.push(
      new SimH2Client(sim.world.network, sim.world.prng, sim.address, exchanges, {
        streamMax: 1 + prng.nextBelow(8),
        windowBytes: prng.chance(0.3) ? prng.nextBelow(100) : prng.nextBelow(70_000),
        openChance: 0.1 + 0.9 * prng.nextFloat(),
        cancelChance,
      }),
    );
  }
  sim.world.actors.push(...clients);
  return { sim, clients, prng };
}

describe("simulated HTTP/2 clients", () => {
  it("get every answer whole while everybody behaves, within their windows (I13), and nothing is left (I14)", () => {
    forEachSeed("h2 peaceful", (seed) => {
      const { sim, clients, prng } = build(seed, {}, 0);
      const beside = Array.from(
        { length: 2 },
        (_, i) =>
          new SimHttpClient(sim.world.network, sim.world.prng, sim.address, [
            randomExchange(prng, 900 + i),
          ]),
      );
      sim.world.actors.push(...beside);
      for (let i = 0; i < sim.proxy.backends.get("app")!.servers.length; i++) {
        sim.world.actors.push(
          new SimServer(sim.world.network, sim.world.prng, sim.serverAddress(i), httpServing(sim.world.prng)),
        );
      }
      sim.world.runPeacefully();
      for (const client of clients) {
        expect([client.resets, client.goaways]).toEqual([[], []]);
        expect(client.statuses.filter((status) => status !== 200)).toEqual([]);
      }
      sim.world.checkNothingLost();
      expect(sim.log.filter((line) => line.term !== "--")).toEqual([]);
      sim.end(false);
      expect(sim.proxy.context.h2.ownBytes).toBe(0);
    });
  });

  it("survive servers that break off, and may cancel and leave: no wrong byte, no leak, no spin", () => {
    forEachSeed("h2 hostile", (seed) => {
      const { sim, clients } = build(
        seed,
        { "timeout-server": "2s", "timeout-client": "2s", "timeout-connect": "1s" },
        0.01,
      );
      for (const client of clients) client.acceptsCut = true;
      const { prng } = sim.world;
      const nonsense = ["\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"];
      for (let i = 0; i < sim.proxy.backends.get("app")!.servers.length; i++) {
        if (prng.chance(0.2)) continue;
        const serving = httpServing(prng, (peer, isBetweenAnswers) => {
          if (!prng.chance(0.01)) return false;
          if (!isBetweenAnswers) return false;
          if (prng.chance(0.5)) peer.close(prng.chance(0.5));
          else peer.queue(nonsense[prng.nextBelow(nonsense.length)]!);
          return true;
        });
        sim.world.actors.push(new SimServer(sim.world.network, prng, sim.serverAddress(i), serving));
      }
      const breaker = {
        isDone: true,
        act: () => {
          if (!prng.chance(0.002)) return false;
          clients[prng.nextBelow(clients.length)]!.peer.close(prng.chance(0.5));
          return true;
        },
      };
      sim.world.actors.push(breaker);
      sim.world.runUntil(() => clients.every((client) => client.isDone || client.peer.socket.isClosed));
      for (const line of sim.log) expect(line.term).toMatch(/^[-CSPRcs][-RQCHD]$/);
      sim.end(prng.chance(0.5));
      expect(sim.proxy.context.h2.ownBytes).toBe(0);
    });
  });
});
