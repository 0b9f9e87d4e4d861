/** A check that hadro itself is in the way of says nothing about the server. @module */
import { describe, expect, it } from "vitest";
import { Verdict } from "../../../../src/proxy/health/check_answer.ts";
import { BUFFERS_MAX, CheckBuffers } from "../../../../src/proxy/health/check_buffers.ts";
import { encodeCheckRequest } from "../../../../src/proxy/health/check_request.ts";
import { ServerCheck } from "../../../../src/proxy/health/server_check.ts";
import { configOf } from "../../../support/config/written.ts";
import { type ServerMode, SimChecked } from "../../../support/sim/sim_checked.ts";
import { SIM_HOST } from "../../../support/sim/sim_network.ts";
import { SIM_FLAVOURS, type SimFlavour } from "../../../support/sim/sim_poller.ts";
import { SimProxy, type SimProxyOptions } from "../../../support/sim/sim_proxy.ts";
import { SimWorld } from "../../../support/sim/sim_world.ts";

function start(modes: readonly ServerMode[], options: Partial<SimProxyOptions>): SimProxy {
  const flags = { check: "/x", inter: "500ms", ...options.flags };
  const sim = new SimProxy({
    seed: 3,
    flavour: "edge",
    scheme: "http",
    serverCount: modes.length,
    ...options,
    flags,
  });
  const { network, prng } = sim.world;
  modes.forEach((mode, i) => {
    const server = new SimChecked(network, prng, sim.serverAddress(i));
    server.become(mode);
    sim.world.actors.push(server);
  });
  return sim;
}

/** A check alone, in a world with a server that answers. */
function direct(flavour: SimFlavour) {
  const world = new SimWorld({ seed: 5, flavour });
  const address = { kind: "tcp", host: SIM_HOST, port: 9_000 } as const;
  const server = new SimChecked(world.network, world.prng, address);
  server.become("answers");
  world.actors.push(server);
  const buffers = new CheckBuffers();
  const verdicts: number[] = [];
  const [backend] = configOf("hadro 1 :9000 --check /x --inter 300ms").backends;
  const check = new ServerCheck(world.engine, {
    tls: null,
    config: backend!.health.check!,
    connectMs: 1_000,
    spreadPercent: 0,
    target: {
      addressCount: 1,
      address: () => address,
      connectOptions: () => ({ tcp: backend!.tcp, source: null }),
    },
    request: encodeCheckRequest(backend!.health.check!.request, backend!.servers[0]!),
    buffers,
    prng: world.prng,
    owner: { onChecked: (verdict) => verdicts.push(verdict), interMs: () => 300 },
  });
  world.start();
  return { world, buffers, verdicts, check };
}

function runFor(sim: SimProxy, durationMs: number): void {
  const untilMs = sim.world.clock.monotonicMs() + durationMs;
  sim.world.runUntil(() => sim.world.clock.monotonicMs() >= untilMs);
}

describe.each(SIM_FLAVOURS)("on a %s poller", (flavour) => {
  it("a check without a descriptor is void", () => {
    const sim = start(["answers"], { flavour, fdMax: 1 });
    runFor(sim, 3_000);
    expect(sim.reports).toEqual([]);
    expect(sim.proxy.health.counters()).toMatchObject({ checksFailed: 0 });
    expect(sim.proxy.health.counters().checks).toBeGreaterThan(3);
    sim.end(true);
  });

  it("a check that gets no buffer for its answer is void; with the first that is given back it passes", () => {
    const { world, buffers, verdicts, check } = direct(flavour);
    const taken = Array.from({ length: BUFFERS_MAX }, () => buffers.take({ onBuffer: () => {} })!);
    check.start(0);
    world.runUntil(() => verdicts.length === 2);
    expect(verdicts).toEqual([Verdict.VOID, Verdict.VOID]);
    buffers.give(taken[0]!);
    world.runUntil(() => verdicts.length === 3);
    // It may have waited in line already, or have come anew.
    expect(verdicts[2]).toBe(Verdict.PASSED);
    check.shutdown();
    expect(buffers.take({ onBuffer: () => {} })).toBe(taken[0]);
  });

  it("a server that accepts late is not late to answer: timeout-check begins when it is connected", () => {
    const sim = start(["hangs"], { flavour, flags: { "timeout-check": "2s", "inter": "200ms" } });
    sim.world.runUntil(() => sim.reports.length > 0);
    expect(sim.reports[0]).toBe(
      "server app/s1 is DOWN: it did not answer within 2000 ms, 1 check failed; 0 of 1 servers left",
    );
    expect(sim.world.clock.monotonicMs()).toBeGreaterThan(2_000);
    sim.end(true);
  });
});
