/**
 * Names that change under load, in a simulated world: members come and go, name servers fail, requests go on.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HTTP_REUSES } from "../../src/config/catalogue.ts";
import { failedAnswer, type NameAnswer } from "../../src/net/name_answer.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { httpServing, randomExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SIM_HOST } from "../support/sim/sim_network.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

/** Members are SRV records of one target: the simulated network knows addresses by their ports. */
const PORTS = [9_001, 9_002, 9_003, 9_004, 9_005];
const FAILURES = ["nx", "refused", "timeout", "other"] as const;
/** The last one makes a table at each change, which takes most of the time. */
const ALGORITHMS = [
  "roundrobin",
  "leastconn",
  "first",
  "random",
  "least-time",
  "roundrobin",
  "random",
  "uri",
];

interface Scene {
  readonly sim: SimProxy;
  readonly servers: ReadonlyMap<number, SimServer>;
  /** What the name has; null: it fails. */
  readonly zone: { members: readonly number[] | null };
  readonly slotCount: number;
}

/** The target's address comes along. */
function recordsOf(ports: readonly number[], prng: Prng): NameAnswer {
  if (ports.length === 0) return failedAnswer("nx", "no SRV record");
  const services = ports.map((port) => ({
    priority: 1,
    weight: 1 + prng.nextBelow(3),
    port,
    target: "a.test",
  }));
  return { status: "valid", addresses: [], services, others: new Map([["a.test", [SIM_HOST]]]), detail: "" };
}

function build(seed: number): Scene {
  const prng = new Prng(seed ^ 0xd45);
  const slotCount = 1 + prng.nextBelow(5);
  const zone: Scene["zone"] = { members: PORTS.slice(0, 2) };
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount: 0,
    backends: [`${slotCount}*srv://_x._tcp.app.test`],
    ask: (_name, _type, done) => {
      if (zone.members === null) done(failedAnswer(FAILURES[prng.nextBelow(FAILURES.length)]!, "no luck"));
      else done(recordsOf(zone.members, prng));
    },
    flags: {
      "resolve-every": "10ms",
      "hold": `nx=80ms,refused=80ms,timeout=80ms,other=80ms,obsolete=${10 * (seed % 3)}ms`,
      "http-reuse": HTTP_REUSES[seed % HTTP_REUSES.length]!,
      "lb": ALGORITHMS[(seed >> 2) % ALGORITHMS.length]!,
    },
  });
  const { network } = sim.world;
  const servers = new Map(PORTS.map((port) => {
    const address = { kind: "tcp", host: SIM_HOST, port } as const;
    return [port, new SimServer(network, sim.world.prng, address, httpServing(sim.world.prng))];
  }));
  sim.world.actors.push(...servers.values());
  return { sim, servers, zone, slotCount };
}

/** Clients that each send a few requests; all of them are answered, or none is able to. */
function run({ sim }: Scene, count: number): SimHttpClient[] {
  const { network, prng } = sim.world;
  const clients = Array.from({ length: count }, (_, i) => {
    const exchanges = Array.from(
      { length: 1 + prng.nextBelow(6) },
      (_, n) => randomExchange(prng, i * 10 + n),
    );
    return new SimHttpClient(network, prng, sim.address, exchanges);
  });
  sim.world.actors.push(...clients);
  sim.world.runUntil(() => clients.every((client) => client.isDone));
  return clients;
}

/** What each slot has; no two have the same, and a slot can be used if it has something. */
function checkedMembers({ sim }: Scene): string[] {
  const { servers } = sim.proxy.backends.get("app")!;
  const members = servers.map(({ hashName }) => hashName).filter((name) => name !== "");
  // Asked in every step: expect would cost more than all the rest.
  if (new Set(members).size !== members.length) throw new Error(`a member has two slots: ${members}`);
  const wrong = servers.find((server) => server.usable === server.isVacant);
  if (wrong !== undefined) {
    throw new Error(`${wrong.config.name} is usable ${wrong.usable}, vacant ${wrong.isVacant}`);
  }
  return members;
}

/** Lets the last answer reach the servers. */
function settle(scene: Scene, members: readonly number[]): void {
  scene.zone.members = members;
  const wanted = members.map((port) => `a.test:${port}`).sort().join();
  scene.sim.world.runUntil(() => checkedMembers(scene).sort().join() === wanted, 200_000);
}

describe("simulated names", () => {
  it("that change cut no request, and nothing new goes to what is gone", () => {
    forEachSeed("names", (seed) => {
      const scene = build(seed);
      const { sim, zone, servers, slotCount } = scene;
      const { prng } = sim.world;
      settle(scene, PORTS.slice(0, Math.min(2, slotCount)));
      const changing = {
        isDone: true,
        act: () => {
          checkedMembers(scene);
          if (!prng.chance(0.01)) return false;
          zone.members = prng.chance(0.2) ? null : PORTS.filter(() => prng.chance(0.5));
          return true;
        },
      };
      sim.world.actors.push(changing);
      for (const client of run(scene, 1 + prng.nextBelow(3))) {
        expect(client.failedCount).toBe(0);
        for (const status of client.statuses) expect([200, 503]).toContain(status);
      }
      sim.world.actors.splice(sim.world.actors.indexOf(changing), 1);
      for (const line of sim.log) {
        if (line.status === 503) expect(line.why).toMatch(/^no server of backend app can be used/);
        else expect([line.status, line.term]).toEqual([200, "--"]);
      }
      const last = PORTS[prng.nextBelow(PORTS.length)]!;
      settle(scene, [last]);
      const before = new Map([...servers].map(([port, { peers }]) => [port, peers.length]));
      for (const client of run(scene, 1)) {
        expect([client.failedCount, client.statuses.filter((status) => status !== 200)]).toEqual([0, []]);
      }
      sim.world.checkNothingLost();
      for (const [port, { peers }] of servers) {
        if (port === last) continue;
        expect(peers.length, `port ${port}`).toBe(before.get(port));
        expect(peers.filter(({ isOver, socket }) => !isOver && !socket.isClosed), `port ${port}`).toEqual([]);
      }
      sim.end(prng.chance(0.5));
    });
  });

  it("that change while connects are refused are survived: each request has an answer, and nothing is left", () => {
    forEachSeed("names refused", (seed) => {
      const scene = build(seed);
      const { sim, zone, servers } = scene;
      const { prng } = sim.world;
      for (const port of PORTS.slice(0, 2)) servers.get(port)!.stop();
      sim.world.actors.push({
        isDone: true,
        act: () => {
          if (!prng.chance(0.05)) return false;
          zone.members = prng.chance(0.2) ? null : PORTS.filter(() => prng.chance(0.5));
          return true;
        },
      });
      for (const client of run(scene, 1 + prng.nextBelow(4))) {
        expect(client.failedCount).toBe(0);
        for (const status of client.statuses) expect([200, 503]).toContain(status);
      }
      sim.end(prng.chance(0.5));
    });
  });
});
