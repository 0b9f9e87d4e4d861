/**
 * Redirects in a simulated world: pipelined requests of several clients, answers cut anywhere, written anew each time.
 *
 * HADRO_SEED=n runs one seed; HADRO_SEEDS=n runs that many. A failure names its seed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { SimPeer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";
import type { SimActor } from "../support/sim/sim_world.ts";

/** A client that sends all of its requests at once, and reads when it likes. */
class RedirectedClient implements SimActor {
  readonly peer: SimPeer;
  readonly count: number;
  readonly expected: string;

  constructor(sim: SimProxy, prng: Prng, name: string) {
    this.peer = new SimPeer(sim.world.network.connect(sim.address), prng);
    this.count = 1 + prng.nextBelow(20);
    const paths = Array.from(
      { length: this.count },
      (_, i) => `/${name}/${i}/${"x".repeat(prng.nextBelow(3_000))}`,
    );
    for (const [i, path] of paths.entries()) {
      const body = "b".repeat(prng.nextBelow(100));
      const close = i === this.count - 1 ? "Connection: close\r\n" : "";
      this.peer.queue(
        `POST ${path} HTTP/1.1\r\nHost: ${name}\r\nContent-Length: ${body.length}\r\n${close}\r\n${body}`,
      );
    }
    this.expected = paths.map((path, i) =>
      `HTTP/1.1 308 Permanent Redirect\r\ncontent-length: 0\r\nlocation: https://${name}${path}\r\n` +
      `${i === this.count - 1 ? "connection: close\r\n" : ""}\r\n`
    ).join("");
  }

  get isDone(): boolean {
    return this.peer.isOver;
  }

  act(): boolean {
    const hasSent = this.peer.pumpOut();
    return (this.peer.prng.chance(0.5) && this.peer.pumpIn()) || hasSent;
  }
}

describe("simulated redirects", () => {
  it("come whole, in order and to the right client, and leave nothing", () => {
    forEachSeed("redirects", (seed) => {
      const prng = new Prng(seed ^ 0x5eed);
      const sim = new SimProxy({
        seed,
        flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length],
        scheme: "http",
        serverCount: 0,
        bufferLimit: prng.chance(0.5) ? 8 : 64,
        listenKeys: ",redirect=https",
      });
      const clients = Array.from(
        { length: 1 + prng.nextBelow(6) },
        (_, i) => new RedirectedClient(sim, sim.world.prng, `client${i}`),
      );
      sim.world.actors.push(...clients);
      sim.world.runUntil(() => clients.every(({ isDone }) => isDone));
      for (const { peer, expected } of clients) {
        // A body may come later than its head: such an answer is the last one.
        const isCut = expected.slice(0, peer.received.length) !== peer.received;
        const whole = peer.received.replace(/\r\nconnection: close\r\n\r\n$/, "\r\n\r\n");
        expect(whole.length).toBeGreaterThan(0);
        expect(isCut ? expected.startsWith(whole) : peer.received === expected).toBe(true);
        expect(peer.error).toBe(0);
      }
      expect(sim.log.filter(({ status, term, server }) => status !== 308 || term !== "LR" || server !== ""))
        .toEqual([]);
      for (const { peer } of clients) peer.close();
      sim.end(false);
    });
  });
});
