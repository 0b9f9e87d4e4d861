/**
 * Bells between simulated worlds: each is an fd of one of them, with a number that no other world has.
 *
 * @module
 */
import { FdState } from "../../../src/event/fd_state.ts";
import type { Bells } from "../../../src/event/poller.ts";

/** Something that another world rings. */
export class SimBell {
  isRung = false;
  onRing: () => void = () => {};

  /** As a poller tells it of sockets. */
  get readiness(): number {
    return this.isRung ? FdState.READY_R : 0;
  }

  /** It hangs for good. */
  close(_isReset: boolean): void {}
}

/** Who has the fd of a bell. */
interface BellTower {
  /** Gives the slot `fd` to a bell. */
  hang(fd: number, bell: SimBell): void;
}

/** All bells. */
export class SimBells {
  readonly #bells = new Map<number, SimBell>();

  /** Those of a world, as its poller has them: a bell is one of the last of `fdCapacity` slots. */
  of(tower: BellTower, fdCapacity: number): Bells {
    return {
      open: () => {
        const fd = fdCapacity - 1 - this.#bells.size;
        const bell = new SimBell();
        this.#bells.set(fd, bell);
        tower.hang(fd, bell);
        return fd;
      },
      ring: (fd) => {
        const bell = this.#bells.get(fd)!;
        bell.isRung = true;
        bell.onRing();
      },
      answer: (fd) => {
        this.#bells.get(fd)!.isRung = false;
      },
    };
  }
}
