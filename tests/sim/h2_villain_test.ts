/**
 * HTTP/2 clients that say frames by chance: right ones, broken ones, on streams that are there and that are not, cut anywhere.
 *
 * Nothing may throw, leak or spin; whatever was begun has its line in the log. HADRO_SEED=n runs one seed.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { PREFACE } from "../../src/protocol/h2/preface.ts";
import { frame, joined } from "../support/h2/fields.ts";
import { settings, word } from "../support/h2/wire.ts";
import { forEachSeed } from "../support/sim/seeds.ts";
import { answerOf, RawH2, request } from "../support/sim/sim_h2_raw.ts";
import { SIM_FLAVOURS } from "../support/sim/sim_poller.ts";

function randomBytes(prng: Prng, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => prng.nextBelow(256));
}

/** A frame; mostly one that could be meant. */
function randomFrame(prng: Prng, raw: RawH2, lastId: { value: number }): Uint8Array {
  const known = 1 + 2 * prng.nextBelow(1 + (lastId.value + 1) / 2);
  switch (lastId.value < 0 || prng.chance(0.3) ? 0 : prng.nextBelow(prng.chance(0.1) ? 14 : 12)) {
    case 0:
    case 1:
    case 2: {
      lastId.value += 2;
      const isOpen = prng.chance(0.5);
      const length: [string, string][] = prng.chance(0.3)
        ? [["content-length", String(prng.nextBelow(2_000))]]
        : [];
      return raw.headers(
        lastId.value,
        request(`/${lastId.value}`, isOpen ? "POST" : "GET", ...length),
        isOpen ? 4 : 5,
      );
    }
    case 3:
    case 4:
    case 5:
      // Mostly on the newest: on one that is over it ends the connection.
      return frame(
        0,
        prng.chance(0.2) ? 1 : 0,
        prng.chance(0.05) ? known : lastId.value,
        new Uint8Array(prng.nextBelow(3_000)),
      );
    case 6:
      return prng.chance(0.2)
        ? raw.headers(known, [["x-trailer", "1"]], prng.chance(0.8) ? 5 : 4)
        : word(0).slice(4);
    case 7:
      return frame(3, 0, known, word(prng.nextBelow(14)));
    case 8:
      return frame(8, 0, prng.chance(0.5) ? 0 : known, word(prng.nextBelow(100_000)));
    case 9:
      return settings([[
        1 + prng.nextBelow(6),
        prng.chance(0.97) ? 16_384 + prng.nextBelow(50_000) : prng.nextBelow(100),
      ]]);
    case 10:
      return frame(6, prng.nextBelow(2), 0, randomBytes(prng, 8));
    case 11:
      return frame(16, 0, 0, joined(word(known), new TextEncoder().encode(`u=${prng.nextBelow(9)}`)));
    case 12:
      return frame(9, prng.chance(0.5) ? 4 : 0, known, randomBytes(prng, prng.nextBelow(20)));
    default:
      return prng.chance(0.3)
        ? frame(prng.nextBelow(20), prng.nextBelow(256), known, randomBytes(prng, prng.nextBelow(40)))
        : frame(0x40 + prng.nextBelow(9), 0, 0, randomBytes(prng, prng.nextBelow(9)));
  }
}

describe("HTTP/2 frames by chance", () => {
  it("throw nothing, leave nothing, and every request has its line", () => {
    let requestCount = 0;
    let answerCount = 0;
    forEachSeed("h2 villain", (seed) => {
      const prng = new Prng(seed ^ 0xbad);
      const kinds = [answerOf(0), answerOf(50), answerOf(40_000), null, "nonsense\r\n\r\n"];
      const raw = new RawH2(
        () => kinds[prng.nextBelow(kinds.length)]!,
        {
          ...{
            seed,
            flavour: SIM_FLAVOURS[seed % SIM_FLAVOURS.length]!,
            pipeBytes: 500 + prng.nextBelow(20_000),
          },
          bufferLimit: prng.chance(0.5) ? 8 : 64,
          flags: {
            "h2-glitches": String(prng.nextBelow(3) * 20),
            "h2-streams": String(1 + prng.nextBelow(20)),
            ...{ "timeout-client": "2s", "timeout-server": "2s", "timeout-request": "3s" },
          },
        },
        joined(PREFACE, settings(prng.chance(0.5) ? [] : [[4, prng.nextBelow(70_000)]])),
      );
      const lastId = { value: -1 };
      const { world } = raw.sim;
      for (let i = 0; i < 40 && !raw.peer.isOver; i++) {
        const bytes = randomFrame(prng, raw, lastId);
        raw.say(prng.chance(0.02) ? bytes.slice(0, prng.nextBelow(bytes.length)) : bytes);
        raw.read(prng.chance(0.8));
        for (let n = prng.nextBelow(6); n > 0; n--) world.step();
      }
      raw.read(true);
      if (prng.chance(0.5)) raw.peer.close(prng.chance(0.5));
      else world.runUntil(() => raw.peer.isOver || raw.sim.proxy.context.sessions.size === 0);
      raw.end();
      expect(raw.sim.log.length).toBe(raw.sim.proxy.listeners[0]!.counters.requests);
      expect(raw.sim.proxy.context.h2.ownBytes).toBe(0);
      requestCount += raw.sim.log.length;
      answerCount += raw.sim.log.filter(({ status }) => status === 200).length;
    });
    // Not all of them die at once.
    if (requestCount > 1_000) expect(answerCount).toBeGreaterThan(requestCount / 10);
  });
});
