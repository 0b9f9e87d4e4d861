/**
 * Builds the engine: pool, poller, buffer wait queue, as the plan and `--poller` say.
 *
 *     --poller   Linux with FFI   elsewhere
 *     auto       epoll            deno
 *     epoll      epoll            deno, and a line that says why
 *     deno       deno             deno
 *
 * May import: everything but commands.
 *
 * @module
 */
import { BufferWait } from "../buffer/buffer_wait.ts";
import { PRIORITY_RESERVE_DIVISOR, RESERVE_COUNT } from "../buffer/criticality.ts";
import { BUFFER_SIZE, BufferPool } from "../buffer/pool.ts";
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import { systemClock } from "../event/clock.ts";
import { Engine, type PollerFactory } from "../event/engine.ts";
import { PollerDeno } from "../event/poller_deno.ts";
import { canSharePorts, type DenoSharing } from "../event/poller_deno_accept.ts";
import type { MemorySource } from "../event/poller_deno_slots.ts";
import { PollerEpoll } from "../event/poller_epoll.ts";
import type { EpollSharing } from "../event/poller_epoll_listen.ts";
import { Libc } from "../sys/libc.ts";
import { checkKernel } from "../sys/self_check.ts";
import { SocketReset } from "../sys/socket_reset.ts";

/** Slots beyond the plan where fds are the kernel's: descriptors of the runtime lie among them. */
const RUNTIME_FDS = 256;

export interface BuiltEngine {
  readonly engine: Engine;
  readonly buffers: BufferWait;
  /** Closes what the engine does not own; after {@linkcode Engine.stop}. */
  readonly close: () => void;
}

/** See the module's text. `report` tells people why a poller could not be had. */
export function buildEngine(
  config: Config,
  plan: MemoryPlan,
  report: (message: string) => void,
  sharing: (EpollSharing & DenoSharing) | null = null,
): BuiltEngine {
  const pool = newPool(config, plan);
  const libc = openLibc(config, report);
  if (libc === null) {
    if (sharing !== null && !canSharePorts()) {
      report("poller deno shares no ports without --unstable-net: one thread has all connections");
    }
    return buildOnDeno(plan, pool, sharing);
  }
  const newPoller: PollerFactory = (table, activity, clock) =>
    new PollerEpoll(table, activity, clock, libc, sharing);
  const engine = new Engine(epollSlotCount(plan), newPoller, systemClock);
  const buffers = new BufferWait(pool, engine.fdTable, engine.activity);
  return { engine, buffers, close: () => {} };
}

/** Slots of the fd table of an engine on epoll. */
export function epollSlotCount(plan: MemoryPlan): number {
  return plan.maxFdCount + RUNTIME_FDS;
}

/** The C library for the epoll poller; null when the deno poller is to be used. */
export function openLibc(config: Config, report: (message: string) => void): Libc | null {
  if (config.poller === "deno") return null;
  const libc = Libc.open();
  const reason = typeof libc === "string" ? libc : checkKernel(libc);
  if (typeof libc !== "string" && reason === null) return libc;
  if (typeof libc !== "string") libc.close();
  if (config.poller === "epoll" || Deno.build.os === "linux") {
    report(`poller epoll cannot be used: ${reason}; using deno`);
  }
  return null;
}

function newPool(config: Config, plan: MemoryPlan): BufferPool {
  const hasPriority = config.listeners.some((listener) => listener.priority === "high") ||
    config.backends.some((backend) => backend.priority === "high");
  return new BufferPool({
    limitCount: plan.bufferCount,
    reserveCount: RESERVE_COUNT,
    priorityReserveCount: hasPriority
      ? Math.max(2, Math.floor(plan.bufferCount / PRIORITY_RESERVE_DIVISOR))
      : 0,
  });
}

function buildOnDeno(plan: MemoryPlan, pool: BufferPool, sharing: DenoSharing | null): BuiltEngine {
  const socketReset = SocketReset.open();
  const memory: MemorySource = {
    sizeBytes: BUFFER_SIZE,
    takeSpare: () => pool.takeSpare(buffers.granted),
    release: (place) => buffers.release(place),
    slab: (place) => pool.slab(place),
    offset: (place) => pool.offset(place),
  };
  const engine = new Engine(
    plan.maxFdCount,
    (table, activity, clock) =>
      new PollerDeno(table, activity, clock, {
        memory,
        sharing,
        resetSocket: (local, peer) =>
          socketReset !== null && local.kind === "tcp" && peer.kind === "tcp" &&
          socketReset.reset(local.port, peer.port),
      }),
    systemClock,
  );
  const buffers = new BufferWait(pool, engine.fdTable, engine.activity);
  return { engine, buffers, close: () => socketReset?.close() };
}
