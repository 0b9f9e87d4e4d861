/**
 * What threads share about the health of servers: integers in shared memory.
 *
 *     per thread   BEAT                                   changes while the thread lives
 *     per server   STATE     health_state.ts, packed      changed by compare-and-exchange, by any thread
 *                  OWNER     the thread that checks it, from 1; 0: none yet
 *                  REASON, DETAIL, COUNT                  why it is as it is: health_reason.ts
 *                  ERRORS    of traffic in a row, all threads together
 *                  HURRY     changes when a check is wanted soon
 *                  MEMBER    of a slot of a template: the version of what has it (net/name_source.ts), whose health this is
 *
 * One thread checks a server and all see the result. Its owner keeps a server for as long as it beats; a beat that does not change
 * for TAKEOVER_MS, by the clock of whoever looks, belongs to a thread that died or hangs, and its servers are anybody's. Reason and
 * state are two writes: two threads that decide about one server within microseconds may show the reason of the other.
 *
 * All 0 is the start. With one thread these are plain integers.
 *
 * May import: proxy/health.
 *
 * @module
 */
import { type HealthRules, initialState, nextState } from "./health_state.ts";

/** A beat that stands still for so long is a dead thread's. */
export const TAKEOVER_MS = 2_000;

const Cell = { STATE: 0, OWNER: 1, REASON: 2, DETAIL: 3, COUNT: 4, ERRORS: 5, HURRY: 6, MEMBER: 7 } as const;
const CELLS_PER_SERVER = 8;

/** See the module's text. Servers are numbers from 0, over all backends in the order of the configuration. */
export class HealthCells {
  readonly threadCount: number;
  readonly #cells: Int32Array;
  readonly #thread: number;
  /** What each thread's beat was when it was last seen to change, and when that was. */
  readonly #beats: Int32Array;
  readonly #beatMs: Float64Array;

  /** @param thread This one's number, from 0. */
  constructor(cells: Int32Array, threadCount: number, thread: number) {
    this.#cells = cells;
    this.threadCount = threadCount;
    this.#thread = thread;
    this.#beats = new Int32Array(threadCount);
    this.#beatMs = new Float64Array(threadCount).fill(-Infinity);
  }

  /** Cells of a process with one thread. */
  static ofOneThread(serverCount: number): HealthCells {
    return new HealthCells(new Int32Array(1 + serverCount * CELLS_PER_SERVER), 1, 0);
  }

  /** Bytes that `threadCount` threads share. */
  static sharedBytes(serverCount: number, threadCount: number): number {
    return (threadCount + serverCount * CELLS_PER_SERVER) * Int32Array.BYTES_PER_ELEMENT;
  }

  get isShared(): boolean {
    return this.threadCount > 1;
  }

  /** Which thread checks a server when all are well. */
  prefers(server: number): boolean {
    return server % this.threadCount === this.#thread;
  }

  /** This thread lives, and looks who else does. */
  beat(nowMs: number): void {
    Atomics.add(this.#cells, this.#thread, 1);
    for (let thread = 0; thread < this.threadCount; thread++) {
      const beat = Atomics.load(this.#cells, thread);
      if (beat === this.#beats[thread] && this.#beatMs[thread] !== -Infinity) continue;
      this.#beats[thread] = beat;
      this.#beatMs[thread] = nowMs;
    }
  }

  owns(server: number): boolean {
    return this.#load(server, Cell.OWNER) === this.#thread + 1;
  }

  /** Makes this thread the owner, if there is none that lives; returns whether it is the owner now. */
  claim(server: number, nowMs: number): boolean {
    const owner = this.#load(server, Cell.OWNER);
    if (owner === this.#thread + 1) return true;
    // A server without an owner waits for the thread that is to have it, which may still be starting.
    const waitsFor = owner === 0 ? server % this.threadCount : owner - 1;
    const isAlive = nowMs - this.#beatMs[waitsFor]! < TAKEOVER_MS;
    if (isAlive && !(owner === 0 && this.prefers(server))) return false;
    const at = this.#at(server, Cell.OWNER);
    return Atomics.compareExchange(this.#cells, at, owner, this.#thread + 1) === owner;
  }

  /** The packed state; at first that of the start. */
  state(server: number, rules: HealthRules): number {
    return this.#load(server, Cell.STATE) || initialState(rules);
  }

  /** Lets an event of health_state.ts happen; returns the state before it. */
  apply(server: number, event: number, rules: HealthRules): number {
    const at = this.#at(server, Cell.STATE);
    for (;;) {
      const stored = Atomics.load(this.#cells, at);
      const before = stored || initialState(rules);
      const after = nextState(before, event, rules);
      if (Atomics.compareExchange(this.#cells, at, stored, after) === stored) return before;
    }
  }

  setReason(server: number, reason: number, detail: number, count: number): void {
    this.#store(server, Cell.REASON, reason);
    this.#store(server, Cell.DETAIL, detail);
    this.#store(server, Cell.COUNT, count);
  }

  reason(server: number): number {
    return this.#load(server, Cell.REASON);
  }

  reasonDetail(server: number): number {
    return this.#load(server, Cell.DETAIL);
  }

  reasonCount(server: number): number {
    return this.#load(server, Cell.COUNT);
  }

  /** Counts an error of traffic; returns how many there were in a row. */
  addError(server: number): number {
    return Atomics.add(this.#cells, this.#at(server, Cell.ERRORS), 1) + 1;
  }

  clearErrors(server: number): void {
    if (this.#load(server, Cell.ERRORS) !== 0) this.#store(server, Cell.ERRORS, 0);
  }

  /** Asks the owner for a check soon. */
  hurry(server: number): void {
    Atomics.add(this.#cells, this.#at(server, Cell.HURRY), 1);
  }

  /** Changes when a check is wanted soon. */
  hurryCount(server: number): number {
    return this.#load(server, Cell.HURRY);
  }

  /** Whether the health is that of the member with this version. */
  isOf(server: number, version: number): boolean {
    return this.#load(server, Cell.MEMBER) === version;
  }

  /** A slot has another member: the first thread that says so begins its health anew. */
  renew(server: number, version: number): void {
    const at = this.#at(server, Cell.MEMBER);
    for (;;) {
      const known = Atomics.load(this.#cells, at);
      if (known >= version) return;
      if (Atomics.compareExchange(this.#cells, at, known, version) === known) break;
    }
    this.setReason(server, 0, 0, 0);
    this.#store(server, Cell.ERRORS, 0);
    this.#store(server, Cell.STATE, 0);
  }

  #at(server: number, cell: number): number {
    return this.threadCount + server * CELLS_PER_SERVER + cell;
  }

  #load(server: number, cell: number): number {
    return Atomics.load(this.#cells, this.#at(server, cell));
  }

  #store(server: number, cell: number, value: number): void {
    Atomics.store(this.#cells, this.#at(server, cell), value);
  }
}
