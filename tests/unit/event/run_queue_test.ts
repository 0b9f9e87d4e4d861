/** The run queue: wake-ups in order, shifted by nice, and nobody overtaken for ever. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NICE_MIN, RUN_QUEUE_DEPTH, RunQueue } from "../../../src/event/run_queue.ts";

const NICE_MAX = -NICE_MIN;

function drain(queue: RunQueue): number[] {
  const tasks: number[] = [];
  for (let task = queue.pop(); task >= 0; task = queue.pop()) tasks.push(task);
  return tasks;
}

describe("order", () => {
  it("is that of the wake-ups among tasks of the same nice", () => {
    for (const nice of [0, NICE_MIN, NICE_MAX, 7]) {
      const queue = new RunQueue();
      for (const task of [5, 1, 9, 3]) queue.push(task, nice);
      expect([queue.size, queue.has(9), queue.has(2)]).toEqual([4, true, false]);
      expect(drain(queue)).toEqual([5, 1, 9, 3]);
    }
  });

  it("is kept by a task that leaves for all others", () => {
    const queue = new RunQueue();
    for (const task of [1, 2, 3, 4]) queue.push(task, 0);
    queue.remove(2);
    expect([queue.has(2), queue.size]).toEqual([false, 3]);
    queue.push(2, 0);
    expect(drain(queue)).toEqual([1, 3, 4, 2]);
  });

  it("has nothing to give when empty", () => {
    expect([new RunQueue().pop(), new RunQueue().size]).toEqual([-1, 0]);
  });
});

describe("nice", () => {
  it("lets an important task overtake those woken before it, and an unimportant one be overtaken", () => {
    const queue = new RunQueue();
    queue.push(1, NICE_MAX);
    queue.push(2, 0);
    queue.push(3, NICE_MIN);
    expect(drain(queue)).toEqual([3, 2, 1]);
  });

  it("is worth a batch of wake-ups at its ends, and its part of one between", () => {
    for (const [nice, places] of [[NICE_MIN, 200], [NICE_MIN / 2, 100], [NICE_MIN / 4, 50]] as const) {
      const queue = new RunQueue();
      for (let task = 0; task < 300; task++) queue.push(task, 0);
      queue.push(1_000, nice);
      const at = drain(queue).indexOf(1_000);
      expect(Math.abs(at - (300 - places))).toBeLessThanOrEqual(1);
    }
  });

  it("lets nobody wait for ever: the least important runs after a bounded number of later wake-ups (I11)", () => {
    const queue = new RunQueue();
    queue.push(0, NICE_MAX);
    let later = 0;
    for (let task = 1;; task++) {
      queue.push(task, NICE_MIN);
      later++;
      if (queue.pop() === 0) break;
      expect(later).toBeLessThanOrEqual(2 * RUN_QUEUE_DEPTH + 1);
    }
    expect(later).toBeGreaterThan(RUN_QUEUE_DEPTH);
  });

  it("never puts a task further than two batches before or behind its wake-up", () => {
    const anyNice = fc.integer({ min: NICE_MIN, max: NICE_MAX });
    fc.assert(
      fc.property(fc.array(anyNice, { minLength: 1, maxLength: 1_000 }), (nices) => {
        const queue = new RunQueue();
        nices.forEach((nice, task) => queue.push(task, nice));
        const order = drain(queue);
        expect([...order].sort((a, b) => a - b)).toEqual(nices.map((_, task) => task));
        order.forEach((task, place) =>
          expect(Math.abs(task - place)).toBeLessThanOrEqual(2 * RUN_QUEUE_DEPTH)
        );
        for (let i = 1; i < order.length; i++) {
          const [a, b] = [order[i - 1], order[i]];
          if (nices[a] === nices[b]) expect(a).toBeLessThan(b);
        }
      }),
      { numRuns: 50 },
    );
  });
});
