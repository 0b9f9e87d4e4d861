/**
 * The laws of a rate, for thousands of seeds, each with another rate, table, crowd and clock:
 *
 *     never more than w / interval + burst events of a key in any stretch w between two jumps of the clock
 *     a key that keeps to the rate is never refused, whatever the others do, but once after a jump; a refused one waits an interval
 *     at most
 *     the table never holds more keys than it has places; a key that is new to it is let in
 *
 * @module
 */
import { expect, it } from "vitest";
import { Prng } from "../../../../src/base/prng.ts";
import { type Rate, RateTable } from "../../../../src/proxy/limit/rate_table.ts";
import { forEachSeed } from "../../../support/sim/seeds.ts";

const SEEDS_EACH = 20;
const TINY_MS = 1e-3;
const TABLE_ENTRIES = 8;

function randomRate(prng: Prng): Rate {
  return {
    count: 1 + prng.nextBelow(50),
    periodMs: [1_000, 10_000, 60_000, 3_600_000][prng.nextBelow(4)]!,
    burst: 1 + prng.nextBelow(20),
  };
}

/** A key's admitted events since the last jump of the clock. */
class Account {
  timesMs: number[] = [];
  readonly #rate: Rate;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  note(nowMs: number): void {
    this.timesMs.push(nowMs);
    const { count, periodMs, burst } = this.#rate;
    this.timesMs.forEach((fromMs, i) => {
      const limit = ((nowMs - fromMs + TINY_MS) * count) / periodMs + burst;
      if (this.timesMs.length - i > limit) {
        throw new Error(`${this.timesMs.length - i} events are more than ${limit}`);
      }
    });
  }
}

function runCrowd(prng: Prng): void {
  const rate = randomRate(prng);
  const intervalMs = rate.periodMs / rate.count;
  const table = new RateTable(rate, TABLE_ENTRIES);
  // Fewer keys than places: nobody has to give way.
  const accounts = Array.from({ length: 1 + prng.nextBelow(TABLE_ENTRIES) }, () => new Account(rate));
  let nowMs = prng.nextFloat() * 1e6;
  let politeMs = nowMs;
  let hasJumped = false;
  for (let i = 0; i < 150; i++) {
    nowMs += prng.nextFloat() * intervalMs * (prng.chance(0.1) ? 10 : 0.5);
    if (prng.chance(0.02)) {
      nowMs = Math.max(0, nowMs + (prng.nextFloat() - 0.5) * rate.periodMs * 100);
      for (const account of accounts) account.timesMs = [];
      hasJumped = true;
    }
    if (nowMs >= politeMs) {
      const isAdmitted = table.take(0, 0, nowMs);
      if (!isAdmitted && !hasJumped) throw new Error("who keeps to the rate was refused");
      politeMs = nowMs + (isAdmitted ? intervalMs : table.waitMs + TINY_MS);
      hasJumped = false;
    }
    const key = 1 + prng.nextBelow(accounts.length - 1 || 1);
    if (key >= accounts.length) continue;
    for (let n = prng.nextBelow(4); n >= 0; n--) {
      if (table.take(key * 7, key, nowMs)) accounts[key]!.note(nowMs);
      else expect(table.waitMs > 0 && table.waitMs <= intervalMs + TINY_MS).toBe(true);
    }
  }
  expect(table.evictions).toBe(0);
}

/** More keys than places, all at one time. */
function runFlood(prng: Prng): void {
  const table = new RateTable(randomRate(prng), TABLE_ENTRIES);
  const nowMs = prng.nextFloat() * 1e6;
  for (let key = 1; key < 100; key++) {
    if (!table.take(key, prng.nextUint32() | 0, nowMs)) throw new Error("a new key was refused");
    for (let n = prng.nextBelow(3); n > 0; n--) table.take(prng.nextBelow(key), prng.nextBelow(9), nowMs);
    expect(table.count(nowMs)).toBeLessThanOrEqual(TABLE_ENTRIES);
  }
  expect(table.evictions).toBeGreaterThan(0);
}

it(`keeps its laws for ${SEEDS_EACH} crowds and a flood of each seed`, () => {
  forEachSeed("rate table", (seed) => {
    for (let i = 0; i < SEEDS_EACH; i++) runCrowd(new Prng(seed * 1_000 + i));
    runFlood(new Prng(seed));
  });
});
