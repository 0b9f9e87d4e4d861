/**
 * The update list: fds whose polled status may have to change, read by the poller once per turn.
 *
 * An fd is in it at most once (its UPDATED flag), so it never grows past the number of slots. Entries are not removed
 * when an fd closes: the drain computes everything from the state at that moment, which is right for a closed slot
 * (nothing to do) and for the slot's next owner alike.
 *
 * May import: nothing.
 *
 * @module
 */

/** A dense list of fds; `count` of them are waiting. */
export class FdUpdates {
  #fds: Int32Array;
  count = 0;

  constructor(capacity: number) {
    this.#fds = new Int32Array(capacity);
  }

  push(fd: number): void {
    this.#fds[this.count++] = fd;
  }

  /** The fd at `index`, which is below {@linkcode FdUpdates.count}. */
  at(index: number): number {
    return this.#fds[index]!;
  }

  clear(): void {
    this.count = 0;
  }
}
