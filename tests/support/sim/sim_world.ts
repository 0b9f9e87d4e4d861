/**
 * A whole simulated world: one engine on the `sim` poller, a network, a clock, and actors outside of the engine. One seed
 * decides everything; the same seed does the same again.
 *
 * After every turn the engine's invariants are checked (../../../docs/architecture.md names them): cache membership, the
 * update list, buffers, no spin. When nothing moves any more and no timer is near, every fd is asked whether the kernel has
 * something for it that its owner wants: that would be a lost wake-up.
 *
 * @module
 */
import { Prng } from "../../../src/base/prng.ts";
import { BufferPool } from "../../../src/buffer/pool.ts";
import { BufferWait } from "../../../src/buffer/buffer_wait.ts";
import { Engine } from "../../../src/event/engine.ts";
import { Direction, FdFlag, FdState, formatFdState, isRunnable } from "../../../src/event/fd_state.ts";
import { SimClock } from "./sim_clock.ts";
import type { SimBells } from "./sim_bells.ts";
import { SimNetwork } from "./sim_network.ts";
import { type SimFlavour, SimPoller } from "./sim_poller.ts";

/** Somebody outside: a client or a server. */
export interface SimActor {
  /** Does a little, if it can; returns whether it did. */
  act(): boolean;
  /** Whether it has got what it came for. */
  readonly isDone: boolean;
}

export interface SimWorldOptions {
  readonly seed: number;
  readonly flavour: SimFlavour;
  readonly fdCapacity?: number;
  /** Descriptors of the process; the table's capacity unless told. */
  readonly fdMax?: number;
  readonly pipeBytes?: number;
  readonly bufferLimit?: number;
  readonly reserveCount?: number;
  /** Pipes of the kernel, where the flavour has them. @default {true} */
  readonly hasPipes?: boolean;
  /** Those of all worlds that share something; none unless told. */
  readonly bells?: SimBells;
  /** Instead of one made of the seed. */
  readonly prng?: Prng;
}

/** Turns without a wait that may pass without any progress: the look that reported may have been for nothing. */
const IDLE_TURNS_MAX = 20;

/** How often the wall clock is set to another time, and within what span. */
const CLOCK_JUMP_CHANCE = 0.001;
const CLOCK_JUMP_MS = 7_200_000;

/** Steps in which nobody moved before time jumps to the next timer: actors and reports rest by chance. */
const STILL_STEPS_MIN = 10;

/** See the module's text. */
export class SimWorld {
  readonly prng: Prng;
  readonly clock = new SimClock();
  readonly network: SimNetwork;
  readonly engine: Engine;
  readonly poller: SimPoller;
  readonly pool: BufferPool;
  readonly buffers: BufferWait;
  readonly actors: SimActor[] = [];
  #idleTurns = 0;
  #stillSteps = 0;
  #lastProgress = -1;

  constructor(options: SimWorldOptions) {
    this.prng = options.prng ?? new Prng(options.seed);
    this.network = new SimNetwork(this.prng, {
      pipeBytes: options.pipeBytes ?? 1 + this.prng.nextBelow(40_000),
    });
    const fdCapacity = options.fdCapacity ?? 64;
    let poller: SimPoller | null = null;
    this.engine = new Engine(fdCapacity, (table, activity) => {
      poller = new SimPoller(table, activity, this.network, this.prng, {
        flavour: options.flavour,
        reportsMax: 1 + this.prng.nextBelow(8),
        fdMax: options.fdMax ?? fdCapacity,
        hasPipes: options.flavour !== "oneshot" && options.hasPipes !== false,
      });
      return poller;
    }, this.clock);
    this.poller = poller!;
    this.poller.bells = options.bells?.of(this.poller, fdCapacity) ?? null;
    this.pool = new BufferPool({
      limitCount: options.bufferLimit ?? 64,
      reserveCount: options.reserveCount ?? 4,
      priorityReserveCount: 0,
    });
    this.buffers = new BufferWait(this.pool, this.engine.fdTable, this.engine.activity);
  }

  /** Begins the loop: the first turn runs. */
  start(): void {
    this.engine.start();
    this.check();
  }

  /** One step of everything; returns whether anything moved. */
  step(): boolean {
    let hasMoved = false;
    for (const actor of this.actors) if (this.prng.chance(0.7) && actor.act()) hasMoved = true;
    if (this.network.step()) hasMoved = true;
    if (this.poller.look() > 0) hasMoved = true;
    const mayRun = hasMoved || this.poller.timeoutMs === 0 || this.poller.isWoken || !this.network.isQuiet;
    this.#stillSteps = mayRun ? 0 : this.#stillSteps + 1;
    const mayJump = this.#stillSteps > STILL_STEPS_MIN;
    this.clock.advance(
      mayJump ? this.poller.timeoutMs : Math.min(this.poller.timeoutMs, this.prng.nextFloat() * 0.2),
    );
    // NTP, a person, a suspended machine: the wall clock may do what it likes (engine.md 7.12).
    if (this.prng.chance(CLOCK_JUMP_CHANCE)) {
      this.clock.jumpWall((this.prng.nextFloat() - 0.5) * CLOCK_JUMP_MS);
    }
    this.poller.isWoken = false;
    if (this.engine.isRunning) this.poller.onWake();
    this.check();
    return hasMoved;
  }

  /** Steps until `isOver`. @throws when that takes more than `stepsMax`, with what everybody waits for. */
  runUntil(isOver: () => boolean, stepsMax = 200_000): void {
    for (let i = 0; i < stepsMax; i++) {
      if (isOver()) return;
      this.step();
    }
    throw new Error(`Not over after ${stepsMax} steps:\n${this.describe()}`);
  }

  /** Steps until every actor is done. Time may pass, but not `limitMs` of it: nobody is meant to time out. */
  runPeacefully(limitMs = 30_000, stepsMax = 200_000): void {
    const untilMs = this.clock.monotonicMs() + limitMs;
    this.runUntil(() => {
      if (this.clock.monotonicMs() > untilMs) throw new Error(`Stuck for ${limitMs} ms:\n${this.describe()}`);
      return this.actors.every((actor) => actor.isDone);
    }, stepsMax);
  }

  /** The invariants that hold between any two turns. @throws with the number of the one that does not. */
  check(): void {
    const { engine, pool, buffers } = this;
    const table = engine.fdTable;
    let parked = 0;
    for (let fd = 0; fd < table.capacity; fd++) {
      if (!table.isOpen(fd)) {
        if (table.queue.has(fd) || table.state(fd) !== 0) throw new Error(`I3: closed fd ${fd} has a state`);
        continue;
      }
      const mustBeQueued = isRunnable(table.state(fd)) && table.readyDirections(fd) !== 0;
      if (mustBeQueued !== table.queue.has(fd)) {
        throw new Error(`I3: fd ${fd} (${formatFdState(table.state(fd))}) queued: ${table.queue.has(fd)}`);
      }
      const flags = table.flags(fd);
      if ((flags & (FdFlag.GRANTED_R | FdFlag.GRANTED_W)) === 0) {
        parked += (flags & FdFlag.PARKED_R) !== 0 ? 1 : 0;
        parked += (flags & FdFlag.PARKED_W) !== 0 ? 1 : 0;
      }
    }
    if (engine.isRunning && table.updates.count > 0) throw new Error("I2: the wait left updates in the list");
    if (parked > buffers.waiting) throw new Error(`I12: ${parked} parked, ${buffers.waiting} waiting`);
    if (pool.inUse + pool.freeCount !== pool.limitCount || pool.inUse > pool.limitCount) {
      throw new Error(`I11: ${pool.inUse} in use, ${pool.freeCount} free of ${pool.limitCount}`);
    }
    this.#checkSpin();
  }

  /** Everything wanted that the kernel has: a lost wake-up (I4) once nothing is pending and nothing moves. */
  checkNothingLost(): void {
    this.runUntil(() => this.network.isQuiet && !this.poller.hasPending && this.poller.timeoutMs > 0);
    const table = this.engine.fdTable;
    for (let fd = 0; fd < table.capacity; fd++) {
      if (!table.isOpen(fd) || table.queue.has(fd)) continue;
      const wanted = table.state(fd) & (FdState.ACTIVE_R | FdState.ACTIVE_W);
      const has = (this.poller.readiness(fd) >> 1) & wanted;
      const isParked = table.isParked(fd, Direction.RECV) || table.isParked(fd, Direction.SEND);
      if (has !== 0 && !isParked) {
        throw new Error(`I4: fd ${fd} waits for what is there:\n${this.describe()}`);
      }
    }
  }

  /** Nothing is left of what ran (I14). */
  checkNothingLeft(): void {
    const left = {
      fds: this.engine.fdTable.openCount,
      tasks: this.engine.scheduler.taskCount,
      buffers: this.pool.inUse,
      pipes: this.poller.pipes?.inUse ?? 0,
      waiters: this.buffers.waiting,
      grants: this.buffers.granted,
    };
    if (Object.values(left).some((count) => count !== 0)) {
      throw new Error(`I14: left: ${JSON.stringify(left)}`);
    }
  }

  /** Every open fd in words. */
  describe(): string {
    const table = this.engine.fdTable;
    const lines = [
      `now ${
        this.clock.monotonicMs().toFixed(1)
      } ms, timeout ${this.poller.timeoutMs}, buffers ${this.pool.inUse}/` +
      `${this.pool.limitCount}, waiting ${this.buffers.waiting}, quiet ${this.network.isQuiet}`,
    ];
    for (let fd = 0; fd < table.capacity; fd++) {
      if (!table.isOpen(fd)) continue;
      lines.push(
        `fd ${fd}: ${formatFdState(table.state(fd))} flags ${table.flags(fd).toString(16)} kernel ${
          this.poller.readiness(fd).toString(16)
        } ${table.handler(fd)?.constructor.name}`,
      );
    }
    for (const actor of this.actors) if (!actor.isDone) lines.push(`not done: ${String(actor)}`);
    return lines.join("\n");
  }

  /** I5: turns that did not sleep made progress, or the poller had something to say. */
  #checkSpin(): void {
    const { activity } = this.engine;
    const progress = this.poller.progress + activity.taskCalls + activity.messages + activity.reports +
      activity.bufferGranted;
    const isIdle = this.poller.timeoutMs === 0 && progress === this.#lastProgress;
    this.#idleTurns = isIdle ? this.#idleTurns + 1 : 0;
    this.#lastProgress = progress;
    if (this.#idleTurns > IDLE_TURNS_MAX) throw new Error(`I5: the loop spins:\n${this.describe()}`);
  }
}
