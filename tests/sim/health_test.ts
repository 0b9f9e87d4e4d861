/**
 * Health checks in a simulated world: servers that fail, hang and answer garbage, on every poller flavour; two engines that share
 * what they know, of which one dies.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HealthCells, TAKEOVER_MS } from "../../src/proxy/health/health_cells.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { BAD_MODES, GOOD_MODES, type ServerMode, SimChecked } from "../support/sim/sim_checked.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

interface Checks {
  readonly interMs: number;
  readonly rise: number;
  readonly fall: number;
}

interface Scene {
  readonly sim: SimProxy;
  readonly servers: readonly SimChecked[];
}

function drawChecks(prng: Prng): Checks {
  return { interMs: 200 + prng.nextBelow(400), rise: 1 + prng.nextBelow(3), fall: 1 + prng.nextBelow(3) };
}

/** After so long every server's status is what its mode says: each check may take its whole interval, and a turn is late at times. */
function settleMs({ interMs, rise, fall }: Checks): number {
  return (Math.max(rise, fall) + 1) * 2 * interMs * 1.5 + 500;
}

function drawMode(prng: Prng): ServerMode {
  const modes = prng.chance(0.5) ? GOOD_MODES : BAD_MODES;
  return modes[prng.nextBelow(modes.length)]!;
}

function build(seed: number, serverCount: number, checks: Checks, health?: HealthCells): Scene {
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
    scheme: "http",
    serverCount,
    ...(health === undefined ? {} : { health }),
    flags: {
      "check": "/health",
      "inter": `${checks.interMs}ms`,
      "rise": String(checks.rise),
      "fall": String(checks.fall),
      "spread-checks": String(seed % 51),
    },
  });
  const { network, prng } = sim.world;
  const servers = Array.from({ length: serverCount }, (_, i) => {
    const server = new SimChecked(network, prng, sim.serverAddress(i));
    sim.world.actors.push(server);
    return server;
  });
  return { sim, servers };
}

function runFor({ sim }: Scene, durationMs: number): void {
  const untilMs = sim.world.clock.monotonicMs() + durationMs;
  sim.world.runUntil(() => sim.world.clock.monotonicMs() >= untilMs, 2_000_000);
}

/** "s1 UP s2 DOWN", as the proxy sees it, and as it should be. */
function seen({ sim }: Scene): string {
  const [backend] = [...sim.proxy.backends.values()];
  return backend!.servers.map(({ config, usable }) => `${config.name} ${usable ? "UP" : "DOWN"}`).join(" ");
}

function expected({ servers }: Scene): string {
  return servers.map(({ isGood }, i) => `s${i + 1} ${isGood ? "UP" : "DOWN"}`).join(" ");
}

/** Of each server UP and DOWN take turns, beginning with DOWN. */
function checkReports(reports: readonly string[], serverCount: number): void {
  for (let i = 1; i <= serverCount; i++) {
    const own = reports.filter((text) => text.startsWith(`server app/s${i} is `));
    own.forEach((text, at) => expect(text, own.join("\n")).toMatch(at % 2 === 0 ? / is DOWN: / : / is UP: /));
  }
  for (const text of reports) {
    expect(text).toMatch(
      /^server app\/s\d is (DOWN: .+, \d+ checks? failed; \d of \d servers left|UP: \d+ checks? passed; \d of \d servers up)$/,
    );
  }
}

describe("simulated health checks", () => {
  it("find out what every server is, in bounded time, and leave nothing (I4, I5, I14)", () => {
    forEachSeed("health", (seed) => {
      const prng = new Prng(seed ^ 0x5ea1);
      const checks = drawChecks(prng);
      const scene = build(seed, 1 + prng.nextBelow(4), checks);
      for (let phase = 0; phase < 3; phase++) {
        for (const server of scene.servers) server.become(drawMode(prng));
        const modes = scene.servers.map(({ mode }) => mode).join();
        runFor(scene, settleMs(checks));
        expect(seen(scene), `${modes}\n${scene.sim.reports.join("\n")}`).toBe(expected(scene));
      }
      checkReports(scene.sim.reports, scene.servers.length);
      scene.sim.end(prng.chance(0.5));
    });
  });

  it("never take a server down that always answers, however its modes of answering change", () => {
    forEachSeed("health good", (seed) => {
      const prng = new Prng(seed ^ 0x900d);
      const checks = drawChecks(prng);
      const scene = build(seed, 2, checks);
      for (const server of scene.servers) server.become("answers");
      for (let i = 0; i < 10; i++) {
        scene.servers[prng.nextBelow(2)]!.become(GOOD_MODES[prng.nextBelow(GOOD_MODES.length)]!);
        runFor(scene, prng.nextBelow(2 * checks.interMs));
      }
      expect(scene.sim.reports).toEqual([]);
      scene.sim.end(true);
    });
  });

  it("of two engines know the same, check each server once, and go on when one engine dies", () => {
    forEachSeed("health shared", (seed) => {
      const prng = new Prng(seed ^ 0x2e2e);
      const checks = drawChecks(prng);
      const serverCount = 2 + prng.nextBelow(2);
      const memory = new Int32Array(new SharedArrayBuffer(HealthCells.sharedBytes(serverCount, 2)));
      const scenes = [0, 1].map((thread) =>
        build(seed + thread, serverCount, checks, new HealthCells(memory, 2, thread))
      );
      let alive = scenes;
      const run = (durationMs: number) => {
        for (let passedMs = 0; passedMs < durationMs; passedMs += 50) {
          for (const one of alive) runFor(one, 50);
        }
      };
      const change = () => {
        for (let i = 0; i < serverCount; i++) {
          const mode = drawMode(prng);
          for (const { servers } of scenes) servers[i]!.become(mode);
        }
      };
      change();
      run(settleMs(checks) + 500);
      for (const scene of alive) expect(seen(scene)).toBe(expected(scene));
      // Each change was told once, by whoever found out.
      checkReports(scenes.flatMap(({ sim }) => sim.reports), serverCount);
      alive = [scenes[prng.nextBelow(2)]!];
      change();
      run(TAKEOVER_MS + settleMs(checks) + 500);
      expect(seen(alive[0]!)).toBe(expected(alive[0]!));
      alive[0]!.sim.end(true);
    });
  });
});
