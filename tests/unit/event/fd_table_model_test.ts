/** The fd table against a naive model of it, over random verbs, parking, closes, drains and passes. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newActivity } from "../../../src/event/activity.ts";
import { FdState, polledAfterUpdate } from "../../../src/event/fd_state.ts";
import { FdTable } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { TableModel } from "../../support/event/fd_model.ts";
import { clearUpdates, DIRECTIONS, say, updatesOf, type Verb, VERBS } from "../../support/event/verbs.ts";

const CAPACITY = 5;

interface Step {
  readonly kind: Verb | "insert" | "remove" | "park" | "unpark" | "take" | "drain" | "pass" | "pop";
  readonly fd: number;
  readonly direction: number;
  readonly isSpeculative: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"][]>(
    ...VERBS,
    ...VERBS,
    "insert",
    "insert",
    "remove",
    "park",
    "unpark",
    "take",
    "drain",
    "pass",
    "pop",
  ),
  fd: fc.nat(CAPACITY - 1),
  direction: fc.constantFrom(...DIRECTIONS),
  isSpeculative: fc.boolean(),
});

/** Both of them, and the same steps for both. */
class Pair {
  readonly activity = newActivity();
  readonly table = new FdTable(CAPACITY, this.activity);
  readonly model: TableModel;
  readonly told: string[] = [];
  readonly #isEdge: boolean;

  constructor(isEdge: boolean) {
    this.#isEdge = isEdge;
    this.table.unpolls = !isEdge;
    this.table.parking = {
      leave: (fd, direction) => this.told.push(`leave ${fd} ${direction}`),
      returnGrant: (fd, direction) => this.told.push(`return ${fd} ${direction}`),
    };
    this.model = new TableModel(CAPACITY, !isEdge);
  }

  apply({ kind, fd, direction, isSpeculative }: Step): void {
    const { table, model } = this;
    if (kind === "drain") return this.#drain();
    if (kind === "pass") {
      table.queue.beginPass();
      return model.beginPass();
    }
    if (kind === "pop") return this.#pop();
    if (kind === "insert") {
      if (table.isOpen(fd)) return;
      table.insert(fd, { onIo: () => {} }, IoClass.NORMAL, isSpeculative);
      return model.insert(fd, isSpeculative);
    }
    if (table.isOpen(fd)) this.#applyToOpen(kind, fd, direction);
  }

  #applyToOpen(kind: Step["kind"], fd: number, direction: number): void {
    const { table, model } = this;
    switch (kind) {
      case "remove":
        table.remove(fd);
        return model.remove(fd);
      case "park":
        table.park(fd, direction);
        return model.park(fd, direction);
      case "unpark":
        if (!table.isParked(fd, direction)) return;
        table.unpark(fd, direction);
        return model.unpark(fd, direction);
      case "take":
        return expect(table.takeGrant(fd, direction)).toBe(model.takeGrant(fd, direction));
      default:
        say(table, fd, direction, kind as Verb);
        return model.say(fd, direction, kind as Verb);
    }
  }

  #drain(): void {
    const { table, model } = this;
    for (const fd of updatesOf(table)) {
      if (!table.isOpen(fd)) continue;
      table.setPolled(
        fd,
        this.#isEdge ? FdState.POLLED_R | FdState.POLLED_W : polledAfterUpdate(table.stateToPoll(fd)),
      );
    }
    clearUpdates(table);
    model.drain(this.#isEdge);
    for (let fd = 0; fd < CAPACITY; fd++) {
      expect(!this.#isEdge && model.fds[fd].needsUpdate(true), `fd ${fd} after a drain`).toBe(false);
    }
  }

  /** Runs one fd as the loop does, with a handler that does nothing. */
  #pop(): void {
    const { table, model } = this;
    table.queue.dealQuotas(1);
    const fd = table.queue.pop();
    expect(fd).toBe(model.pop());
    if (fd < 0) return;
    table.requeue(fd);
    model.requeue(fd);
  }

  check(): void {
    const { table, model, activity } = this;
    for (let fd = 0; fd < CAPACITY; fd++) {
      const expected = model.fds[fd];
      expect(table.isOpen(fd)).toBe(expected.isOpen);
      expect(table.state(fd)).toBe(expected.state);
      expect(table.generation(fd)).toBe(expected.generation);
      expect(table.queue.has(fd)).toBe(model.isQueued(fd));
      expect(table.readyDirections(fd)).toBe(expected.readyDirections);
      for (const direction of DIRECTIONS) {
        expect(table.isParked(fd, direction)).toBe(expected.of(direction).parked);
      }
    }
    expect(table.openCount).toBe(model.fds.filter(({ isOpen }) => isOpen).length);
    expect(updatesOf(table)).toEqual(model.updates);
    expect(this.told).toEqual(model.told);
    const { updatesRequested, updatesQueued, cacheEnter, cacheLeave } = activity;
    expect({ updatesRequested, updatesQueued, cacheEnter, cacheLeave }).toEqual(model.counters);
    expect(table.queue.size).toBe(model.queue.length);
  }
}

describe("the fd table does what a naive one does", () => {
  it.each([["edge", true], ["level", false]])(
    "%s-triggered: states, cache, update list, parking, counters (I3, I4, I5, I10, I14, I17)",
    (_name, isEdge) => {
      fc.assert(
        fc.property(fc.array(anyStep, { maxLength: 150 }), (steps) => {
          const pair = new Pair(isEdge);
          for (const step of steps) {
            pair.apply(step);
            pair.check();
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  it("every entry into the cache ends in a run, a leave, or is still there: the counters add up", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
        const pair = new Pair(true);
        let runs = 0;
        const { queue } = pair.table;
        const pop = queue.pop.bind(queue);
        queue.pop = () => {
          const fd = pop();
          if (fd >= 0) runs++;
          return fd;
        };
        for (const step of steps) pair.apply(step);
        const { cacheEnter, cacheLeave } = pair.activity;
        expect(cacheEnter).toBe(cacheLeave + runs + queue.size);
      }),
    );
  });
});
