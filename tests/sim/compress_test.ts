/**
 * Compression in a simulated world: 256 seeds of pieces, pauses, back pressure and short memory. What a client decompresses is what the
 * server sent, to the byte; who breaks off leaves nothing behind.
 *
 * @module
 */
import { expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import type { Encoder } from "../../src/proxy/compress/content_encoder.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { httpServing, randomExchange, SimHttpClient } from "../support/sim/sim_http.ts";
import { SimServer } from "../support/sim/sim_peer.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";
import { SimProxy } from "../support/sim/sim_proxy.ts";

const CODINGS = ["gzip", "br", "zstd"] as const;
/** Room for one encoder of the dearest coding, or for all that there may be. */
const BUDGETS = [1_900 * 1_024, 100 * 1_024 ** 2];

function build(seed: number): { sim: SimProxy; clients: SimHttpClient[]; prng: Prng } {
  const prng = new Prng(seed ^ 0xc0de);
  const sim = new SimProxy({
    seed,
    flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length]!,
    scheme: "http",
    serverCount: 1,
    bufferLimit: prng.chance(0.5) ? 8 : 64,
    compressBytes: BUDGETS[seed % BUDGETS.length]!,
    flags: {
      compress: "zstd+br+gzip",
      "compress-min-size": "1",
      "timeout-server": "2s",
      "timeout-client": "2s",
    },
  });
  const clients = Array.from({ length: 1 + prng.nextBelow(6) }, (_, i) => {
    const exchanges = Array.from({ length: 1 + prng.nextBelow(4) }, (_, n) => {
      const exchange = randomExchange(prng, i * 10 + n);
      return prng.chance(0.2) ? exchange : { ...exchange, coding: CODINGS[prng.nextBelow(3)]! };
    });
    return new SimHttpClient(sim.world.network, sim.world.prng, sim.address, exchanges);
  });
  sim.world.actors.push(...clients);
  return { sim, clients, prng };
}

function checkMemory(sim: SimProxy): void {
  const compression = sim.proxy.context.compression!;
  expect(compression.usedBytes).toBe(0);
}

it("every answer is decompressed to what the server sent, whatever the pieces; nothing is left", () => {
  let compressedCount = 0;
  let refusedCount = 0;
  forEachSeed("compress peaceful", (seed) => {
    const { sim, clients } = build(seed);
    const { world } = sim;
    world.actors.push(
      new SimServer(world.network, world.prng, sim.serverAddress(0), httpServing(world.prng)),
    );
    world.runPeacefully();
    for (const client of clients) {
      expect(client.failedCount).toBe(0);
      expect(client.statuses.filter((status) => status !== 200)).toEqual([]);
      compressedCount += client.compressedCount;
    }
    world.checkNothingLost();
    checkMemory(sim);
    refusedCount += sim.proxy.context.compression!.refused;
    sim.end(false);
  });
  expect(compressedCount).toBeGreaterThan(0);
  expect(refusedCount).toBeGreaterThan(0);
});

it("clients and servers that break off, and encoders that fail: no wrong byte, no leak, no spin", () => {
  let brokenCount = 0;
  forEachSeed("compress hostile", (seed) => {
    const { sim, clients, prng } = build(seed);
    const { world } = sim;
    const compression = sim.proxy.context.compression!;
    const { newEncoder } = compression;
    if (seed % 3 === 0) {
      compression.newEncoder = (coding, level) => new FragileEncoder(newEncoder(coding, level), prng);
    }
    for (const client of clients) client.acceptsCut = true;
    const serving = httpServing(world.prng, (peer, isBetweenAnswers) => {
      if (isBetweenAnswers || !world.prng.chance(0.01)) return false;
      peer.close(world.prng.chance(0.5));
      return true;
    });
    world.actors.push(new SimServer(world.network, world.prng, sim.serverAddress(0), serving), {
      isDone: true,
      act: () => {
        if (!world.prng.chance(0.01)) return false;
        clients[world.prng.nextBelow(clients.length)]!.breakOff(world.prng.chance(0.5));
        return true;
      },
    });
    world.runUntil(() => clients.every((client) => client.isDone));
    for (const line of sim.log) {
      expect(line.term).toMatch(/^[-CSPIcs][-RCHD]$/);
      if (line.why === "the response could not be compressed") {
        expect(line.term).toBe("ID");
        brokenCount++;
      }
    }
    sim.end(prng.chance(0.5));
    checkMemory(sim);
  });
  expect(brokenCount).toBeGreaterThan(0);
});

/** Fails now and then. */
class FragileEncoder implements Encoder {
  readonly #inner: Encoder;
  readonly #prng: Prng;
  hasFailed = false;

  constructor(inner: Encoder, prng: Prng) {
    this.#inner = inner;
    this.#prng = prng;
  }

  get inputLeft(): number {
    return this.#inner.inputLeft;
  }

  get outputLeft(): number {
    return this.#inner.outputLeft;
  }

  run(...args: Parameters<Encoder["run"]>): void {
    this.#inner.run(...args);
    this.hasFailed = this.#inner.hasFailed || this.#prng.chance(0.2);
  }

  close(): void {
    this.#inner.close();
  }
}
