/** What threads share about health: states, owners, takeover. @module */
import { describe, expect, it } from "vitest";
import { HealthCells, TAKEOVER_MS } from "../../../../src/proxy/health/health_cells.ts";
import { HealthEvent, healthOf, initialState } from "../../../../src/proxy/health/health_state.ts";

const RULES = { rise: 2, fall: 3 };
const SERVERS = 3;

/** The views of `count` threads, which all have beaten once at 0 ms. */
function threads(count: number): HealthCells[] {
  const memory = new Int32Array(new SharedArrayBuffer(HealthCells.sharedBytes(SERVERS, count)));
  const all = Array.from({ length: count }, (_, thread) => new HealthCells(memory, count, thread));
  for (const cells of all) cells.beat(0);
  for (const cells of all) cells.beat(0);
  return all;
}

describe("states", () => {
  it("are those of the start, and each server has its own", () => {
    const cells = HealthCells.ofOneThread(SERVERS);
    expect(cells.apply(1, HealthEvent.FAIL, RULES)).toBe(initialState(RULES));
    expect([0, 1, 2].map((server) => healthOf(cells.state(server, RULES)))).toEqual([2, 0, 2]);
  });

  it("are seen by all threads, and changed by any", () => {
    const [a, b] = threads(2);
    a!.apply(0, HealthEvent.PASS, RULES);
    expect(healthOf(b!.apply(0, HealthEvent.FAIL, RULES))).toBe(4);
    expect([a!, b!].map((cells) => healthOf(cells.state(0, RULES)))).toEqual([3, 3]);
  });

  it("keep DOWN apart from the start, though health 0 is 0", () => {
    const cells = HealthCells.ofOneThread(SERVERS);
    cells.apply(0, HealthEvent.FAIL, RULES);
    expect(cells.state(0, RULES)).not.toBe(initialState(RULES));
  });

  it("come with a reason, errors and hurry", () => {
    const [a, b] = threads(2);
    a!.setReason(2, 5, -503, 3);
    expect([b!.reason(2), b!.reasonDetail(2), b!.reasonCount(2)]).toEqual([5, -503, 3]);
    expect([a!.addError(2), b!.addError(2)]).toEqual([1, 2]);
    b!.clearErrors(2);
    expect(a!.addError(2)).toBe(1);
    const before = b!.hurryCount(1);
    a!.hurry(1);
    expect(b!.hurryCount(1)).not.toBe(before);
  });
});

describe("owners", () => {
  it("of a process with one thread are that thread", () => {
    const cells = HealthCells.ofOneThread(SERVERS);
    expect([0, 1, 2].map((server) => cells.claim(server, 0))).toEqual([true, true, true]);
    expect(cells.isShared).toBe(false);
  });

  it("are the threads in turn while all live", () => {
    const all = threads(2);
    for (const cells of all) for (let server = 0; server < SERVERS; server++) cells.claim(server, 0);
    expect(all.map((cells) => [0, 1, 2].map((server) => cells.owns(server)))).toEqual([
      [true, false, true],
      [false, true, false],
    ]);
  });

  it("wait for a thread that is still starting, for as long as one may be silent", () => {
    const [a] = threads(2);
    expect(a!.claim(1, TAKEOVER_MS - 1)).toBe(false);
    expect(a!.claim(1, TAKEOVER_MS)).toBe(true);
  });

  it("lose their servers to the first who looks when they beat no more, and a late one sees that", () => {
    const [a, b, c] = threads(3);
    for (const cells of [a!, b!, c!]) for (let i = 0; i < SERVERS; i++) cells.claim(i, 0);
    let nowMs = 0;
    for (; nowMs < TAKEOVER_MS; nowMs += 100) {
      a!.beat(nowMs);
      c!.beat(nowMs);
      expect([a!.claim(1, nowMs), c!.claim(1, nowMs)]).toEqual([false, false]);
    }
    nowMs += 100;
    a!.beat(nowMs);
    c!.beat(nowMs);
    expect([c!.claim(1, nowMs), a!.claim(1, nowMs)]).toEqual([true, false]);
    // The one that hung is back, or another was started in its place.
    b!.beat(nowMs);
    expect([b!.owns(1), b!.claim(1, nowMs)]).toEqual([false, false]);
    expect([a!.claim(0, nowMs), c!.claim(2, nowMs)]).toEqual([true, true]);
  });
});
