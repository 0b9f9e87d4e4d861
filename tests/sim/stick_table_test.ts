/**
 * The stick table against a Map with expiry: 16 runs for each of 256 seeds, each with another size, keys, times and threads.
 *
 * What the table says is what the Map says; of a table that is too small, that or nothing, once for each entry that gave way. Words
 * of two writers that were mixed never bring a client to the other's server.
 *
 * @module
 */
import { expect, it } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { NO_SERVER, StickTable } from "../../src/proxy/stick/stick_table.ts";
import { forEachSeed } from "../support/sim/seeds.ts";

const RUNS = 16;
const STEPS = 300;
const TICK_MS = 100;

interface Key {
  readonly high: number;
  readonly low: number;
}

/** What the table should say. Times are ticks. */
class Model {
  readonly #entries = new Map<Key, { server: number; endsTick: number }>();
  readonly #expireTicks: number;

  constructor(expireMs: number) {
    this.#expireTicks = Math.ceil(expireMs / TICK_MS);
  }

  find(key: Key, tick: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.endsTick <= tick) return NO_SERVER;
    entry.endsTick = tick + this.#expireTicks;
    return entry.server;
  }

  store(key: Key, server: number, tick: number): void {
    this.#entries.set(key, { server, endsTick: tick + this.#expireTicks });
  }

  forget(key: Key): void {
    this.#entries.delete(key);
  }
}

function newCells(entryCount: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(StickTable.sharedBytes(entryCount)));
}

/** Near the places where ticks wrap, too. */
function startMs(prng: Prng): number {
  const near = [Date.UTC(2026, 0, 1), 2 ** 31 * TICK_MS, 2 ** 32 * TICK_MS, 9 * 2 ** 31 * TICK_MS];
  return near[prng.nextBelow(near.length)]! - prng.nextBelow(20_000);
}

function run(prng: Prng): { losses: number; finds: number } {
  const entryCount = 16 << prng.nextBelow(4);
  const expireMs = [1_000, 1_050, 5_000, 60_000][prng.nextBelow(4)]!;
  const cells = newCells(entryCount);
  const threads = Array.from({ length: 1 + prng.nextBelow(3) }, () => new StickTable(cells, expireMs));
  const keys = Array.from({ length: 1 + prng.nextBelow(entryCount * 3) }, () => ({
    high: prng.nextUint32() | 0,
    low: prng.nextUint32() | 0,
  }));
  const model = new Model(expireMs);
  let wallMs = startMs(prng);
  let losses = 0;
  let finds = 0;
  for (let step = 0; step < STEPS; step++) {
    wallMs += prng.nextBelow(prng.chance(0.05) ? expireMs : 200);
    const tick = Math.floor(wallMs / TICK_MS);
    const table = threads[prng.nextBelow(threads.length)]!;
    const key = keys[prng.nextBelow(keys.length)]!;
    if (prng.chance(0.5)) {
      const server = 1 + prng.nextBelow(65_535);
      table.store(key.high, key.low, server, wallMs);
      model.store(key, server, tick);
      continue;
    }
    const expected = model.find(key, tick);
    const found = table.find(key.high, key.low, wallMs);
    if (found !== NO_SERVER) finds++;
    if (found === expected) continue;
    expect([found, expected !== NO_SERVER]).toEqual([NO_SERVER, true]);
    model.forget(key);
    losses++;
  }
  const gaveWay = threads.reduce((sum, { evictions }) => sum + evictions, 0);
  expect(losses).toBeLessThanOrEqual(gaveWay);
  for (const key of keys) {
    const found = threads[0]!.find(key.high, key.low, wallMs);
    if (found !== model.find(key, Math.floor(wallMs / TICK_MS))) losses++;
  }
  expect(losses).toBeLessThanOrEqual(gaveWay);
  return { losses, finds };
}

it("says what a Map with expiry says", () => {
  let losses = 0;
  let finds = 0;
  forEachSeed("stick table", (seed) => {
    for (let i = 0; i < RUNS; i++) {
      const result = run(new Prng(seed * RUNS + i));
      losses += result.losses;
      finds += result.finds;
    }
  });
  if (Deno.env.get("HADRO_SEED") !== undefined) return;
  expect(finds).toBeGreaterThan(losses);
  expect(losses).toBeGreaterThan(0);
});

it("never sends a client to another's server when two threads write one slot, word by word", () => {
  let lostCount = 0;
  forEachSeed("stick table torn", (seed) => {
    const prng = new Prng(seed ^ 0x70);
    const wallMs = startMs(prng);
    for (let i = 0; i < RUNS; i++) {
      const before = newCells(16);
      const low = prng.nextUint32() | 0;
      // Another key, or another server for the same key.
      const keys = [0, 1].map(() => ({ high: prng.nextUint32() | 0, low }));
      if (prng.chance(0.3)) keys[1] = keys[0]!;
      const after = keys.map(({ high, low }, writer) => {
        const cells = before.slice();
        new StickTable(cells, 5_000).store(high, low, 100 + writer, wallMs);
        return cells;
      });
      const mixed = Int32Array.from(before, (_, at) => after[prng.nextBelow(2)]![at]!);
      const table = new StickTable(mixed, 5_000);
      for (const [writer, { high, low }] of keys.entries()) {
        const found = table.find(high, low, wallMs);
        if (found === NO_SERVER) lostCount++;
        else if (keys[0] === keys[1]) expect([100, 101]).toContain(found);
        else expect(found).toBe(100 + writer);
      }
      // And it goes on: who was lost is learnt again.
      table.store(keys[0]!.high, keys[0]!.low, 7, wallMs);
      expect(table.find(keys[0]!.high, keys[0]!.low, wallMs)).toBe(7);
    }
  });
  if (Deno.env.get("HADRO_SEED") === undefined) expect(lostCount).toBeGreaterThan(0);
});
