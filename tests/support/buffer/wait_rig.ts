/** A buffer pool, its waiters and an fd table, run by hand: who has a turn does what the test says. @module */
import { type Activity, newActivity } from "../../../src/event/activity.ts";
import { Direction, FdFlag } from "../../../src/event/fd_state.ts";
import { FdTable } from "../../../src/event/fd_table.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { BufferWait } from "../../../src/buffer/buffer_wait.ts";
import { Criticality } from "../../../src/buffer/criticality.ts";
import { BufferPool } from "../../../src/buffer/pool.ts";
import { runPass } from "../event/queue_model.ts";

const { RECV, SEND } = Direction;

export interface WaitRigOptions {
  readonly limitCount?: number;
  readonly reserveCount?: number;
  readonly priorityReserveCount?: number;
  readonly capacity?: number;
}

/** See the module's text. Every fd opened wants both ways and is ready both ways. */
export class WaitRig {
  readonly activity: Activity = newActivity();
  readonly table: FdTable;
  readonly pool: BufferPool;
  readonly buffers: BufferWait;

  constructor(options: WaitRigOptions = {}) {
    this.table = new FdTable(options.capacity ?? 32, this.activity);
    this.pool = new BufferPool({
      limitCount: options.limitCount ?? 8,
      reserveCount: options.reserveCount ?? 0,
      priorityReserveCount: options.priorityReserveCount ?? 0,
    });
    this.buffers = new BufferWait(this.pool, this.table, this.activity);
  }

  open(fd: number, ioClass: number = IoClass.NORMAL): number {
    this.table.insert(fd, { onIo: () => {} }, ioClass, true);
    this.table.wantRecv(fd);
    this.table.wantSend(fd);
    return fd;
  }

  /** Takes buffers until `freeCount` are left, by nobody who could wait. */
  fill(freeCount = 0): number[] {
    const taken: number[] = [];
    while (this.pool.freeCount > freeCount) taken.push(this.pool.take(Criticality.TRANSMIT, true));
    return taken;
  }

  /** Asks for a new request's buffer, unless told otherwise. */
  ask(fd: number, criticality: number = Criticality.REQUEST_HEAD, direction: number = RECV): number {
    return this.buffers.acquire(fd, direction, criticality);
  }

  /** The fds that hold a grant, in the order of their numbers. */
  granted(direction: number = RECV): number[] {
    const fds: number[] = [];
    for (let fd = 0; fd < this.table.capacity; fd++) {
      if (this.hasGrant(fd, direction)) fds.push(fd);
    }
    return fds;
  }

  hasGrant(fd: number, direction: number): boolean {
    return this.table.isOpen(fd) &&
      (this.table.flags(fd) & (direction === SEND ? FdFlag.GRANTED_W : FdFlag.GRANTED_R)) !== 0;
  }

  /** One pass of the loop: each queued fd's turn is `onTurn`. Returns who had one. */
  pass(onTurn: (fd: number) => void = () => {}): number[] {
    return runPass(this.table.queue, 200, (fd) => {
      const generation = this.table.generation(fd);
      onTurn(fd);
      if (this.table.generation(fd) === generation) this.table.requeue(fd);
    });
  }
}
