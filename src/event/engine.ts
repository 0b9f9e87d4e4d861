/**
 * The event engine: one object that owns the fd table, the queues, the tasks and the poller, and turns.
 *
 *          +----------------------------------------------------------------------------------+
 *          |  event cache / I/O queue -> timers -> tasks -> messages -> poller updates -> wait |
 *          +----------------------------------------------------------------------------------+
 *   poller --may recv/send/error--> fd table --ready & active--> I/O queue --by class, bounded--> handler
 *                                      ^                                                            |
 *                                      +--------------- want / stop / cant (EAGAIN) ----------------+
 *
 * The order is that of HAProxy's loop, begun after the wait: fresh readiness is served first, what handlers and tasks
 * change is merged into one pass over the update list, and the poller is asked last.
 *
 * Nothing below knows another engine: everything that changes hangs off this object.
 *
 * May import: base.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { Slab } from "../base/slab.ts";
import { type Activity, newActivity } from "./activity.ts";
import type { Clock } from "./clock.ts";
import { type FdHandler, FdTable } from "./fd_table.ts";
import { IO_PASS_BUDGET } from "./io_queue.ts";
import type { ConnectOptions, Poller, SocketAddress } from "./poller.ts";
import { Scheduler } from "./task.ts";

/** The longest sleep: a lost wake-up costs at most this. */
const WAIT_MS_MAX = 1_000;

/** What makes a poller once the table it reports to exists. */
export type PollerFactory = (table: FdTable, activity: Activity, clock: Clock) => Poller;

/** See the module's text. */
export class Engine {
  readonly clock: Clock;
  readonly activity: Activity = newActivity();
  readonly fdTable: FdTable;
  readonly scheduler: Scheduler;
  readonly poller: Poller;
  /** Called once at the end of each turn: for what gathers in a turn and goes out together (the log). */
  onTurnEnd: () => void = () => {};
  /** The time of this turn, monotonic. */
  nowMs: number;
  /** The time of this turn since 1970, for logs. */
  wallNowMs: number;
  readonly #messages: (() => void)[] = [];
  #isRunning = false;
  #isInTurn = false;
  /** The turn in which each fd was accepted: for {@linkcode Activity} only. */
  #acceptTurn: Uint32Array;

  /** @param fdCapacity Slots of the fd table: the most fds that can be open at once. */
  constructor(fdCapacity: number, newPoller: PollerFactory, clock: Clock) {
    this.clock = clock;
    this.nowMs = clock.monotonicMs();
    this.wallNowMs = clock.wallMs();
    this.fdTable = new FdTable(fdCapacity, this.activity);
    this.scheduler = new Scheduler(this.activity);
    this.poller = newPoller(this.fdTable, this.activity, clock);
    this.fdTable.unpolls = this.poller.unpolls;
    this.poller.onWake = () => this.#drive();
    this.#acceptTurn = new Uint32Array(fdCapacity);
  }

  /** Begins to turn. With a poller that blocks this returns only after {@linkcode Engine.stop}. */
  start(): void {
    this.#isRunning = true;
    this.#drive();
  }

  /** Ends the loop after this turn and closes the poller. */
  stop(): void {
    this.#isRunning = false;
    if (!this.#isInTurn) this.poller.shutdown();
    else this.poller.wake();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Runs `message` soon, in this turn or in the next: for signals and other threads, never for traffic. */
  post(message: () => void): void {
    this.#messages.push(message);
    this.poller.wake();
  }

  /** Gives an accepted connection its owner; both directions count as ready until EAGAIN. */
  adopt(fd: number, handler: FdHandler, ioClass: number): void {
    this.fdTable.insert(fd, handler, ioClass, true);
    this.#acceptTurn[fd] = this.activity.turns;
    this.activity.accepts++;
  }

  /** Begins to connect (Poller.connect); the handler hears of it as a possible send. Returns the fd or a negated error number. */
  connect(
    address: SocketAddress,
    handler: FdHandler,
    ioClass: number,
    hasData = false,
    options?: ConnectOptions,
  ): number {
    const fd = this.poller.connect(address, hasData, options);
    if (fd < 0) return fd;
    this.activity.connects++;
    this.fdTable.insert(fd, handler, ioClass, false);
    this.fdTable.wantSend(fd);
    // On loopback and unix sockets it is often over before connect returns.
    if (this.poller.connectResult(fd) !== -Errno.EINPROGRESS) this.fdTable.maySend(fd);
    return fd;
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    return this.poller.recv(fd, slab, offset, sizeBytes);
  }

  send(fd: number, slab: Slab, offset: number, sizeBytes: number, hasMore = false): number {
    return this.poller.send(fd, slab, offset, sizeBytes, hasMore);
  }

  /** Closes an fd: out of every queue first, then out of the poller. */
  close(fd: number, isReset = false): void {
    this.fdTable.remove(fd);
    this.poller.close(fd, isReset);
  }

  /** Turns until the poller has to wait in its runtime, or for good. */
  #drive(): void {
    while (this.#isRunning) {
      this.#turn();
      if (!this.#isRunning) break;
      const timeoutMs = this.#waitMs();
      if (timeoutMs > 0) this.activity.waits++;
      else this.activity.waitsZero++;
      if (!this.poller.wait(timeoutMs)) return;
    }
    this.poller.shutdown();
  }

  #turn(): void {
    this.#isInTurn = true;
    this.nowMs = this.clock.monotonicMs();
    this.wallNowMs = this.clock.wallMs();
    this.activity.turns++;
    this.runIo();
    this.scheduler.expireTimers(this.nowMs);
    this.scheduler.runTasks();
    this.#runMessages();
    this.onTurnEnd();
    this.#isInTurn = false;
  }

  /** One pass over the I/O queue, within its budget. */
  runIo(): void {
    const queue = this.fdTable.queue;
    if (queue.size === 0) return;
    this.activity.ioPasses++;
    queue.beginPass();
    let budget = IO_PASS_BUDGET;
    while (budget > 0 && queue.dealQuotas(budget) > 0) {
      for (let fd = queue.pop(); fd >= 0; fd = queue.pop()) {
        this.#call(fd);
        if (--budget === 0) break;
      }
    }
    if (budget === 0 && queue.size > 0) this.activity.ioPassesCut++;
  }

  #call(fd: number): void {
    const table = this.fdTable;
    const generation = table.generation(fd);
    this.activity.ioCalls++;
    if (this.#acceptTurn[fd] === this.activity.turns) {
      this.activity.acceptsSameTurn++;
      this.#acceptTurn[fd] = 0;
    }
    table.handler(fd)!.onIo(fd, table.readyDirections(fd));
    if (table.generation(fd) === generation) table.requeue(fd);
  }

  /** Runs the messages there are; what they post waits for the next turn, so that this one ends. */
  #runMessages(): void {
    const count = this.#messages.length;
    if (count === 0) return;
    for (let i = 0; i < count; i++) this.#messages[i]!();
    this.#messages.splice(0, count);
    this.activity.messages += count;
  }

  #waitMs(): number {
    const nowMs = this.clock.monotonicMs();
    const turnUs = (nowMs - this.nowMs) * 1_000;
    if (turnUs > this.activity.turnLongestUs) this.activity.turnLongestUs = Math.round(turnUs);
    if (this.fdTable.queue.size > 0 || this.scheduler.hasRunnable || this.#messages.length > 0) return 0;
    const remainingMs = this.scheduler.nextDeadlineMs - nowMs;
    return Math.max(0, Math.min(remainingMs, WAIT_MS_MAX));
  }
}
