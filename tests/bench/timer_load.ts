/**
 * What a proxy does to a timer queue, in simulated time: connections, requests, turns.
 *
 *     a turn   32 requests of connections chosen at random, then expire and nextDeadlineMs, 0.98 ms after the last one
 *     idle     every eighth connection never has a request: it expires, and a new one takes its place
 *
 * @module
 */
import process from "node:process";
import type { TimerQueue } from "../../src/event/timer_queue.ts";

export type AnyTimerQueue = Pick<TimerQueue, keyof TimerQueue>;

const REQUESTS_PER_TURN = 32;
/** 32,768 requests per second. */
const TURN_MS = 1_000 / 1_024;
/** hadro's defaults. */
const TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
const EXPIRED_COUNT_MAX = 200;
const IDLE_SHARE = 1 / 8;

/** What a request does, and how many there are; see {@linkcode LOADS}. */
export interface Load {
  readonly name: string;
  /** What the cost is divided by. */
  readonly per: "request" | "turn" | "expiry";
  readonly hasRequests: boolean;
  /** Of 1,024 requests, those that are the first of a connection: the one before is released. */
  readonly connectionShare: number;
  /** Armed to the timeout of a request head first, and cancelled: the timer moves earlier, when it was further away. */
  readonly hasRequestTimeout: boolean;
  /** How often a request arms the timer to the long timeout. */
  readonly laterCount: number;
  /** Simulated time from turn to turn. */
  readonly turnMs: (connectionCount: number) => number;
  readonly turns: number;
}

const BUSY = {
  per: "request",
  hasRequests: true,
  connectionShare: 0,
  hasRequestTimeout: false,
  laterCount: 2,
  turnMs: () => TURN_MS,
  turns: 30 * 1_024,
} as const satisfies Omit<Load, "name">;

const QUIET = { ...BUSY, hasRequests: false, laterCount: 0 } as const;

/** The whole mix, and its parts alone. */
export const LOADS: readonly Load[] = [
  { ...BUSY, name: "mix: keep-alive, 100 requests a connection", connectionShare: 10 },
  {
    ...BUSY,
    name: "mix: the same, a 10 s timeout before each",
    connectionShare: 10,
    hasRequestTimeout: true,
  },
  { ...BUSY, name: "mix: a connection for each request", connectionShare: 1_024 },
  { ...BUSY, name: "part: re-arm later", laterCount: 1 },
  { ...BUSY, name: "part: release, create, arm", connectionShare: 1_024, laterCount: 0 },
  { ...QUIET, name: "part: a turn with nothing due", per: "turn", turnMs: () => 1e-6, turns: 1_000_000 },
  {
    ...QUIET,
    name: "part: expire, release, create, arm",
    per: "expiry",
    turnMs: (connectionCount) => 32 * TIMEOUT_MS / connectionCount,
  },
];

/** A queue under one load. Timers are connections: a released number is given out again at once. */
export class LoadedQueue {
  readonly #queue: AnyTimerQueue;
  readonly #load: Load;
  readonly #connectionCount: number;
  readonly #idleCount: number;
  readonly #turnMs: number;
  readonly #expired = new Int32Array(EXPIRED_COUNT_MAX);
  #nowMs = 1e6;
  #random = 0x2545f491;
  /** Number of timers that fired. */
  expiredCount = 0;
  /** When the loop would look next. */
  nextMs = 0;

  constructor(queue: AnyTimerQueue, load: Load, connectionCount: number) {
    this.#queue = queue;
    this.#load = load;
    this.#connectionCount = connectionCount;
    this.#idleCount = Math.floor(connectionCount * IDLE_SHARE);
    this.#turnMs = load.turnMs(connectionCount);
    queue.expire(this.#nowMs, 0, this.#expired);
    for (let i = 0; i < connectionCount; i++) {
      queue.arm(queue.create(), this.#nowMs + (1 + this.#below(TIMEOUT_MS)));
    }
  }

  run(turns: number): void {
    for (let turn = 0; turn < turns; turn++) {
      if (this.#load.hasRequests) this.#runRequests();
      this.#endTurn();
    }
  }

  /** Returns the longest end of a turn (expire and nextDeadlineMs), microseconds of CPU time. */
  longestTurnUs(turns: number): number {
    let longestUs = 0;
    for (let turn = 0; turn < turns; turn++) {
      if (this.#load.hasRequests) this.#runRequests();
      const beginUs = cpuUs();
      this.#endTurn();
      longestUs = Math.max(longestUs, cpuUs() - beginUs);
    }
    return longestUs;
  }

  #runRequests(): void {
    const queue = this.#queue;
    const { connectionShare, hasRequestTimeout, laterCount } = this.#load;
    const nowMs = this.#nowMs;
    for (let i = 0; i < REQUESTS_PER_TURN; i++) {
      let timer = this.#idleCount + this.#below(this.#connectionCount - this.#idleCount);
      if ((this.#random & 1_023) < connectionShare) timer = this.#replace(timer);
      if (hasRequestTimeout) {
        queue.arm(timer, nowMs + REQUEST_TIMEOUT_MS);
        queue.cancel(timer);
      }
      for (let k = 0; k < laterCount; k++) queue.arm(timer, nowMs + TIMEOUT_MS);
    }
  }

  #endTurn(): void {
    this.#nowMs += this.#turnMs;
    const count = this.#queue.expire(this.#nowMs, EXPIRED_COUNT_MAX, this.#expired);
    for (let i = 0; i < count; i++) this.#replace(this.#expired[i]);
    this.expiredCount += count;
    this.nextMs = this.#queue.nextDeadlineMs();
  }

  #replace(ended: number): number {
    this.#queue.release(ended);
    const timer = this.#queue.create();
    this.#queue.arm(timer, this.#nowMs + TIMEOUT_MS);
    return timer;
  }

  /** Returns an integer from 0 to below `bound`. */
  #below(bound: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return Math.floor((x >>> 0) / 2 ** 32 * bound);
  }
}

/** Microseconds of CPU time that this process used: other processes do not count. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
