/**
 * Limits in a simulated world: 256 seeds of clients that break off, each against other limits. Nothing is left, what is refused says
 * so, and what is counted is what is logged.
 *
 * @module
 */
import { expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { httpServing, randomExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

const LIMITS: readonly Readonly<Record<string, string>>[] = [
  { rate: "3/s:burst=2", "max-body": "100" },
  { "max-body": "1", "min-rate": "10k" },
  { "conn-rate": "2/s", rate: "path:/:5/s" },
  { "maxconn-per-src": "2", "min-rate": "100" },
  { deny: "0.0.0.0/0+::/0" },
  { "max-headers": "1", "max-header-size": "256" },
];
/** What limits answer or log, beside what happens anyway. */
const REFUSED = /max-|more |rate|deny|min-rate/;

it("limits hold, and leave nothing behind", () => {
  let refusedCount = 0;
  forEachSeed("limits", (seed) => {
    const sim = new SimProxy({
      seed,
      flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
      scheme: "http",
      serverCount: 1,
      bufferLimit: seed % 2 === 0 ? 8 : 64,
      flags: { "timeout-client": "2s", "timeout-server": "2s", ...LIMITS[seed % LIMITS.length] },
    });
    const prng = new Prng(seed ^ 0x11b);
    const clients = Array.from({ length: 1 + prng.nextBelow(8) }, (_, i) => {
      const exchanges = Array.from(
        { length: 1 + prng.nextBelow(5) },
        (_, n) => randomExchange(prng, i * 10 + n),
      );
      const client = new SimHttpClient(sim.world.network, sim.world.prng, sim.address, exchanges);
      client.acceptsCut = true;
      return client;
    });
    const server = new SimServer(
      sim.world.network,
      sim.world.prng,
      sim.serverAddress(0),
      httpServing(sim.world.prng),
    );
    const breaker = {
      isDone: true,
      act: () => {
        if (!prng.chance(0.01)) return false;
        clients[prng.nextBelow(clients.length)]!.breakOff(prng.chance(0.5));
        return true;
      },
    };
    sim.world.actors.push(...clients, server, breaker);
    sim.world.runUntil(() => clients.every((client) => client.isDone));
    sim.end(prng.chance(0.5));
    const refused = sim.log.filter(({ why }) => REFUSED.test(why));
    const { deniedConnections, deniedRequests } = sim.proxy.listeners[0]!.counters;
    expect(refused.length, JSON.stringify(refused)).toBe(deniedConnections + deniedRequests);
    for (const { status, term } of refused) {
      expect(`${status} ${term}`).toMatch(/^(-1|403|413|429|431) PR$|^408 c|^\d+ (PD|cD)$/);
    }
    refusedCount += refused.length;
  });
  expect(refusedCount).toBeGreaterThan(0);
});
