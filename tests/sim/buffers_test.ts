/**
 * The whole proxy while buffers are short: everything ends all the same, and nobody spins for one.
 *
 * What HAProxy 2.6 (HTTP/1) and 3.5-dev (HTTP/2) do not: engine-history 4.6.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Criticality } from "../../src/buffer/criticality.ts";
import { bodyOf, httpServing, type SimExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../support/sim/sim_poller.ts";
import { SimProxy, type SimProxyOptions } from "../support/sim/sim_proxy.ts";

const CLIENTS = 40;
const ANSWER_BYTES = 20_000;

function newProxy(flavour: SimFlavour, options: Partial<SimProxyOptions>): SimProxy {
  return new SimProxy({
    seed: 7,
    flavour,
    scheme: "http",
    serverCount: 1,
    fdCapacity: 4 * CLIENTS,
    pipeBytes: 8_000,
    ...options,
  });
}

function exchange(id: number, requestBytes: number): SimExchange {
  return {
    id,
    requestFraming: requestBytes === 0 ? "none" : "length",
    requestBytes,
    responseFraming: id % 2 === 0 ? "length" : "chunked",
    responseBytes: ANSWER_BYTES,
    isEarly: false,
  };
}

/** Takes every buffer that there is. */
function takeAll(sim: SimProxy): number[] {
  const taken: number[] = [];
  for (;;) {
    const buffer = sim.world.pool.take(Criticality.TRANSMIT, true);
    if (buffer < 0) return taken;
    taken.push(buffer);
  }
}

/**
 * Clients and a server that send each other much. A stubborn server begins to answer when the requests hold all buffers that
 * they may have and the rest of them wait, and receives only after it has sent all.
 */
function tcpBothWays(
  flavour: SimFlavour,
  reserveCount: number,
  isStubborn: boolean,
): { readonly sim: SimProxy; readonly isWhole: () => boolean } {
  const sim = newProxy(flavour, { scheme: "tcp", bufferLimit: 8, reserveCount, pipeBytes: 2_000 });
  const { world } = sim;
  const [question, answer] = [bodyOf(1, "request", 30_000), bodyOf(2, "response", ANSWER_BYTES)];
  let hasBegun = false;
  const server = new SimServer(world.network, world.prng, sim.serverAddress(0), (peer) => {
    peer.queue(answer);
    peer.endAfter();
    return () => {
      hasBegun ||= world.buffers.waiting === CLIENTS - (8 - reserveCount);
      if (isStubborn && !hasBegun) return false;
      return [peer.pumpOut(), (!isStubborn || peer.socket.isSendShut) && peer.pumpIn()].includes(true);
    };
  });
  const clients = Array.from({ length: CLIENTS }, () => {
    const peer = new SimPeer(world.network.connect(sim.address), world.prng);
    peer.queue(question);
    peer.endAfter();
    return peer;
  });
  const actors = clients.map((peer) => ({
    act: () => [peer.pumpOut(), peer.pumpIn()].includes(true),
    get isDone() {
      return peer.isOver && peer.hasSentAll;
    },
  }));
  const serverActor = {
    act: () => server.act(),
    get isDone() {
      return server.peers.length === CLIENTS && server.peers.every((peer) => peer.isOver);
    },
  };
  world.actors.push(serverActor, ...actors);
  const isWhole = () =>
    clients.every(({ received }) => received === answer) &&
    server.peers.every(({ received }) => received === question);
  return { sim, isWhole };
}

describe("a pool that is much too small", () => {
  it.each(
    SIM_FLAVOURS.flatMap((flavour) => [[flavour, 8, 2], [flavour, 8, 4], [flavour, 20, 4]] as const),
  )(
    "%s, %i buffers, %i kept for responses: every exchange of many clients at once ends (rule B10, C1, C17, I13)",
    (
      flavour,
      bufferLimit,
      reserveCount,
    ) => {
      const sim = newProxy(flavour, { bufferLimit, reserveCount });
      const { world } = sim;
      const clients = Array.from({ length: CLIENTS }, (_, i) => {
        const exchanges = [exchange(i * 2, i % 3 === 0 ? 30_000 : 0), exchange(i * 2 + 1, 0)];
        return new SimHttpClient(world.network, world.prng, sim.address, exchanges);
      });
      world.actors.push(
        ...clients,
        new SimServer(world.network, world.prng, sim.serverAddress(0), httpServing(world.prng)),
      );
      world.runPeacefully();
      for (const client of clients) {
        expect([client.failedCount, client.statuses]).toEqual([0, [200, 200]]);
      }
      const { activity } = world.engine;
      expect(world.pool.inUseMax).toBeLessThanOrEqual(bufferLimit);
      expect(activity.bufferParked).toBeGreaterThan(0);
      sim.end(false);
      // Each wake-up was for a buffer that somebody gave back, each waiter was woken or left.
      expect(activity.bufferGranted).toBeLessThanOrEqual(activity.bufferParked);
    },
  );

  it.each(SIM_FLAVOURS)("%s: moves every byte of TCP connections both ways at once (rule B10)", (flavour) => {
    const { sim, isWhole } = tcpBothWays(flavour, 2, false);
    sim.world.runPeacefully();
    expect(isWhole()).toBe(true);
    sim.end(false);
  });

  it.each(SIM_FLAVOURS)(
    "%s: lets answers through that requests would have no buffers for: with a reserve all ends, without one it stops (rule B2, rule B3)",
    (flavour) => {
      const { sim, isWhole } = tcpBothWays(flavour, 2, true);
      sim.world.runPeacefully();
      expect(isWhole()).toBe(true);
      sim.end(false);
      const without = tcpBothWays(flavour, 0, true);
      expect(() => without.sim.world.runPeacefully()).toThrow(/Stuck/);
    },
  );
});

describe.each(SIM_FLAVOURS)("no buffer at all, %s poller", (flavour) => {
  it("a request waits without a turn of the loop, and is served when one is free (rule B4, I12, I13)", () => {
    const sim = newProxy(flavour, { bufferLimit: 8 });
    const { world } = sim;
    const taken = takeAll(sim);
    const client = new SimHttpClient(world.network, world.prng, sim.address, [exchange(0, 0)]);
    const server = new SimServer(world.network, world.prng, sim.serverAddress(0), httpServing(world.prng));
    world.actors.push(client, server);
    world.runUntil(() => world.buffers.waiting === 1 && world.poller.timeoutMs > 0);
    const { turns } = world.engine.activity;
    const beganMs = world.clock.monotonicMs();
    world.runUntil(() => world.clock.monotonicMs() > beganMs + 5_000);
    expect(world.engine.activity.bufferParked).toBe(1);
    expect(client.isDone).toBe(false);
    // Steps turn the loop; what counts is that each turn could sleep.
    expect(world.engine.activity.turns - turns).toBeLessThan(1_000);
    world.engine.post(() => {
      for (const buffer of taken) world.buffers.release(buffer);
    });
    world.runPeacefully();
    expect(client.statuses).toEqual([200]);
    sim.end(false);
  });

  it("a request whose time is up meanwhile is answered and gone, with its place in line (C2, C6, rule B8)", () => {
    const sim = newProxy(flavour, { bufferLimit: 8, flags: { "timeout-request": "2s" } });
    const { world } = sim;
    const taken = takeAll(sim);
    const peer = new SimPeer(world.network.connect(sim.address), world.prng);
    peer.queue("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    world.actors.push({ isDone: true, act: () => [peer.pumpOut(), peer.pumpIn()].includes(true) });
    world.runUntil(() => world.buffers.waiting === 1);
    world.runUntil(() => peer.isOver);
    expect(peer.received.startsWith("HTTP/1.1 503 ")).toBe(true);
    expect(sim.log).toMatchObject([{ status: 503, term: "RR" }]);
    peer.close();
    world.runUntil(() => sim.proxy.context.sessions.size === 0);
    expect([world.buffers.waiting, world.buffers.granted]).toEqual([0, 0]);
    for (const buffer of taken) world.buffers.release(buffer);
    sim.end(false);
  });
});
