/**
 * The I/O queue: the event cache, ordered by priority. Every fd that is active and ready in some direction, and not
 * parked, is in it exactly once; nothing else is.
 *
 *     class            who                                                               weight
 *     0 urgent         message box, health checks, admin: small by nature                all
 *     1 interactive    prio=high; a listener that is not behind                          64
 *     2 normal         the default                                                       60
 *     3 bulk           moved more than BULK_BYTES without a pause; prio=low              4
 *     4 heavy          TLS handshakes, compression                                       1
 *
 * Each class has two FIFO lists: `now` is what this pass may still run, `next` holds fds that already ran in this pass
 * and came back: so each fd runs at most once a pass, a pass ends, and nobody is overtaken (engine-history I10, I11).
 * What enters for the first time during a pass joins `now` and runs in the same pass while budget lasts (I9).
 * The budget of a pass is dealt in rounds: each round splits what is left by weight among the classes that have work,
 * at least one call each, so an unused share flows to the others and no class starves. But for `heavy`: its calls take so long that
 * a pass has HEAVY_CALLS_MAX of them, whoever else has nothing to do; what came meanwhile is polled before the next ones.
 *
 * Links are typed arrays by fd: entering and leaving are O(1) and allocate nothing.
 *
 * May import: nothing.
 *
 * @module
 */

/** The classes, most urgent first. */
export const IoClass = { URGENT: 0, INTERACTIVE: 1, NORMAL: 2, BULK: 3, HEAVY: 4 } as const;
const IO_CLASS_COUNT = 5;

/** Shares of a round by class; urgent work takes what it needs. */
const IO_CLASS_WEIGHTS: readonly number[] = [128, 64, 60, 4, 1];

/** Handler calls in one pass at most: HAProxy's tune.maxpollevents. */
export const IO_PASS_BUDGET = 200;

/** Heavy calls in one pass at most: about 2 ms of TLS handshakes. */
export const HEAVY_CALLS_MAX = 4;

const NONE = -1;
const NOT_QUEUED = 255;

/** The queue. `run` is what a popped fd is given to. */
export class IoQueue {
  #next: Int32Array;
  #prev: Int32Array;
  /** Which list an fd is in: class * 2 + (1 when in `next`), or NOT_QUEUED. */
  #list: Uint8Array;
  #heads = new Int32Array(IO_CLASS_COUNT * 2).fill(NONE);
  #tails = new Int32Array(IO_CLASS_COUNT * 2).fill(NONE);
  #counts = new Int32Array(IO_CLASS_COUNT * 2);
  /** The pass in which an fd last ran. */
  #ranInPass: Uint32Array;
  #pass = 1;
  #quotas = new Int32Array(IO_CLASS_COUNT);
  /** Heavy calls that this pass may still have. */
  #heavyLeft = HEAVY_CALLS_MAX;
  /** Number of fds queued. */
  size = 0;

  constructor(capacity: number) {
    this.#next = new Int32Array(capacity).fill(NONE);
    this.#prev = new Int32Array(capacity).fill(NONE);
    this.#list = new Uint8Array(capacity).fill(NOT_QUEUED);
    this.#ranInPass = new Uint32Array(capacity);
  }

  has(fd: number): boolean {
    return this.#list[fd] !== NOT_QUEUED;
  }

  /** Appends `fd` to its class; it must not be queued. */
  enter(fd: number, ioClass: number): void {
    const list = ioClass * 2 + (this.#ranInPass[fd] === this.#pass ? 1 : 0);
    const tail = this.#tails[list]!;
    this.#prev[fd] = tail;
    this.#next[fd] = NONE;
    if (tail === NONE) this.#heads[list] = fd;
    else this.#next[tail] = fd;
    this.#tails[list] = fd;
    this.#list[fd] = list;
    this.#counts[list]!++;
    this.size++;
  }

  /** Takes `fd` out wherever it is; it must be queued. */
  leave(fd: number): void {
    const list = this.#list[fd]!;
    const prev = this.#prev[fd]!;
    const next = this.#next[fd]!;
    if (prev === NONE) this.#heads[list] = next;
    else this.#next[prev] = next;
    if (next === NONE) this.#tails[list] = prev;
    else this.#prev[next] = prev;
    this.#list[fd] = NOT_QUEUED;
    this.#counts[list]!--;
    this.size--;
  }

  /** Forgets that `fd` ran: its slot has a new owner. */
  forget(fd: number): void {
    this.#ranInPass[fd] = 0;
  }

  /** Starts a pass: fds that came back during the last one may run again. */
  beginPass(): void {
    this.#pass = (this.#pass + 1) >>> 0 || 1;
    this.#heavyLeft = HEAVY_CALLS_MAX;
    for (let c = 0; c < IO_CLASS_COUNT; c++) {
      if (this.#counts[c * 2 + 1]! > 0) this.#appendNextToNow(c * 2);
    }
  }

  /** Deals `budget` calls among the classes that have work in this pass; returns how many quotas are not 0. */
  dealQuotas(budget: number): number {
    let weightSum = 0;
    for (let c = 0; c < IO_CLASS_COUNT; c++) {
      if (this.#mayRun(c)) weightSum += IO_CLASS_WEIGHTS[c]!;
    }
    let classCount = 0;
    for (let c = 0; c < IO_CLASS_COUNT; c++) {
      if (!this.#mayRun(c)) {
        this.#quotas[c] = 0;
        continue;
      }
      classCount++;
      this.#quotas[c] = c === IoClass.URGENT
        ? budget
        : Math.max(1, Math.floor(budget * IO_CLASS_WEIGHTS[c]! / weightSum));
    }
    if (this.#quotas[IoClass.HEAVY]! > this.#heavyLeft) this.#quotas[IoClass.HEAVY] = this.#heavyLeft;
    return classCount;
  }

  /** Takes the next fd of this round out of the queue and marks it as run; -1 when every quota or list is used up. */
  pop(): number {
    for (let c = 0; c < IO_CLASS_COUNT; c++) {
      if (this.#quotas[c]! <= 0) continue;
      const fd = this.#heads[c * 2]!;
      if (fd === NONE) continue;
      this.#quotas[c]!--;
      if (c === IoClass.HEAVY) this.#heavyLeft--;
      this.leave(fd);
      this.#ranInPass[fd] = this.#pass;
      return fd;
    }
    return NONE;
  }

  #mayRun(ioClass: number): boolean {
    return this.#counts[ioClass * 2]! > 0 && (ioClass !== IoClass.HEAVY || this.#heavyLeft > 0);
  }

  #appendNextToNow(now: number): void {
    const next = now + 1;
    for (let fd = this.#heads[next]!; fd !== NONE; fd = this.#next[fd]!) this.#list[fd] = now;
    const tail = this.#tails[now]!;
    const head = this.#heads[next]!;
    if (tail === NONE) this.#heads[now] = head;
    else {
      this.#next[tail] = head;
      this.#prev[head] = tail;
    }
    this.#tails[now] = this.#tails[next]!;
    this.#counts[now]! += this.#counts[next]!;
    this.#heads[next] = this.#tails[next] = NONE;
    this.#counts[next] = 0;
  }
}
