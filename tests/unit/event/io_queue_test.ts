/** The I/O queue: order, passes, shares of the classes, leaving from anywhere; and a naive queue beside it. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IO_PASS_BUDGET, IoClass, IoQueue } from "../../../src/event/io_queue.ts";
import { QueueModel, runPass, WEIGHTS } from "../../support/event/queue_model.ts";

const { URGENT, INTERACTIVE, NORMAL, BULK, HEAVY } = IoClass;
const CLASSES = Object.values(IoClass);

function queueOf(fds: readonly number[], ioClass: number = NORMAL, capacity = 1_000): IoQueue {
  const queue = new IoQueue(capacity);
  for (const fd of fds) queue.enter(fd, ioClass);
  return queue;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

describe("order", () => {
  it("is first in, first out within a class", () => {
    const queue = queueOf([7, 2, 9, 0]);
    expect([queue.size, queue.has(9), queue.has(1)]).toEqual([4, true, false]);
    expect(runPass(queue, 10)).toEqual([7, 2, 9, 0]);
    expect([queue.size, queue.has(9)]).toEqual([0, false]);
  });

  it("is by class first, the most urgent before all", () => {
    const queue = new IoQueue(10);
    for (const ioClass of CLASSES.toReversed()) queue.enter(ioClass, ioClass);
    expect(runPass(queue, 10)).toEqual([URGENT, INTERACTIVE, NORMAL, BULK, HEAVY]);
  });

  it("serves who was left over by a budget before who came back (I11)", () => {
    const queue = queueOf([1, 2, 3, 4]);
    const again = (fd: number) => queue.enter(fd, NORMAL);
    expect(runPass(queue, 2, again)).toEqual([1, 2]);
    expect(runPass(queue, 3, again)).toEqual([3, 4, 1]);
    expect(runPass(queue, 4, again)).toEqual([2, 3, 4, 1]);
  });

  it("has nothing to hand out when empty, and none without quotas", () => {
    const queue = new IoQueue(4);
    queue.beginPass();
    expect([queue.dealQuotas(10), queue.pop()]).toEqual([0, -1]);
    queue.enter(1, NORMAL);
    expect(queue.pop()).toBe(-1);
    expect([queue.dealQuotas(10), queue.pop(), queue.pop()]).toEqual([1, 1, -1]);
  });
});

describe("a pass", () => {
  it("runs each fd once, also one that comes back while it runs; the next pass runs it again (I10, D17)", () => {
    const queue = queueOf([1, 2]);
    expect(runPass(queue, 100, (fd) => queue.enter(fd, NORMAL))).toEqual([1, 2]);
    expect(queue.size).toBe(2);
    expect(runPass(queue, 100)).toEqual([1, 2]);
  });

  it("ends though two fds keep waking each other (A2, I10)", () => {
    const queue = queueOf([1]);
    const other = (fd: number) => queue.enter(3 - fd, NORMAL);
    expect(runPass(queue, IO_PASS_BUDGET, other)).toEqual([1, 2]);
    expect([queue.has(1), queue.size]).toEqual([true, 1]);
  });

  it("runs what enters during it for the first time, behind what was there (I9)", () => {
    const queue = queueOf([1, 2]);
    const accepting = (fd: number) => {
      if (fd < 10) queue.enter(fd + 10, NORMAL);
    };
    expect(runPass(queue, 100, accepting)).toEqual([1, 2, 11, 12]);
  });

  it("runs the next owner of a number in the pass in which the last one ran, once (I9, I10)", () => {
    const queue = queueOf([1]);
    const reopening = (fd: number) => {
      if (queue.size === 0) {
        queue.forget(fd);
        queue.enter(fd, NORMAL);
      }
    };
    expect(runPass(queue, 3, reopening)).toEqual([1, 1, 1]);
    queue.leave(1);
    expect(runPass(queue, 3)).toEqual([]);
  });

  it("reaches everybody who waits within as many passes as the budget needs, whoever else leaves (I11)", () => {
    const queue = queueOf(range(0, 100));
    const seen = new Set<number>();
    const passes = Math.ceil(100 / 7);
    for (let pass = 0; pass < passes; pass++) {
      runPass(queue, 7, (fd) => {
        seen.add(fd);
        queue.enter(fd, NORMAL);
        // Somebody leaves and enters anew: nobody may be skipped by that.
        const [away] = seen;
        if (queue.has(away)) {
          queue.leave(away);
          queue.enter(away, NORMAL);
        }
      });
    }
    expect(seen.size).toBe(100);
  });
});

describe("leave", () => {
  it.each([["head", 1], ["middle", 2], ["tail", 4]])(
    "takes out the %s and keeps the order of the others",
    (_where, fd) => {
      const queue = queueOf([1, 2, 3, 4]);
      queue.leave(fd);
      expect([queue.size, queue.has(fd)]).toEqual([3, false]);
      queue.enter(5, NORMAL);
      expect(runPass(queue, 10)).toEqual([1, 2, 3, 4, 5].filter((other) => other !== fd));
    },
  );

  it("takes out the only one, and the class begins anew", () => {
    const queue = queueOf([1]);
    queue.leave(1);
    queue.enter(2, NORMAL);
    queue.enter(1, NORMAL);
    expect(runPass(queue, 10)).toEqual([2, 1]);
  });

  it.each([
    ["the next one", [2], [1, 3, 4]],
    ["the one behind the next", [3], [1, 2, 4]],
    ["the last one", [4], [1, 2, 3]],
    ["everybody", [2, 3, 4], [1]],
  ])("during a pass, of %s, leaves the pass valid (A3, I15)", (_who, away, expected) => {
    const queue = queueOf([1, 2, 3, 4]);
    const ran = runPass(queue, 10, (fd) => {
      if (fd === 1) { for (const other of away) queue.leave(other); }
    });
    expect(ran).toEqual(expected);
    expect(queue.size).toBe(0);
  });

  it("during a pass takes out one that ran and came back, from head, middle and tail of those (I15)", () => {
    for (const away of [1, 2, 3]) {
      const queue = queueOf([1, 2, 3, 4]);
      runPass(queue, 10, (fd) => {
        if (fd < 4) queue.enter(fd, NORMAL);
        else queue.leave(away);
      });
      expect(runPass(queue, 10)).toEqual([1, 2, 3].filter((fd) => fd !== away));
    }
  });

  it("takes out of the class it entered, though its class is another by now", () => {
    const queue = queueOf([1, 2], BULK);
    queue.leave(1);
    queue.enter(1, URGENT);
    expect(runPass(queue, 10)).toEqual([1, 2]);
  });
});

describe("shares", () => {
  /** How often each class ran in passes of `budget`, every class always having more work than the budget. */
  function sharesOf(classes: readonly number[], budget: number, passes: number): number[] {
    const queue = new IoQueue(1_000);
    const counts = CLASSES.map(() => 0);
    for (const ioClass of classes) for (const fd of range(ioClass * 200, 200)) queue.enter(fd, ioClass);
    for (let pass = 0; pass < passes; pass++) {
      runPass(queue, budget, (fd) => {
        const ioClass = Math.floor(fd / 200);
        counts[ioClass]++;
        queue.enter(fd, ioClass);
      });
    }
    return counts;
  }

  it("of a pass are the weights, while every class has work", () => {
    const [, interactive, normal, bulk, heavy] = sharesOf([INTERACTIVE, NORMAL, BULK, HEAVY], 200, 100);
    const sum = WEIGHTS.slice(1).reduce((total, weight) => total + weight);
    for (const [count, weight] of [[interactive, 64], [normal, 60], [bulk, 4], [heavy, 1]]) {
      expect(Math.abs(count / (200 * 100) - weight / sum)).toBeLessThan(0.01);
    }
  });

  it("that nobody uses go to the others: the whole budget is spent", () => {
    expect(sharesOf([BULK], 200, 1)).toEqual([0, 0, 0, 200, 0]);
    expect(sharesOf([NORMAL, BULK], 200, 1)).toEqual([0, 0, 188, 12, 0]);
    const queue = queueOf(range(200, 200));
    queue.enter(0, INTERACTIVE);
    queue.enter(600, HEAVY);
    expect(runPass(queue, 200).length).toBe(200);
  });

  it("of heavy are four in a pass at most", () => {
    expect(sharesOf([HEAVY], 200, 1)).toEqual([0, 0, 0, 0, 4]);
    expect(sharesOf([BULK, HEAVY], 200, 1)).toEqual([0, 0, 0, 196, 4]);
    expect(sharesOf([HEAVY], 200, 5)).toEqual([0, 0, 0, 0, 20]);
  });

  it("leave no class without a call in any pass, however small the budget (D5)", () => {
    for (const budget of [200, 50, 10, 4]) {
      const counts = sharesOf([INTERACTIVE, NORMAL, BULK, HEAVY], budget, 1);
      expect(counts.slice(1).every((count) => count > 0), `budget ${budget}`).toBe(true);
    }
  });

  it("let urgent work have all that it needs, before all others", () => {
    const queue = new IoQueue(1_000);
    for (const fd of range(0, 150)) queue.enter(fd, URGENT);
    for (const fd of range(200, 150)) queue.enter(fd, INTERACTIVE);
    const ran = runPass(queue, 200);
    expect(ran.slice(0, 150)).toEqual(range(0, 150));
    expect(ran.length).toBe(200);
    for (const fd of range(400, 300)) queue.enter(fd, URGENT);
    expect(runPass(queue, 200)).toEqual(range(400, 200));
  });

  it("let urgent work that comes during a round pass the others in it", () => {
    const queue = queueOf([1, 2, 3]);
    queue.enter(10, URGENT);
    const ran = runPass(queue, 100, (fd) => {
      if (fd === 1) queue.enter(11, URGENT);
    });
    expect(ran).toEqual([10, 1, 11, 2, 3]);
  });
});

interface Step {
  readonly kind: "enter" | "leave" | "forget" | "pass" | "deal" | "pop";
  readonly fd: number;
  readonly ioClass: number;
  readonly budget: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"][]>(
    "enter",
    "enter",
    "enter",
    "leave",
    "forget",
    "pass",
    "deal",
    "pop",
    "pop",
  ),
  fd: fc.nat(19),
  ioClass: fc.constantFrom(...CLASSES),
  budget: fc.integer({ min: 1, max: 250 }),
});

function apply(queue: IoQueue | QueueModel, { kind, fd, ioClass, budget }: Step): number {
  if (kind === "pass") queue.beginPass();
  else if (kind === "deal") return queue.dealQuotas(budget);
  else if (kind === "pop") return queue.pop();
  else if (kind === "forget" && !queue.has(fd)) queue.forget(fd);
  else if (kind === "leave" && queue.has(fd)) queue.leave(fd);
  else if (kind === "enter" && !queue.has(fd)) queue.enter(fd, ioClass);
  return 0;
}

describe("the queue does what a naive one does", () => {
  it("over any sequence of steps: members, order, quotas (I10, I11, C14)", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
        const queue = new IoQueue(20);
        const model = new QueueModel();
        for (const step of steps) {
          expect(apply(queue, step)).toBe(apply(model, step));
          expect(queue.size).toBe(model.entries.length);
          for (let fd = 0; fd < 20; fd++) expect(queue.has(fd)).toBe(model.has(fd));
        }
        expect(runPass(queue, 1_000)).toEqual(runPass(model, 1_000));
      }),
      { numRuns: 500 },
    );
  });

  it("and no fd runs twice in a pass, whatever handlers do (I10)", () => {
    const anyDeeds = fc.array(fc.array(anyStep, { maxLength: 6 }), { maxLength: 40 });
    fc.assert(
      fc.property(anyDeeds, (deeds) => {
        const queue = queueOf(range(0, 10), NORMAL, 20);
        let at = 0;
        const ran = runPass(queue, IO_PASS_BUDGET, () => {
          const steps = deeds[at++] ?? [];
          for (const step of steps) if (step.kind === "enter" || step.kind === "leave") apply(queue, step);
        });
        expect(new Set(ran).size).toBe(ran.length);
      }),
    );
  });
});
