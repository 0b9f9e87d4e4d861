/** How many requests may be sent again. Against another account, in whole proxies: tests/sim/retry_test.ts. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../../src/base/prng.ts";
import { RetryBudget } from "../../../../src/proxy/retry/retry_budget.ts";

function noteRequests(budget: RetryBudget, count: number, nowMs: number): void {
  for (let i = 0; i < count; i++) budget.noteRequest(nowMs);
}

/** How many repeats are allowed, of 1,000 wanted. */
function allowed(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  for (let i = 0; i < 1_000; i++) if (budget.takeRepeat(nowMs)) count++;
  return count;
}

describe("RetryBudget", () => {
  it("is a share of the requests, and ten seconds of the count besides", () => {
    const budget = new RetryBudget({ percent: 20, perSecond: 3 });
    noteRequests(budget, 100, 5_000);
    expect(allowed(budget, 5_000)).toBe(50);
    expect(budget.refusedCount).toBe(950);
    noteRequests(budget, 5, 5_500);
    expect(allowed(budget, 5_500)).toBe(1);
  });

  it("forgets requests and repeats after ten seconds", () => {
    const budget = new RetryBudget({ percent: 50, perSecond: 0 });
    noteRequests(budget, 10, 1_999);
    expect(allowed(budget, 2_000)).toBe(5);
    noteRequests(budget, 10, 3_000);
    expect(allowed(budget, 3_000)).toBe(5);
    // The first ten have gone, their repeats not yet.
    expect(allowed(budget, 11_000)).toBe(0);
    expect(allowed(budget, 12_000)).toBe(0);
    noteRequests(budget, 10, 12_999);
    expect(allowed(budget, 12_999)).toBe(5);
    expect(allowed(budget, 1_000_000)).toBe(0);
  });

  it("is nothing with 0%+0/s", () => {
    const budget = new RetryBudget({ percent: 0, perSecond: 0 });
    noteRequests(budget, 1_000, 1);
    expect(allowed(budget, 1)).toBe(0);
  });

  it("has a thread's part of the count, and the share of its own requests", () => {
    const budget = new RetryBudget({ percent: 10, perSecond: 3 }, 4);
    expect(allowed(budget, 0)).toBe(7);
    noteRequests(budget, 20, 0);
    expect(allowed(budget, 0)).toBe(2);
  });

  it("never allows more than its rule, whatever the times", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const prng = new Prng(seed);
      const budget = new RetryBudget({ percent: 30, perSecond: 1 });
      const requests: number[] = [];
      const repeats: number[] = [];
      let nowMs = prng.nextBelow(100_000);
      for (let i = 0; i < 500; i++) {
        nowMs += prng.chance(0.01) ? prng.nextBelow(30_000) : prng.nextBelow(200);
        if (prng.chance(0.5)) {
          budget.noteRequest(nowMs);
          requests.push(nowMs);
          continue;
        }
        const recent = (times: number[]) =>
          times.filter((timeMs) => Math.floor(timeMs / 1_000) > Math.floor(nowMs / 1_000) - 10).length;
        const isAllowed = recent(repeats) + 1 <= recent(requests) * 0.3 + 10;
        expect(budget.takeRepeat(nowMs), `seed ${seed}`).toBe(isAllowed);
        if (isAllowed) repeats.push(nowMs);
      }
    }
  });
});
