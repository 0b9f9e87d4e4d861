/**
 * A naive fd table: a set of named bits a direction, lists searched from end to end. What the real one does with typed arrays,
 * flags and links must come out the same.
 *
 * @module
 */
import { Direction, FdState } from "../../../src/event/fd_state.ts";
import type { Verb } from "./verbs.ts";

interface DirectionModel {
  active: boolean;
  ready: boolean;
  polled: boolean;
  parked: boolean;
  granted: boolean;
}

function newDirection(isReady: boolean): DirectionModel {
  return { active: false, ready: isReady, polled: false, parked: false, granted: false };
}

class FdModel {
  generation = 0;
  isOpen = false;
  receive = newDirection(false);
  send = newDirection(false);
  hasRun = false;

  get directions(): DirectionModel[] {
    return [this.receive, this.send];
  }

  of(direction: number): DirectionModel {
    return direction === Direction.RECV ? this.receive : this.send;
  }

  get isRunnable(): boolean {
    return this.directions.some(({ active, ready, parked }) => active && ready && !parked);
  }

  needsUpdate(unpolls: boolean): boolean {
    return this.directions.some(({ active, ready, polled, parked }) =>
      (active && !ready && !polled) || (unpolls && polled && (!active || (ready && parked)))
    );
  }

  get state(): number {
    const { receive: r, send: w } = this;
    return (r.active ? FdState.ACTIVE_R : 0) | (r.ready ? FdState.READY_R : 0) |
      (r.polled ? FdState.POLLED_R : 0) | (w.active ? FdState.ACTIVE_W : 0) |
      (w.ready ? FdState.READY_W : 0) | (w.polled ? FdState.POLLED_W : 0);
  }

  get readyDirections(): number {
    const can = ({ active, ready, parked }: DirectionModel) => active && ready && !parked;
    return (can(this.receive) ? Direction.RECV : 0) | (can(this.send) ? Direction.SEND : 0);
  }
}

/** See the module's text. Verbs on fds that are closed are the test's to avoid. */
export class TableModel {
  readonly fds: FdModel[];
  readonly unpolls: boolean;
  /** In order of entry; `isNext` of those that ran in this pass. */
  queue: { readonly fd: number; isNext: boolean }[] = [];
  updates: number[] = [];
  counters = { updatesRequested: 0, updatesQueued: 0, cacheEnter: 0, cacheLeave: 0 };
  /** What the keeper of waiters must have been told. */
  told: string[] = [];

  constructor(capacity: number, unpolls: boolean) {
    this.fds = Array.from({ length: capacity }, () => new FdModel());
    this.unpolls = unpolls;
  }

  insert(fd: number, isSpeculative: boolean): void {
    const model = this.fds[fd];
    model.isOpen = true;
    model.hasRun = false;
    model.receive = newDirection(isSpeculative);
    model.send = newDirection(isSpeculative);
  }

  remove(fd: number): void {
    const model = this.fds[fd];
    this.#leaveParking(fd, Direction.RECV);
    this.#leaveParking(fd, Direction.SEND);
    this.#leaveQueue(fd);
    model.isOpen = false;
    model.generation++;
    model.receive = newDirection(false);
    model.send = newDirection(false);
  }

  say(fd: number, direction: number, verb: Verb): void {
    const model = this.fds[fd];
    const side = model.of(direction);
    const before = `${side.active} ${side.ready}`;
    if (verb === "stop") this.#leaveParking(fd, direction);
    if (verb === "want" || verb === "stop") side.active = verb === "want";
    else side.ready = verb === "may";
    if (before === `${side.active} ${side.ready}`) return;
    this.#settleQueue(fd);
    this.#requestUpdate(fd);
  }

  park(fd: number, direction: number): void {
    this.fds[fd].of(direction).parked = true;
    this.#settleQueue(fd, true);
    if (this.unpolls) this.#requestUpdate(fd);
  }

  unpark(fd: number, direction: number): void {
    const side = this.fds[fd].of(direction);
    side.parked = false;
    if (!side.active || !side.ready) {
      this.told.push(`return ${fd} ${direction}`);
      return;
    }
    side.granted = true;
    this.#settleQueue(fd);
  }

  takeGrant(fd: number, direction: number): boolean {
    const side = this.fds[fd].of(direction);
    const { granted } = side;
    side.granted = false;
    return granted;
  }

  /** What a poller does with the list; the oneshot flavour is left to the simulations. */
  drain(isEdge: boolean): void {
    for (const fd of this.updates) {
      if (!this.fds[fd].isOpen) continue;
      for (const side of this.fds[fd].directions) {
        const isWanted = side.active && !(side.ready && side.parked);
        side.polled = isEdge || (isWanted && (!side.ready || side.polled));
      }
    }
    this.updates = [];
  }

  beginPass(): void {
    for (const model of this.fds) model.hasRun = false;
    this.queue = [
      ...this.queue.filter(({ isNext }) => !isNext),
      ...this.queue.filter(({ isNext }) => isNext),
    ];
    for (const entry of this.queue) entry.isNext = false;
  }

  /** The fd that runs next in this pass, or -1. */
  pop(): number {
    const at = this.queue.findIndex(({ isNext }) => !isNext);
    if (at < 0) return -1;
    const [{ fd }] = this.queue.splice(at, 1);
    this.fds[fd].hasRun = true;
    return fd;
  }

  isQueued(fd: number): boolean {
    return this.queue.some((entry) => entry.fd === fd);
  }

  requeue(fd: number): void {
    if (this.isQueued(fd)) return;
    for (const direction of [Direction.RECV, Direction.SEND]) {
      if (this.takeGrant(fd, direction)) this.told.push(`return ${fd} ${direction}`);
    }
    this.#settleQueue(fd);
  }

  #requestUpdate(fd: number): void {
    if (!this.fds[fd].needsUpdate(this.unpolls)) return;
    this.counters.updatesRequested++;
    if (this.updates.includes(fd)) return;
    this.counters.updatesQueued++;
    this.updates.push(fd);
  }

  #settleQueue(fd: number, onlyLeaves = false): void {
    const model = this.fds[fd];
    if (!model.isRunnable) this.#leaveQueue(fd);
    else if (!this.isQueued(fd) && !onlyLeaves) {
      this.counters.cacheEnter++;
      this.queue.push({ fd, isNext: model.hasRun });
    }
  }

  #leaveQueue(fd: number): void {
    if (!this.isQueued(fd)) return;
    this.counters.cacheLeave++;
    this.queue = this.queue.filter((entry) => entry.fd !== fd);
  }

  #leaveParking(fd: number, direction: number): void {
    const side = this.fds[fd].of(direction);
    if (side.parked) {
      side.parked = false;
      this.told.push(`leave ${fd} ${direction}`);
    }
    if (this.takeGrant(fd, direction)) this.told.push(`return ${fd} ${direction}`);
  }
}
