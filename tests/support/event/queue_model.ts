/** A naive I/O queue: arrays searched from end to end, and the loop's way of running a pass over a queue. @module */
import { HEAVY_CALLS_MAX, type IoQueue } from "../../../src/event/io_queue.ts";

/** The shares of io_queue.ts, by class. */
export const WEIGHTS: readonly number[] = [128, 64, 60, 4, 1];
const URGENT = 0;
const HEAVY = 4;

interface Entry {
  readonly fd: number;
  readonly ioClass: number;
  /** Came back after it ran in this pass: waits for the next one. */
  isNext: boolean;
}

/** See the module's text: the same operations, one line of thought each. */
export class QueueModel {
  /** In order of entry. */
  entries: Entry[] = [];
  readonly #ran = new Set<number>();
  #quotas = WEIGHTS.map(() => 0);
  #heavyLeft = HEAVY_CALLS_MAX;

  has(fd: number): boolean {
    return this.entries.some((entry) => entry.fd === fd);
  }

  enter(fd: number, ioClass: number): void {
    this.entries.push({ fd, ioClass, isNext: this.#ran.has(fd) });
  }

  leave(fd: number): void {
    this.entries = this.entries.filter((entry) => entry.fd !== fd);
  }

  forget(fd: number): void {
    this.#ran.delete(fd);
  }

  beginPass(): void {
    this.#ran.clear();
    this.#heavyLeft = HEAVY_CALLS_MAX;
    // Who waited from the pass before comes before who came back during it.
    this.entries = [
      ...this.entries.filter(({ isNext }) => !isNext),
      ...this.entries.filter(({ isNext }) => isNext),
    ];
    for (const entry of this.entries) entry.isNext = false;
  }

  dealQuotas(budget: number): number {
    const hasWork = WEIGHTS.map((_, ioClass) =>
      this.#first(ioClass) !== undefined && (ioClass !== HEAVY || this.#heavyLeft > 0)
    );
    const sum = WEIGHTS.reduce((total, weight, ioClass) => total + (hasWork[ioClass] ? weight : 0), 0);
    this.#quotas = WEIGHTS.map((weight, ioClass) => {
      if (!hasWork[ioClass]) return 0;
      const share = ioClass === URGENT ? budget : Math.max(1, Math.floor(budget * weight / sum));
      return ioClass === HEAVY ? Math.min(share, this.#heavyLeft) : share;
    });
    return hasWork.filter(Boolean).length;
  }

  pop(): number {
    for (let ioClass = 0; ioClass < WEIGHTS.length; ioClass++) {
      const entry = this.#first(ioClass);
      if (entry === undefined || this.#quotas[ioClass] === 0) continue;
      this.#quotas[ioClass]--;
      if (ioClass === HEAVY) this.#heavyLeft--;
      this.leave(entry.fd);
      this.#ran.add(entry.fd);
      return entry.fd;
    }
    return -1;
  }

  #first(ioClass: number): Entry | undefined {
    return this.entries.find((entry) => entry.ioClass === ioClass && !entry.isNext);
  }
}

/** One pass as the loop makes it: rounds of quotas until the budget is spent. Returns the fds in the order in which they ran. */
export function runPass(
  queue: IoQueue | QueueModel,
  budget: number,
  onIo: (fd: number) => void = () => {},
): number[] {
  const ran: number[] = [];
  queue.beginPass();
  let left = budget;
  while (left > 0 && queue.dealQuotas(left) > 0) {
    for (let fd = queue.pop(); fd >= 0; fd = queue.pop()) {
      ran.push(fd);
      onIo(fd);
      if (--left === 0) break;
    }
  }
  return ran;
}
