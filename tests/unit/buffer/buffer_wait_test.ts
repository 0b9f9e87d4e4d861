/** The buffer wait queue: who is woken, in which order, how many; what a grant is; what leaving does. @module */
import { beforeEach, describe, expect, it } from "vitest";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { NO_BUFFER } from "../../../src/buffer/pool.ts";
import { Direction } from "../../../src/event/fd_state.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { WaitRig } from "../../support/buffer/wait_rig.ts";

const { RECV, SEND } = Direction;
const { REQUEST_HEAD, REQUEST_BODY, RESPONSE, TRANSMIT } = Criticality;
let rig: WaitRig;

beforeEach(() => {
  rig = new WaitRig();
});

/** Opens these fds, and each asks at its level and has to wait. */
function waiters(...levels: (readonly [fd: number, criticality: number, ioClass?: number])[]): void {
  for (const [fd, criticality, ioClass] of levels) {
    rig.open(fd, ioClass);
    expect(rig.ask(fd, criticality)).toBe(NO_BUFFER);
  }
}

/** Gives one buffer back at a time; returns who was woken by each. */
function wokenOneByOne(taken: number[]): number[] {
  const woken: number[] = [];
  for (const buffer of taken) {
    const before = rig.granted();
    rig.buffers.release(buffer);
    const after = rig.granted();
    woken.push(...after.filter((fd) => !before.includes(fd)));
  }
  return woken;
}

describe("acquire", () => {
  it("gives a buffer while there is one, and parks nobody", () => {
    rig.open(1);
    expect(rig.ask(1)).toBe(0);
    expect([rig.buffers.waiting, rig.activity.bufferParked, rig.table.queue.has(1)]).toEqual([0, 0, true]);
  });

  it("parks the direction that gets none: out of the cache, its readiness kept, once (rule B4)", () => {
    rig.fill();
    rig.open(1);
    rig.table.stopSend(1);
    expect([rig.ask(1), rig.ask(1), rig.ask(1)]).toEqual([NO_BUFFER, NO_BUFFER, NO_BUFFER]);
    expect([rig.buffers.waiting, rig.activity.bufferParked]).toEqual([1, 1]);
    expect([rig.table.isParked(1, RECV), rig.table.queue.size]).toEqual([true, 0]);
    rig.table.mayRecv(1);
    expect([rig.pass(), rig.table.readyDirections(1)]).toEqual([[], 0]);
  });

  it("parks directions each for itself (rule B1, C3)", () => {
    const [buffer] = rig.fill();
    rig.open(1);
    rig.ask(1, RESPONSE, RECV);
    rig.ask(1, TRANSMIT, SEND);
    expect([rig.buffers.waiting, rig.table.queue.has(1)]).toEqual([2, false]);
    rig.buffers.release(buffer);
    expect([rig.granted(SEND), rig.granted(RECV), rig.table.readyDirections(1)]).toEqual([[1], [], SEND]);
  });
});

describe("the order of waiters", () => {
  it("is by criticality, then by arrival (rule B1)", () => {
    const taken = rig.fill();
    waiters([1, REQUEST_HEAD], [2, RESPONSE], [3, REQUEST_BODY], [4, TRANSMIT], [5, REQUEST_HEAD], [
      6,
      RESPONSE,
    ]);
    expect(wokenOneByOne(taken.slice(0, 6))).toEqual([4, 2, 6, 3, 1, 5]);
  });

  it("is by prio=high before others at each level (rule B1)", () => {
    const taken = rig.fill();
    const { INTERACTIVE, BULK, URGENT } = IoClass;
    waiters(
      [1, REQUEST_HEAD],
      [2, REQUEST_HEAD, INTERACTIVE],
      [3, RESPONSE, BULK],
      [4, RESPONSE, URGENT],
      [5, REQUEST_HEAD, INTERACTIVE],
    );
    expect(wokenOneByOne(taken.slice(0, 5))).toEqual([4, 3, 2, 5, 1]);
  });

  it("is not changed by a newcomer: while somebody waits at its level or above, it waits too (rule B1)", () => {
    const [buffer] = rig.fill();
    waiters([1, RESPONSE]);
    rig.buffers.release(buffer);
    expect(rig.granted()).toEqual([1]);
    // One buffer is free, and promised to 1.
    waiters([2, RESPONSE], [3, REQUEST_HEAD]);
    expect(rig.pool.freeCount).toBe(1);
    expect(rig.ask(1, RESPONSE)).toBe(buffer);
  });

  it("lets prio=high have what is kept for it, though somebody more critical waits who may not have it (rule B1)", () => {
    rig = new WaitRig({ limitCount: 8, priorityReserveCount: 3 });
    rig.fill(3);
    waiters([1, RESPONSE]);
    rig.open(2, IoClass.INTERACTIVE);
    expect(rig.ask(2, REQUEST_HEAD)).not.toBe(NO_BUFFER);
    expect(rig.granted()).toEqual([]);
  });

  it("lets the more critical newcomer take what those who wait may not have (rule B3)", () => {
    rig = new WaitRig({ limitCount: 8, reserveCount: 3 });
    const taken = rig.fill(3);
    waiters([1, REQUEST_HEAD]);
    rig.open(2);
    expect(rig.ask(2, REQUEST_BODY)).not.toBe(NO_BUFFER);
    rig.open(3);
    expect(rig.ask(3, REQUEST_BODY)).toBe(NO_BUFFER);
    rig.open(4);
    expect(rig.ask(4, RESPONSE)).not.toBe(NO_BUFFER);
    expect(rig.pool.freeCount).toBe(1);
    expect(taken.slice(0, 4).map((buffer) => wokenOneByOne([buffer]))).toEqual([[], [3], [], [1]]);
  });
});

describe("how many are woken", () => {
  it("is as many as were freed, never all (rule B6, C12)", () => {
    const taken = rig.fill();
    waiters(...[1, 2, 3, 4, 5, 6].map((fd) => [fd, REQUEST_HEAD] as const));
    rig.buffers.release(taken[0]);
    expect([rig.granted(), rig.buffers.waiting, rig.buffers.granted]).toEqual([[1], 5, 1]);
    rig.buffers.release(taken[1]);
    rig.buffers.release(taken[2]);
    expect([rig.granted(), rig.activity.bufferGranted]).toEqual([[1, 2, 3], 3]);
  });

  it("is nobody while what is free is kept for others (rule B3)", () => {
    rig = new WaitRig({ limitCount: 8, reserveCount: 4 });
    const taken = rig.fill(0);
    waiters([1, REQUEST_HEAD]);
    expect(wokenOneByOne(taken.slice(0, 4))).toEqual([]);
    expect(wokenOneByOne(taken.slice(4, 5))).toEqual([1]);
  });

  it("does not count a promised buffer twice", () => {
    const taken = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.buffers.release(taken[0]);
    // The pool's spare ones were lent and come back: 1 still holds its grant.
    expect(rig.pool.canTake(REQUEST_HEAD, false, rig.buffers.granted)).toBe(false);
    expect(rig.granted()).toEqual([1]);
  });
});

describe("a grant", () => {
  it("is leave to take one buffer, not a buffer; taking it ends it (rule B5)", () => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD]);
    rig.buffers.release(buffer);
    expect([rig.pool.freeCount, rig.buffers.granted, rig.table.queue.has(1)]).toEqual([1, 1, true]);
    expect(rig.ask(1)).toBe(buffer);
    expect([rig.pool.freeCount, rig.buffers.granted, rig.granted()]).toEqual([0, 0, []]);
    expect(rig.ask(1)).toBe(NO_BUFFER);
  });

  it("that its owner does not use in its turn goes to the next (rule B5)", () => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.buffers.release(buffer);
    rig.table.stopSend(1);
    rig.table.stopSend(2);
    // The pass runs 1, which does nothing, and in the same pass 2, which takes it.
    const ran = rig.pass((fd) => fd === 2 && expect(rig.ask(2)).toBe(buffer));
    expect(ran).toEqual([1, 2]);
    expect([rig.activity.bufferGrantsReturned, rig.buffers.granted, rig.pool.freeCount]).toEqual([1, 0, 0]);
  });

  it.each<[string, (rig: WaitRig) => void]>([
    ["stops", (rig) => rig.table.stopRecv(1)],
    ["closes", (rig) => rig.table.remove(1)],
  ])("of an owner that %s goes to the next (rule B5, C6)", (_how, leave) => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.buffers.release(buffer);
    expect(rig.granted()).toEqual([1]);
    leave(rig);
    expect([rig.granted(), rig.buffers.granted, rig.buffers.waiting]).toEqual([[2], 1, 0]);
  });

  it("that nobody can use is free for whoever comes", () => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD]);
    rig.buffers.release(buffer);
    rig.table.remove(1);
    expect(rig.buffers.granted).toBe(0);
    rig.open(2);
    expect(rig.ask(2)).toBe(buffer);
  });

  it("of an owner whose readiness went away meanwhile goes to the next at once (rule B5)", () => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.table.cantRecv(1);
    rig.buffers.release(buffer);
    expect([rig.granted(), rig.buffers.granted]).toEqual([[2], 1]);
  });

  it("asked for something less critical than it waited for, and refused, wakes who may have it (rule B5)", () => {
    rig = new WaitRig({ limitCount: 8, reserveCount: 2 });
    const taken = rig.fill(0);
    waiters([1, RESPONSE], [2, RESPONSE]);
    rig.buffers.release(taken[0]);
    expect(rig.granted()).toEqual([1]);
    expect(rig.ask(1, REQUEST_HEAD)).toBe(NO_BUFFER);
    expect([rig.granted(), rig.buffers.granted, rig.buffers.waiting]).toEqual([[2], 1, 1]);
  });

  it("survives a second wake-up of the task or fd for another reason (C4)", () => {
    const [buffer] = rig.fill();
    waiters([1, REQUEST_HEAD]);
    rig.buffers.release(buffer);
    rig.table.mayRecv(1);
    rig.table.mayHangup(1);
    rig.table.wantSend(1);
    expect([rig.granted(), rig.ask(1)]).toEqual([[1], buffer]);
  });
});

describe("who leaves", () => {
  it.each<[string, number]>([["first", 1], ["in the middle", 2], ["last", 3]])(
    "%s in line leaves the others in order; nobody wakes the one that left (C6, I14, C14)",
    (_where, leaver) => {
      for (const how of ["stop", "close"]) {
        rig = new WaitRig();
        const taken = rig.fill();
        waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD], [3, REQUEST_HEAD]);
        if (how === "stop") rig.table.stopRecv(leaver);
        else rig.table.remove(leaver);
        expect(rig.buffers.waiting).toBe(2);
        expect(wokenOneByOne(taken.slice(0, 3))).toEqual([1, 2, 3].filter((fd) => fd !== leaver));
      }
    },
  );

  it("and comes again waits at the end", () => {
    const taken = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.table.stopRecv(1);
    rig.table.wantRecv(1);
    expect(rig.ask(1)).toBe(NO_BUFFER);
    expect(wokenOneByOne(taken.slice(0, 2))).toEqual([2, 1]);
  });

  it("leaves its number's next owner outside (C5)", () => {
    const taken = rig.fill();
    waiters([1, REQUEST_HEAD], [2, REQUEST_HEAD]);
    rig.table.remove(1);
    rig.open(1);
    expect([rig.buffers.waiting, rig.table.isParked(1, RECV)]).toEqual([1, false]);
    expect(wokenOneByOne(taken.slice(0, 2))).toEqual([2]);
  });
});

describe("who releases", () => {
  it("while it waits itself may be the one that is woken, and keeps that over its turn (rule B7, C18)", () => {
    const taken = rig.fill();
    rig.open(1);
    rig.table.stopSend(1);
    waiters([2, REQUEST_HEAD]);
    const woken: number[][] = [];
    rig.table.stopSend(2);
    rig.pass((fd) => {
      // In its turn: asks for its one side and has to wait, then gives back what its other side held.
      if (fd !== 1) return;
      expect(rig.ask(1, RESPONSE)).toBe(NO_BUFFER);
      rig.buffers.release(taken[0]);
      woken.push(rig.granted());
    });
    expect([woken, rig.granted()]).toEqual([[[1]], [1]]);
    rig.pass((fd) => expect([fd, rig.ask(fd, RESPONSE)]).toEqual([1, taken[0]]));
  });
});
