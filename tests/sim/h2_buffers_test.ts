/**
 * HTTP/2 while buffers are short: what HAProxy 2.6 and 3.5-dev do not bear (engine-history 4.6).
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { frame, joined } from "../support/h2/fields.ts";
import { PREFACE } from "../../src/protocol/h2/preface.ts";
import { settings, word } from "../support/h2/wire.ts";
import { answerOf, RawH2, request } from "../support/sim/sim_h2_raw.ts";
import { SimH2Client } from "../support/sim/sim_h2.ts";
import { httpServing, type SimExchange } from "../support/sim/sim_http.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../support/sim/sim_poller.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

const CONNECTIONS = 50;
const STREAMS = 4;
const REQUESTS = 8;
const ANSWER_BYTES = 20_000;

function exchange(id: number, requestBytes: number): SimExchange {
  return {
    id,
    requestFraming: requestBytes === 0 ? "none" : id % 2 === 0 ? "length" : "chunked",
    requestBytes,
    responseFraming: id % 3 === 0 ? "chunked" : "length",
    responseBytes: ANSWER_BYTES,
    isEarly: false,
  };
}

function build(flavour: SimFlavour, bufferLimit: number, windowBytes: number, requestBytes: number) {
  const sim = new SimProxy({
    ...{ seed: 11, flavour, scheme: "http", serverCount: 1, fdCapacity: 600, pipeBytes: 8_000 },
    ...{ bufferLimit, reserveCount: 4 },
  });
  const { world } = sim;
  const clients = Array.from({ length: CONNECTIONS }, (_, i) => {
    const exchanges = Array.from({ length: REQUESTS }, (_, n) => exchange(i * REQUESTS + n, requestBytes));
    return new SimH2Client(world.network, world.prng, sim.address, exchanges, {
      ...{ streamMax: STREAMS, windowBytes, openChance: 0.5, cancelChance: 0 },
    });
  });
  world.actors.push(
    ...clients,
    new SimServer(world.network, world.prng, sim.serverAddress(0), httpServing(world.prng)),
  );
  return { sim, clients };
}

describe("a pool that is much too small, HTTP/2", () => {
  it.each(
    SIM_FLAVOURS.flatMap((flavour) => [[flavour, 9, 0], [flavour, 8, 0], [flavour, 9, 30_000]] as const),
  )(
    "%s, %i buffers, 4 of them kept for responses: 50 connections of 4 streams, 20 kB answers, %i bytes of request: all end (I13)",
    (flavour, bufferLimit, requestBytes) => {
      const { sim, clients } = build(flavour, bufferLimit, 65_535, requestBytes);
      sim.world.runPeacefully(60_000, 1_000_000);
      const wanted = new Array(REQUESTS).fill(200);
      for (const client of clients) expect([client.statuses, client.resets]).toEqual([wanted, []]);
      expect(sim.world.pool.inUseMax).toBeLessThanOrEqual(bufferLimit);
      expect(sim.world.engine.activity.bufferParked).toBeGreaterThan(0);
      sim.end(false);
      expect(sim.proxy.context.h2.ownBytes).toBe(0);
    },
  );

  it.each(SIM_FLAVOURS)(
    "%s: the same with windows of 1,000 bytes: what opens them is always read",
    (flavour) => {
      const { sim, clients } = build(flavour, 9, 1_000, 0);
      sim.world.runPeacefully(60_000, 1_000_000);
      for (const client of clients) expect([client.statuses.length, client.resets]).toEqual([REQUESTS, []]);
      sim.end(false);
    },
  );

  it("a stream whose server does not read keeps what its windows allow, and no more", () => {
    const sim = new SimProxy({
      ...{ seed: 3, flavour: "edge", scheme: "http", serverCount: 1, fdCapacity: 64, pipeBytes: 4_000 },
      ...{ bufferLimit: 64, reserveCount: 4 },
    });
    const { world } = sim;
    // Accepts, and reads nothing.
    const server = new SimServer(world.network, world.prng, sim.serverAddress(0), () => () => false);
    const client = new SimH2Client(world.network, world.prng, sim.address, [exchange(1, 400_000)], {
      ...{ streamMax: 1, windowBytes: 65_535, openChance: 1, cancelChance: 0 },
    });
    world.actors.push(client, server);
    const beganMs = world.clock.monotonicMs();
    world.runUntil(() => world.clock.monotonicMs() > beganMs + 5_000);
    expect(world.pool.inUse).toBeLessThanOrEqual(Math.ceil(65_535 / 16_384) + 1);
    expect(String(client)).toContain("windows 0 ");
    client.say(joined(frame(3, 0, 1, "00000008")));
    world.runUntil(() => world.pool.inUse === 0);
    expect(sim.log).toMatchObject([{ status: -1, term: "CH", why: "the client reset the stream" }]);
    client.peer.close();
    sim.end(true);
  });

  it("a client with closed windows pins a few buffers, not one for each of its streams", () => {
    const first = joined(PREFACE, settings([[4, 0]]));
    const raw = new RawH2(() => answerOf(30_000), { bufferLimit: 40, pipeBytes: 60_000 }, first);
    const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1);
    raw.say(...ids.map((id) => raw.headers(id, request("/"))));
    const { world } = raw.sim;
    expect(raw.answers().length).toBeLessThanOrEqual(16);
    expect(world.pool.inUse).toBeLessThanOrEqual(16);
    expect(world.pool.inUse).toBeGreaterThan(1);
    raw.say(frame(8, 0, 0, word(10_000_000)), settings([[4, 60_000]]));
    world.runUntil(() => raw.sim.log.length === 100);
    expect(raw.sim.log.filter(({ term }) => term !== "--")).toEqual([]);
    raw.end();
  });
});
