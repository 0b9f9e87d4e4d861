/** The health of servers in a whole proxy on a simulated network: weights, ejections, sessions, times. @module */
import { describe, expect, it } from "vitest";
import type { Server } from "../../../../src/proxy/server.ts";
import { HealthCells } from "../../../../src/proxy/health/health_cells.ts";
import { HealthEvent } from "../../../../src/proxy/health/health_state.ts";
import { type ServerMode, SimChecked } from "../../../support/sim/sim_checked.ts";
import { SimProxy } from "../../../support/sim/sim_proxy.ts";

interface Scene {
  readonly sim: SimProxy;
  readonly servers: readonly Server[];
  readonly checked: readonly SimChecked[];
  readonly cells: HealthCells;
}

/** A proxy with servers that have these modes. */
function scene(modes: readonly ServerMode[], flags: Readonly<Record<string, string>>): Scene {
  const cells = HealthCells.ofOneThread(modes.length);
  const sim = new SimProxy({
    seed: 7,
    flavour: "edge",
    scheme: "http",
    serverCount: modes.length,
    flags,
    health: cells,
  });
  const { network, prng } = sim.world;
  const checked = modes.map((mode, i) => {
    const server = new SimChecked(network, prng, sim.serverAddress(i));
    server.become(mode);
    sim.world.actors.push(server);
    return server;
  });
  return { sim, checked, cells, servers: [...sim.proxy.backends.values()][0]!.servers };
}

/** Time jumps from timer to timer: one of its own stops it there. */
function runFor({ sim }: Scene, durationMs: number): void {
  const { clock, engine } = sim.world;
  const untilMs = clock.monotonicMs() + durationMs;
  const task = engine.scheduler.create({ onTask: () => {} });
  engine.post(() => engine.scheduler.scheduleAt(task, untilMs));
  sim.world.runUntil(() => clock.monotonicMs() >= untilMs);
  engine.scheduler.release(task);
}

function runUntilReport({ sim }: Scene, pattern: RegExp): number {
  sim.world.runUntil(() => sim.reports.some((text) => pattern.test(text)));
  return sim.world.clock.monotonicMs();
}

describe("times between checks", () => {
  const flags = { check: "/x", inter: "1s", fastinter: "100ms", downinter: "5s", rise: "3", fall: "3" };

  it("are inter when all is well, fastinter in between, downinter when down", () => {
    const it = scene(["answers"], flags);
    // The first is at once, the second one inter later: one good check is enough to be full again.
    runFor(it, 4_500);
    const whenUp = it.checked[0]!.checkCount;
    expect(whenUp).toBeGreaterThanOrEqual(4);
    expect(whenUp).toBeLessThanOrEqual(6);
    it.checked[0]!.become("status");
    const fromMs = it.sim.world.clock.monotonicMs();
    const downMs = runUntilReport(it, /DOWN/);
    expect(downMs - fromMs).toBeLessThan(1_000 + 2 * 100 + 300);
    const whenDown = it.checked[0]!.checkCount;
    runFor(it, 11_000);
    expect(it.checked[0]!.checkCount - whenDown).toBe(2);
    it.sim.end(true);
  });

  it("of many servers are spread over the shortest interval", () => {
    const it = scene(Array<ServerMode>(10).fill("answers"), { check: "tcp", inter: "1s" });
    const counts = () => it.checked.reduce((sum, { checkCount }) => sum + checkCount, 0);
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) {
      runFor(it, 100);
      seen.push(counts());
    }
    seen.forEach((count, i) => expect(Math.abs(count - (i + 1))).toBeLessThanOrEqual(2));
    it.sim.end(true);
  });
});

describe("slowstart", () => {
  it("gives a server that comes up a weight that grows in sixteenths", () => {
    const it = scene(["answers"], { check: "/x", inter: "200ms", slowstart: "16s" });
    expect(it.servers[0]!.weight).toBe(16);
    it.checked[0]!.become("refuses");
    runUntilReport(it, /DOWN/);
    it.checked[0]!.become("answers");
    runUntilReport(it, /UP/);
    const seen: number[] = [it.servers[0]!.weight];
    for (let i = 0; i < 17; i++) {
      runFor(it, 1_000);
      seen.push(it.servers[0]!.weight);
    }
    expect(seen[0]).toBe(1);
    seen.slice(1).forEach((weight, i) => expect(weight).toBeGreaterThanOrEqual(seen[i]!));
    expect([seen[8]! >= 8 && seen[8]! <= 10, seen.at(-1)]).toEqual([true, 16]);
    it.sim.end(true);
  });
});

describe("ejection", () => {
  const flags = { eject: "1s", "error-limit": "2", observe: "l4" };

  it("lasts longer each time, is forgiven with time, and spares the last server", () => {
    const it = scene(["answers", "answers"], flags);
    const [one, two] = it.servers;
    const fail = (server: Server) => {
      server.observer!.onConnectFailed();
      server.observer!.onConnectFailed();
    };
    fail(one!);
    expect([one!.usable, two!.usable]).toEqual([false, true]);
    expect(one!.downReason).toBe("EJECTED, 2 errors in a row, the last one a failed connect");
    fail(two!);
    expect(two!.usable).toBe(true);
    runFor(it, 1_050);
    expect(one!.usable).toBe(true);
    fail(one!);
    runFor(it, 1_900);
    expect(one!.usable).toBe(false);
    runFor(it, 200);
    expect(one!.usable).toBe(true);
    // Two seconds without an error: nothing is held against it any more.
    runFor(it, 2_100);
    fail(one!);
    expect(it.sim.reports).toEqual([
      "server app/s1 is EJECTED for 1000 ms: 2 errors in a row, the last one a failed connect; 1 of 2 servers left",
      "server app/s1 is UP: its ejection is over; 2 of 2 servers up",
      "server app/s1 is EJECTED for 2000 ms: 2 errors in a row, the last one a failed connect; 1 of 2 servers left",
      "server app/s1 is UP: its ejection is over; 2 of 2 servers up",
      "server app/s1 is EJECTED for 1000 ms: 2 errors in a row, the last one a failed connect; 1 of 2 servers left",
    ]);
    expect(one!.counters.ejections).toBe(3);
    it.sim.end(true);
  });
});

describe("on-error", () => {
  const flags = { check: "/x", inter: "10s", observe: "l4", "error-limit": "1" };
  it.each([
    ["fastinter", 9, true],
    ["fail-check", 2, true],
    ["fail-check", 3, false],
    ["sudden-death", 1, true],
    ["sudden-death", 2, false],
    ["mark-down", 1, false],
  ])("%s, %i times", (action, times, isUp) => {
    const it = scene(["answers", "answers"], { ...flags, "on-error": action });
    runFor(it, 6_000);
    for (let i = 0; i < times; i++) it.servers[0]!.observer!.onConnectFailed();
    expect(it.servers[0]!.usable).toBe(isUp);
    it.sim.end(true);
  });

  it("with fastinter the next check comes soon", () => {
    const it = scene(["answers"], { ...flags, fastinter: "100ms", "on-error": "fastinter" });
    runFor(it, 1_000);
    const { checkCount } = it.checked[0]!;
    it.servers[0]!.observer!.onConnectFailed();
    runFor(it, 200);
    expect(it.checked[0]!.checkCount).toBe(checkCount + 1);
    it.sim.end(true);
  });
});

describe("what an administrator says", () => {
  it("keeps new traffic away, is told, and ends with READY", () => {
    const it = scene(["answers", "answers"], { check: "/x", inter: "500ms" });
    runFor(it, 1_000);
    const health = { rise: 2, fall: 3 };
    it.cells.apply(0, HealthEvent.MAINT, health);
    it.sim.proxy.health.refresh();
    expect([it.servers[0]!.usable, it.servers[0]!.downReason]).toEqual([false, "MAINT"]);
    it.checked[0]!.become("refuses");
    runFor(it, 3_000);
    expect(it.sim.reports).toEqual([]);
    it.cells.apply(0, HealthEvent.READY, health);
    it.sim.proxy.health.refresh();
    expect(it.servers[0]!.usable).toBe(true);
    runUntilReport(it, /s1 is DOWN: connection refused \(ECONNREFUSED\), /);
    it.sim.end(true);
  });
});
