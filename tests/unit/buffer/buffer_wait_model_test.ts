/** The buffer wait queue against a naive list of waiters, over random asking, releasing, stopping, closing and turns. @module */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buffersToLeave, Criticality } from "../../../src/buffer/criticality.ts";
import { NO_BUFFER } from "../../../src/buffer/pool.ts";
import { Direction } from "../../../src/event/fd_state.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { say } from "../../support/event/verbs.ts";
import { WaitRig } from "../../support/buffer/wait_rig.ts";

const LIMIT = 12;
const FDS = 8;
const LEVELS = Object.values(Criticality);
const { RECV, SEND } = Direction;

interface Waiter {
  readonly fd: number;
  readonly direction: number;
  readonly criticality: number;
  readonly isHigh: boolean;
}

interface Reserves {
  readonly reserveCount: number;
  readonly priorityReserveCount: number;
}

const anyReserves: fc.Arbitrary<Reserves> = fc.record({
  reserveCount: fc.nat(4),
  priorityReserveCount: fc.nat(4),
});

interface Step {
  readonly kind: "ask" | "release" | "stop" | "want" | "close" | "open" | "cant" | "may" | "pass";
  readonly fd: number;
  readonly direction: number;
  readonly criticality: number;
  readonly isHigh: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"][]>(
    ...Array<"ask">(10).fill("ask"),
    ...Array<"release">(6).fill("release"),
    "stop",
    "want",
    "want",
    "close",
    "open",
    "open",
    "cant",
    "may",
    "may",
    "pass",
  ),
  fd: fc.nat(FDS - 1),
  direction: fc.constantFrom(RECV, SEND),
  criticality: fc.constantFrom(...LEVELS),
  isHigh: fc.boolean(),
});

/** What must come of it: a list in order of arrival, a list of grants, a count of free buffers. */
class WaitModel {
  readonly reserves: Reserves;
  waiters: Waiter[] = [];
  /** `fd direction` of each grant. */
  readonly grants = new Set<string>();
  free = LIMIT;

  constructor(reserves: Reserves) {
    this.reserves = reserves;
  }

  mayTake({ criticality, isHigh }: Pick<Waiter, "criticality" | "isHigh">): boolean {
    const { reserveCount, priorityReserveCount } = this.reserves;
    return this.free - this.grants.size >
      buffersToLeave(criticality, isHigh, reserveCount, priorityReserveCount);
  }

  isWaiting(fd: number, direction: number): boolean {
    return this.waiters.some((waiter) => waiter.fd === fd && waiter.direction === direction);
  }

  /** Returns whether a buffer is given. */
  ask(waiter: Waiter): boolean {
    if (this.isWaiting(waiter.fd, waiter.direction)) return false;
    const hadGrant = this.grants.delete(`${waiter.fd} ${waiter.direction}`);
    const isWaitedFor = this.waiters.some((other) =>
      rank(other) === rank(waiter) || (rank(other) > rank(waiter) && this.mayTake(other))
    );
    if ((hadGrant || !isWaitedFor) && this.mayTake(waiter)) {
      this.free--;
      return true;
    }
    this.waiters.push(waiter);
    return false;
  }
}

function rank({ criticality, isHigh }: Pick<Waiter, "criticality" | "isHigh">): number {
  return criticality * 2 + (isHigh ? 1 : 0);
}

/** The real one and the model, step by step. */
class Pair {
  readonly rig: WaitRig;
  readonly model: WaitModel;
  readonly held: number[] = [];
  releases = 0;

  constructor(reserves: Reserves) {
    this.rig = new WaitRig({ limitCount: LIMIT, capacity: FDS, ...reserves });
    this.model = new WaitModel(reserves);
  }

  apply({ kind, fd, direction, criticality, isHigh }: Step): void {
    const { rig, model } = this;
    const { table } = rig;
    if (kind === "release") return this.#release(fd);
    if (kind === "pass") rig.pass();
    else if (kind === "open") {
      if (!table.isOpen(fd)) rig.open(fd, isHigh ? IoClass.INTERACTIVE : IoClass.NORMAL);
      return;
    } else if (!table.isOpen(fd)) return;
    else if (kind === "ask") return this.#ask(fd, direction, criticality);
    else if (kind === "close") table.remove(fd);
    else say(table, fd, direction, kind);
    this.#follow();
    expect(model.waiters.length).toBe(rig.buffers.waiting);
  }

  #ask(fd: number, direction: number, criticality: number): void {
    const { rig, model } = this;
    const isHigh = rig.table.ioClass(fd) <= IoClass.INTERACTIVE;
    const before = model.grants.has(`${fd} ${direction}`);
    const given = model.ask({ fd, direction, criticality, isHigh });
    const buffer = rig.ask(fd, criticality, direction);
    expect(buffer !== NO_BUFFER).toBe(given);
    if (buffer !== NO_BUFFER) this.held.push(buffer);
    else if (before) this.#follow();
  }

  #release(index: number): void {
    if (this.held.length === 0) return;
    const [buffer] = this.held.splice(index % this.held.length, 1);
    this.model.free++;
    this.releases++;
    this.rig.buffers.release(buffer);
    this.#follow();
  }

  /** Takes over who left and who was granted meanwhile, and checks that it was right. */
  #follow(): void {
    const { rig, model } = this;
    const { table } = rig;
    for (const key of [...model.grants]) {
      const [fd, direction] = key.split(" ").map(Number);
      if (!rig.hasGrant(fd, direction)) model.grants.delete(key);
    }
    const gone = model.waiters.filter(({ fd, direction }) => !table.isParked(fd, direction));
    for (const waiter of gone) {
      const key = `${waiter.fd} ${waiter.direction}`;
      if (rig.hasGrant(waiter.fd, waiter.direction)) {
        // Whoever ranks higher, or came earlier at the same rank, was granted as well, or left.
        const place = model.waiters.indexOf(waiter);
        const passed = model.waiters.filter((other, at) =>
          !gone.includes(other) &&
          (rank(other) > rank(waiter) || (rank(other) === rank(waiter) && at < place))
        );
        for (const other of passed) expect(model.mayTake(other), "who was passed may not take").toBe(false);
        model.grants.add(key);
      }
    }
    model.waiters = model.waiters.filter((waiter) => !gone.includes(waiter));
  }

  check(): void {
    const { rig, model } = this;
    const { table, pool, buffers, activity } = rig;
    expect([pool.freeCount, buffers.waiting, buffers.granted])
      .toEqual([model.free, model.waiters.length, model.grants.size]);
    expect(pool.freeCount - buffers.granted).toBeGreaterThanOrEqual(0);
    let parked = 0;
    let grants = 0;
    for (let fd = 0; fd < FDS; fd++) {
      for (const direction of [RECV, SEND]) {
        if (!table.isOpen(fd)) continue;
        if (table.isParked(fd, direction)) parked++;
        if (rig.hasGrant(fd, direction)) grants++;
        expect(table.isParked(fd, direction)).toBe(model.isWaiting(fd, direction));
      }
    }
    expect([parked, grants]).toEqual([buffers.waiting, buffers.granted]);
    // As many are woken as were freed: by a release, or by a grant that came back (B6).
    expect(activity.bufferGranted).toBeLessThanOrEqual(
      this.releases + activity.bufferGrantsReturned,
    );
    // Nobody waits for what it may have; with a reserve for prio=high it may, behind somebody who may not.
    if (model.reserves.priorityReserveCount === 0) {
      for (const waiter of model.waiters) expect(model.mayTake(waiter)).toBe(false);
    }
    // Somebody holds what the waiters wait for (B11).
    if (buffers.waiting > 0) expect(pool.inUse + buffers.granted).toBeGreaterThan(0);
  }
}

describe("the wait queue does what a list of waiters does", () => {
  it("over any steps: who waits, who was granted, in which order, how many (rule B1, rule B3, rule B5, rule B6, rule B11)", () => {
    fc.assert(
      fc.property(anyReserves, fc.array(anyStep, { maxLength: 120 }), (reserves, steps) => {
        const pair = new Pair(reserves);
        for (const step of steps) {
          pair.apply(step);
          pair.check();
        }
      }),
      { numRuns: 500 },
    );
  });

  it("everything given back: nobody waits, nothing is promised (I14, rule B10)", () => {
    fc.assert(
      fc.property(anyReserves, fc.array(anyStep, { maxLength: 120 }), (reserves, steps) => {
        const pair = new Pair(reserves);
        for (const step of steps) pair.apply(step);
        const { rig, held } = pair;
        for (let round = 0; round < 100 && (held.length > 0 || rig.buffers.waiting > 0); round++) {
          for (const buffer of held.splice(0)) rig.buffers.release(buffer);
          // Everybody who has a turn takes what it waited for and gives it back.
          rig.pass((fd) => {
            for (const direction of [RECV, SEND]) {
              if (!rig.hasGrant(fd, direction)) continue;
              const buffer = rig.ask(fd, Criticality.TRANSMIT, direction);
              expect(buffer).not.toBe(NO_BUFFER);
              held.push(buffer);
            }
          });
        }
        expect([rig.buffers.waiting, rig.buffers.granted, rig.pool.inUse]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
