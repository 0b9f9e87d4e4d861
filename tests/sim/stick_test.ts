/**
 * Stickiness in a simulated world: 256 seeds of clients that come with a cookie, while servers are well, and while they break off.
 *
 * A client's requests are its server's while that is there, bodies and all; no server ever sees hadro's own cookie (sim_http.ts
 * looks); the letters say what happened.
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

const SERVERS = 3;
const COOKIES = [
  "SRV=s%",
  "a=1; SRV=s%; b=2",
  "x; SRV=s%|AAAAB",
  'q="SRV=s%; "; SRV=s%;',
  "SRV=s%; SRV=s1; z=1",
];

interface World {
  readonly sim: SimProxy;
  readonly clients: SimHttpClient[];
  /** The server that every client comes back to. */
  readonly wanted: string;
}

function build(seed: number, flags: Record<string, string>): World {
  const prng = new Prng(seed ^ 0x571c);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount: SERVERS,
    bufferLimit: prng.chance(0.5) ? 8 : 64,
    flags: { cookie: "SRV:insert:indirect:nocache", ...flags },
  });
  const wanted = `s${1 + prng.nextBelow(SERVERS)}`;
  const clients = Array.from({ length: 1 + prng.nextBelow(8) }, (_, i) => {
    const exchanges = Array.from({ length: 1 + prng.nextBelow(5) }, (_, n) => {
      const cookie = COOKIES[prng.nextBelow(COOKIES.length)]!.replaceAll("s%", wanted);
      const filler = prng.chance(0.2) ? `X: ${"y".repeat(prng.nextBelow(6_000))}\r\n` : "";
      return { ...randomExchange(prng, i * 10 + n), fields: `${filler}Cookie: ${cookie}\r\n` };
    });
    return new SimHttpClient(sim.world.network, sim.world.prng, sim.address, exchanges);
  });
  sim.world.actors.push(...clients);
  return { sim, clients, wanted };
}

it("brings every client to its server while all are well", () => {
  forEachSeed("stick peaceful", (seed) => {
    const { sim, clients, wanted } = build(seed, seed % 2 === 0 ? {} : { stick: "src", redispatch: "on" });
    for (let i = 0; i < SERVERS; i++) {
      const serving = httpServing(sim.world.prng);
      sim.world.actors.push(new SimServer(sim.world.network, sim.world.prng, sim.serverAddress(i), serving));
    }
    sim.world.runPeacefully();
    for (const client of clients) {
      expect([client.failedCount, client.statuses.every((s) => s === 200)]).toEqual([0, true]);
    }
    // A date in the cookie is taken out of it: maxidle is off.
    for (const line of sim.log) {
      expect(`${line.server} ${line.cookies}`).toMatch(new RegExp(`^${wanted} V[NU]$`));
    }
    sim.world.checkNothingLost();
    sim.end(false);
  });
});

it("survives servers that refuse, break off and talk nonsense, and says where clients went", () => {
  const seen = new Set<string>();
  forEachSeed("stick hostile", (seed) => {
    const { sim, clients, wanted } = build(seed, {
      "timeout-server": "2s",
      "timeout-client": "2s",
      "timeout-connect": "1s",
      "stick": ["off", "src", "hdr:x"][seed % 3]!,
      "redispatch": ["1", "on", "off", "2"][seed % 4]!,
    });
    const { prng } = sim.world;
    for (const client of clients) client.acceptsCut = true;
    for (let i = 0; i < SERVERS; i++) {
      if (prng.chance(0.3)) continue; // A server that refuses.
      const serving = httpServing(prng, (peer, isBetweenAnswers) => {
        if (!prng.chance(0.01)) return false;
        if (!isBetweenAnswers || prng.chance(0.5)) peer.close(prng.chance(0.5));
        else peer.queue("x".repeat(20_000));
        return true;
      });
      sim.world.actors.push(new SimServer(sim.world.network, prng, sim.serverAddress(i), serving));
    }
    const breaker = {
      isDone: true,
      act: () => {
        if (!prng.chance(0.02)) return false;
        clients[prng.nextBelow(clients.length)]!.breakOff(prng.chance(0.5));
        return true;
      },
    };
    sim.world.actors.push(breaker);
    sim.world.runUntil(() => clients.every((client) => client.isDone));
    for (const { server, cookies, status, term } of sim.log) {
      expect(cookies).toMatch(/^(--|V[NU]|D[NIU])$/);
      if (cookies[0] === "V") expect(server).toBe(wanted);
      // Who was sent elsewhere, and answered, has a new cookie.
      if (cookies[0] === "D" && status === 200 && term === "--" && server !== wanted) {
        expect(cookies).toBe("DI");
      }
      seen.add(cookies);
    }
    sim.end(prng.chance(0.5));
  });
  if (Deno.env.get("HADRO_SEED") === undefined) {
    expect([...seen].sort()).toEqual(expect.arrayContaining(["DI", "VN"]));
  }
});
