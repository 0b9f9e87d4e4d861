/**
 * Builds the engine: pool, poller, buffer wait queue, as the plan and `--poller` say.
 *
 *     --poller   Linux with FFI   elsewhere
 *     auto       epoll            deno
 *     epoll      epoll            deno, and a line that says why
 *     deno       deno             deno
 *
 * Where it would be epoll and some listener is to be on Deno's sockets, it is both.
 *
 * The deno poller cannot choose the source of connections: with `source=` nothing is started on it.
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
import type { Activity } from "../event/activity.ts";
import { type Clock, systemClock } from "../event/clock.ts";
import { Engine, type PollerFactory } from "../event/engine.ts";
import type { FdTable } from "../event/fd_table.ts";
import type { Poller, SocketAddress } from "../event/poller.ts";
import { PollerDeno } from "../event/poller_deno.ts";
import { canSharePorts, type DenoSharing } from "../event/poller_deno_accept.ts";
import type { MemorySource } from "../event/poller_deno_slots.ts";
import { PollerEpoll } from "../event/poller_epoll.ts";
import type { EpollSharing } from "../event/poller_epoll_listen.ts";
import { PollerJoint } from "../event/poller_joint.ts";
import { usesTls } from "../net/tls_material.ts";
import { Libc } from "../sys/libc.ts";
import { OpenSsl } from "../sys/openssl.ts";
import { FDS_PER_PIPE } from "../sys/kernel_pipes.ts";
import { canSplice, checkKernel } from "../sys/self_check.ts";
import { SocketReset } from "../sys/socket_reset.ts";
import { TlsSockets } from "../sys/tls_sockets.ts";

/** Slots beyond the plan where fds are the kernel's: descriptors of the runtime lie among them. */
const RUNTIME_FDS = 256;

export interface BuiltEngine {
  readonly engine: Engine;
  readonly buffers: BufferWait;
  /** The library that encrypts; null where nothing is to be. */
  readonly openSsl: OpenSsl | null;
  /** Closes what the engine does not own; after {@linkcode Engine.stop}. */
  readonly close: () => void;
}

/** A configuration that the poller at hand cannot do. */
export class PollerError extends Error {
  override name = "PollerError";
}

/** See the module's text. `report` tells people why a poller could not be had. @throws {PollerError} */
export function buildEngine(
  config: Config,
  plan: MemoryPlan,
  report: (message: string) => void,
  sharing: (EpollSharing & DenoSharing) | null = null,
): BuiltEngine {
  const pool = newPool(config, plan);
  const libc = openLibc(config, report);
  if (libc === null) {
    checkSockets(config, report);
    if (sharing !== null && !canSharePorts()) {
      report("poller deno shares no ports without --unstable-net: one thread has all connections");
    }
    return buildOnDeno(plan, pool, {
      sharing,
      firstSlot: 0,
      newPoller: (_table, _activity, _clock, deno) => deno,
    });
  }
  const slotCount = epollSlotCount(plan);
  const openSsl = openOpenSsl(config);
  const tls = openSsl === null ? null : new TlsSockets(openSsl, libc, slotCount);
  if (!usesBoth(config)) {
    const pipeCount = plan.pipeCount > 0 && canSplice(libc) ? plan.pipeCount : 0;
    const newPoller: PollerFactory = (table, activity, clock) =>
      new PollerEpoll(table, activity, clock, { libc, sharing, pipeCount, tls });
    const engine = new Engine(slotCount, newPoller, systemClock);
    const buffers = new BufferWait(pool, engine.fdTable, engine.activity);
    return { engine, buffers, openSsl, close: () => {} };
  }
  const newPoller = (table: FdTable, activity: Activity, clock: Clock, deno: PollerDeno) => {
    const epoll = new PollerEpoll(table, activity, clock, { libc, sharing, slotCount, tls });
    return new PollerJoint(table, activity, clock, { epoll, deno, firstSlot: slotCount });
  };
  return { ...buildOnDeno(plan, pool, { sharing, firstSlot: slotCount, newPoller }), openSsl };
}

/** Whether Deno's sockets are wanted beside those of epoll. */
export function usesBoth(config: Config): boolean {
  return config.poller !== "deno" && config.listeners.some(({ poller }) => poller === "deno");
}

/** Slots of the fd table of an engine on epoll. */
export function epollSlotCount(plan: MemoryPlan): number {
  return plan.maxFdCount + plan.pipeCount * FDS_PER_PIPE + RUNTIME_FDS;
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

/** @throws {PollerError} where something is to be encrypted and nothing can do it. */
function openOpenSsl(config: Config): OpenSsl | null {
  if (!usesTls(config)) return null;
  const openSsl = OpenSsl.open();
  if (typeof openSsl !== "string") return openSsl;
  throw new PollerError(
    `Cannot start: TLS needs OpenSSL 3, and ${openSsl}; install it (Debian: libssl3, Alpine: libssl3, Fedora: openssl-libs)`,
  );
}

/** What only epoll does with a socket: refused where it must not be missing, else told. @throws {PollerError} */
function checkSockets({ listeners, backends }: Config, report: (message: string) => void): void {
  const encrypted = listeners.find(({ tls }) => tls !== null);
  if (encrypted !== undefined) {
    throw new PollerError(
      `Cannot start: TLS of listener ${encrypted.name} needs poller epoll; leave out --poller deno, and run on Linux with FFI`,
    );
  }
  for (const { name, servers } of backends) {
    const secure = servers.find(({ tls }) => tls !== null);
    if (secure !== undefined) {
      throw new PollerError(
        `Cannot start: TLS to server ${name}/${secure.name} needs poller epoll; leave out --poller deno, and run on Linux with FFI`,
      );
    }
    const server = servers.find(({ source }) => source !== null);
    if (server === undefined) continue;
    throw new PollerError(
      `Cannot start: source= of server ${name}/${server.name} needs poller epoll; leave it out, or use Linux with FFI`,
    );
  }
  const asks = [...listeners, ...backends].some(({ tcp }) => tcp.keepAlive !== null || tcp.userTimeoutMs > 0);
  if (asks) report("poller deno cannot set tcp-keepalive and tcp-ut: they are left to the system");
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

interface DenoBuild {
  readonly sharing: DenoSharing | null;
  /** Slots of the fd table that come before those of Deno's sockets. */
  readonly firstSlot: number;
  /** The engine's poller, of which `deno` is a part; `deno` itself where there is no other. */
  readonly newPoller: (table: FdTable, activity: Activity, clock: Clock, deno: PollerDeno) => Poller;
}

function buildOnDeno(plan: MemoryPlan, pool: BufferPool, build: DenoBuild): BuiltEngine {
  const { sharing, firstSlot } = build;
  const socketReset = SocketReset.open();
  const memory: MemorySource = {
    sizeBytes: BUFFER_SIZE,
    takeSpare: () => pool.takeSpare(buffers.granted),
    release: (place) => buffers.release(place),
    slab: (place) => pool.slab(place),
    offset: (place) => pool.offset(place),
  };
  const resetSocket = (local: SocketAddress, peer: SocketAddress) =>
    socketReset !== null && local.kind === "tcp" && peer.kind === "tcp" &&
    socketReset.reset(local.port, peer.port);
  const newPoller: PollerFactory = (table, activity, clock) => {
    const deno = new PollerDeno(table, activity, clock, { memory, sharing, firstSlot, resetSocket });
    return build.newPoller(table, activity, clock, deno);
  };
  const engine = new Engine(firstSlot + plan.maxFdCount, newPoller, systemClock);
  const buffers = new BufferWait(pool, engine.fdTable, engine.activity);
  return { engine, buffers, openSsl: null, close: () => socketReset?.close() };
}
