/** Accepting in the whole proxy: limits shared by listeners, pauses, and going on after both, without spinning. @module */
import { describe, expect, it } from "vitest";
import { Errno } from "../../src/base/errno.ts";
import type { SimSocket } from "../support/sim/sim_socket.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../support/sim/sim_poller.ts";
import { type SimPeer, SimServer } from "../support/sim/sim_peer.ts";
import { SimProxy, type SimProxyOptions } from "../support/sim/sim_proxy.ts";

function newProxy(flavour: SimFlavour, options: Partial<SimProxyOptions>): SimProxy {
  const sim = new SimProxy({ seed: 3, flavour, scheme: "tcp", serverCount: 1, pipeBytes: 4_096, ...options });
  const { world } = sim;
  // A server that greets and keeps its connections.
  const serving = (peer: SimPeer) => {
    peer.queue("hi");
    return () => peer.pumpOut();
  };
  world.actors.push(new SimServer(world.network, world.prng, sim.serverAddress(0), serving));
  return sim;
}

function dial(sim: SimProxy, listener: number, count: number): SimSocket[] {
  return Array.from({ length: count }, () => sim.world.network.connect(sim.listenAddress(listener)));
}

/** Whether the server's greeting came: the proxy has accepted and relays. */
function isGreeted(socket: SimSocket): boolean {
  return !socket.isClosed && socket.incoming.availableBytes > 0;
}

function connections(sim: SimProxy): number[] {
  return sim.proxy.listeners.map((listener) => listener.connectionCount);
}

/** Lets so much simulated time pass; returns how many turns of the loop could not sleep in it. */
function pass(sim: SimProxy, ms: number): number {
  const { world } = sim;
  const { waitsZero } = world.engine.activity;
  const untilMs = world.clock.monotonicMs() + ms;
  world.runUntil(() => world.clock.monotonicMs() >= untilMs);
  return world.engine.activity.waitsZero - waitsZero;
}

describe.each(SIM_FLAVOURS)("two listeners and one limit, %s poller", (flavour) => {
  it("the other one pauses too when the limit is reached by the first, and nothing spins (D7, I13)", () => {
    const sim = newProxy(flavour, { listenerCount: 2, maxconn: 2 });
    const { world } = sim;
    const first = dial(sim, 0, 2);
    world.runUntil(() => connections(sim)[0] === 2);
    const second = dial(sim, 1, 3);
    expect(pass(sim, 5_000)).toBeLessThan(20);
    expect(connections(sim)).toEqual([2, 0]);
    first[0].close(true);
    world.runUntil(() => connections(sim)[1] === 1);
    expect(pass(sim, 5_000)).toBeLessThan(20);
    expect(connections(sim)).toEqual([1, 1]);
    first[1].close(true);
    second[0].close(true);
    world.runUntil(() => connections(sim)[1] === 2);
    for (const socket of second) socket.close(true);
    world.runUntil(() => connections(sim).every((count) => count === 0));
    expect(world.engine.activity.accepts).toBe(5);
    sim.end(true);
  });

  it("goes on accepting after each time that it was full (D12)", () => {
    const sim = newProxy(flavour, { maxconn: 3 });
    const { world } = sim;
    for (let round = 0; round < 10; round++) {
      const sockets = dial(sim, 0, 5);
      for (let left = sockets.length; left > 0; left--) {
        world.runUntil(() => connections(sim)[0] === Math.min(3, left) && sockets.some(isGreeted));
        sockets.find(isGreeted)!.close(true);
      }
      world.runUntil(() => connections(sim)[0] === 0);
    }
    expect(world.engine.activity.accepts).toBe(50);
    sim.end(true);
  });
});

describe.each(SIM_FLAVOURS)("a listener that cannot accept, %s poller", (flavour) => {
  /** Accepting fails for want of descriptors while `isBroken`. */
  function brokenProxy(): { sim: SimProxy; state: { isBroken: boolean; attempts: number[] } } {
    const sim = newProxy(flavour, { maxconn: 2 });
    const { poller, clock } = sim.world;
    const state = { isBroken: true, attempts: [] as number[] };
    const accept = poller.accept.bind(poller);
    poller.accept = (fd) => {
      if (!state.isBroken) return accept(fd);
      state.attempts.push(clock.monotonicMs());
      return -Errno.EMFILE;
    };
    return { sim, state };
  }

  it("tries again after its delay, which doubles up to a second, and not before; nothing spins (D8, I13)", () => {
    const { sim, state } = brokenProxy();
    dial(sim, 0, 1);
    expect(pass(sim, 10_000)).toBeLessThan(200);
    const delays = state.attempts.slice(1).map((at, i) => at - state.attempts[i]);
    const least = [100, 200, 400, 800, 1_000, 1_000];
    least.forEach((delay, i) => expect(delays[i]).toBeGreaterThan(delay - 0.001));
    expect(state.attempts.length).toBeLessThanOrEqual(14);
    expect(sim.reports.length).toBe(1);
    state.isBroken = false;
    sim.world.runUntil(() => connections(sim)[0] === 1);
    sim.end(true);
  });

  it("is not resumed early by a connection that closes meanwhile, and not left deaf by it (D8, D9)", () => {
    const { sim, state } = brokenProxy();
    const { world } = sim;
    state.isBroken = false;
    const [first, second] = dial(sim, 0, 2);
    world.runUntil(() => connections(sim)[0] === 2);
    // Full; then a place becomes free, and accepting fails: paused.
    dial(sim, 0, 2);
    pass(sim, 100);
    state.isBroken = true;
    first.close(true);
    world.runUntil(() => state.attempts.length === 1);
    const pausedMs = state.attempts[0];
    // Another place becomes free during the pause.
    second.close(true);
    world.runUntil(() => connections(sim)[0] === 0);
    world.runUntil(() => world.clock.monotonicMs() > pausedMs + 90);
    expect(state.attempts.length).toBe(1);
    state.isBroken = false;
    world.runUntil(() => connections(sim)[0] === 2);
    expect(world.clock.monotonicMs()).toBeGreaterThan(pausedMs + 99.999);
    sim.end(true);
  });
});
