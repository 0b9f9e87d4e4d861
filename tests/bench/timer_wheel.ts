/**
 * A hierarchical timer wheel with the interface of `src/event/timer_queue.ts`, to be measured against its heap.
 *
 *     level 0   256 slots of 1 ms     the rest of the 256 ms in which now is
 *     level 1   256 slots of 256 ms   the rest of the 65.5 s
 *     level 2   256 slots of 65.5 s   the rest of the 4.7 h
 *     level 3   256 slots of 4.7 h    the rest of the 49.7 days
 *     beyond    one list, looked at when the 49.7 days are over
 *
 * The level of a tick is that of the highest byte in which it differs from now. So a slot never wraps, whatever is in a
 * lower level comes first, and a slot whose time begins is dealt out to the levels below it (at most four times a timer).
 * Re-arming is lazy as in the heap: a timer whose deadline is not before its slot stays there until that comes up.
 * A timer fires at the first `expire` of the millisecond that follows its deadline: never early, at most 1 ms late.
 *
 * Slots are rings: the links of nodes 0 to 1,024 are the slots' own, those of the timers follow. Bits say what is not empty.
 *
 * @module
 */
import { assert } from "../../src/base/assert.ts";

const NEVER_MS = Infinity;
const LEVEL_BITS = 8;
const LEVEL_SLOTS = 1 << LEVEL_BITS;
const LEVEL_WORDS = LEVEL_SLOTS >> 5;
const LEVELS = 4;
const ERA_TICKS = 2 ** (LEVEL_BITS * LEVELS);
const SLOT_BEYOND = LEVELS * LEVEL_SLOTS;
const SLOTS = SLOT_BEYOND + 1;

/** See the module's text. Timers are numbers from 0; released ones are given out again. */
export class TimerWheel {
  /** Of each timer: the deadline, and the tick at which its slot begins (Infinity when it is in none). */
  #times = new Float64Array(2 * 64).fill(NEVER_MS);
  /** Of each node: the next and the previous one. */
  #links = new Int32Array(2 * (SLOTS + 64));
  readonly #words = new Int32Array((LEVELS + 1) * LEVEL_WORDS);
  readonly #wordMasks = new Int32Array(LEVELS + 1);
  #levelMask = 0;
  /** Everything before this tick was looked at. */
  #nowTick = 0;
  #eraEndTick = ERA_TICKS;
  readonly #released: number[] = [];
  #createdCount = 0;

  constructor() {
    for (let slot = 0; slot < SLOTS; slot++) this.#links[2 * slot] = this.#links[2 * slot + 1] = slot;
  }

  /** Makes a timer that is not armed. */
  create(): number {
    const timer = this.#released.pop() ?? this.#createdCount++;
    if (2 * timer >= this.#times.length) this.#grow();
    this.#times[2 * timer] = this.#times[2 * timer + 1] = NEVER_MS;
    return timer;
  }

  /** Ends a timer; its number may be given out again. */
  release(timer: number): void {
    if (this.#times[2 * timer + 1] !== NEVER_MS) this.#unlink(timer);
    this.#times[2 * timer] = NEVER_MS;
    this.#released.push(timer);
  }

  /** Sets the deadline, monotonic milliseconds, finite. */
  arm(timer: number, deadlineMs: number): void {
    assert(Number.isFinite(deadlineMs), "a deadline is finite");
    this.#times[2 * timer] = deadlineMs;
    const place = this.#times[2 * timer + 1];
    if (deadlineMs > place - 1) return;
    if (place !== NEVER_MS) this.#unlink(timer);
    this.#link(timer, deadlineMs);
  }

  cancel(timer: number): void {
    this.#times[2 * timer] = NEVER_MS;
  }

  /** When to look next: the beginning of the earliest slot that is not empty; Infinity when all are. */
  nextDeadlineMs(): number {
    return this.#levelMask === 0 ? Infinity : this.#beginTick(this.#firstSlot());
  }

  /** Writes the timers that are due to `expired`, at most `countMax`, and disarms them; returns how many. */
  expire(nowMs: number, countMax: number, expired: Int32Array): number {
    const nowTick = Math.floor(nowMs);
    let count = 0;
    while (this.#levelMask !== 0) {
      const slot = this.#firstSlot();
      const beginTick = this.#beginTick(slot);
      if (beginTick > nowTick) break;
      this.#advance(beginTick);
      // A timer of the list beyond may go to its end again: the last of now is the last.
      const last = this.#links[2 * slot + 1];
      for (let node = -1; node !== last;) {
        // Dealing out is never left half done: now is in that slot, and what is below it would come first.
        if (slot < LEVEL_SLOTS && count === countMax) return count;
        node = this.#links[2 * slot];
        const timer = node - SLOTS;
        const deadlineMs = this.#times[2 * timer];
        this.#unlink(timer);
        if (deadlineMs === NEVER_MS) continue;
        if (slot >= LEVEL_SLOTS || deadlineMs > nowMs) {
          this.#link(timer, deadlineMs);
        } else {
          this.#times[2 * timer] = NEVER_MS;
          expired[count++] = timer;
        }
      }
    }
    this.#advance(nowTick);
    return count;
  }

  #advance(tick: number): void {
    if (tick <= this.#nowTick) return;
    this.#nowTick = tick;
    if (tick >= this.#eraEndTick) this.#eraEndTick = (Math.floor(tick / ERA_TICKS) + 1) * ERA_TICKS;
  }

  /** Returns the first slot that is not empty; there is one. */
  #firstSlot(): number {
    const level = lowestBit(this.#levelMask);
    const word = level * LEVEL_WORDS + lowestBit(this.#wordMasks[level]);
    return (word << 5) + lowestBit(this.#words[word]);
  }

  /** Returns the tick at which a slot that is not empty begins: every timer in it knows. */
  #beginTick(slot: number): number {
    return this.#times[2 * (this.#links[2 * slot] - SLOTS) + 1];
  }

  /** Puts a timer that is in no slot into the one of its deadline, or of now when that passed. */
  #link(timer: number, deadlineMs: number): void {
    const dueTick = Math.max(Math.ceil(deadlineMs), this.#nowTick);
    let slot = SLOT_BEYOND;
    let beginTick = this.#eraEndTick;
    if (dueTick < this.#eraEndTick) {
      const differing = dueTick ^ this.#nowTick;
      const shift = differing === 0 ? 0 : (31 - Math.clz32(differing)) & ~(LEVEL_BITS - 1);
      slot = (shift << (LEVEL_BITS - 3)) + ((dueTick >>> shift) & (LEVEL_SLOTS - 1));
      beginTick = dueTick - (dueTick & ((1 << shift) - 1));
    }
    this.#times[2 * timer + 1] = beginTick;
    const links = this.#links;
    const node = SLOTS + timer;
    const last = links[2 * slot + 1];
    links[2 * node] = slot;
    links[2 * node + 1] = last;
    links[2 * last] = node;
    links[2 * slot + 1] = node;
    if (last === slot) this.#markFilled(slot);
  }

  #unlink(timer: number): void {
    this.#times[2 * timer + 1] = NEVER_MS;
    const links = this.#links;
    const node = SLOTS + timer;
    const next = links[2 * node];
    const previous = links[2 * node + 1];
    links[2 * previous] = next;
    links[2 * next + 1] = previous;
    if (next === previous) this.#markEmpty(next);
  }

  #markFilled(slot: number): void {
    const level = slot >> LEVEL_BITS;
    const word = slot >> 5;
    this.#words[word] |= 1 << (slot & 31);
    this.#wordMasks[level] |= 1 << (word & (LEVEL_WORDS - 1));
    this.#levelMask |= 1 << level;
  }

  #markEmpty(slot: number): void {
    const level = slot >> LEVEL_BITS;
    const word = slot >> 5;
    this.#words[word] &= ~(1 << (slot & 31));
    if (this.#words[word] !== 0) return;
    this.#wordMasks[level] &= ~(1 << (word & (LEVEL_WORDS - 1)));
    if (this.#wordMasks[level] === 0) this.#levelMask &= ~(1 << level);
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2).fill(NEVER_MS);
    times.set(this.#times);
    const links = new Int32Array(2 * SLOTS + times.length);
    links.set(this.#links);
    this.#times = times;
    this.#links = links;
  }
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
