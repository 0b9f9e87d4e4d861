/**
 * An instance: one engine with its proxy, in the main isolate or in a thread, from bound to drained.
 *
 * May import: everything but commands.
 *
 * @module
 */
import type { BufferWait } from "../buffer/buffer_wait.ts";
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import type { SocketAddress } from "../event/poller.ts";
import type { DenoSharing } from "../event/poller_deno_accept.ts";
import type { EpollSharing } from "../event/poller_epoll_listen.ts";
import type { NameSource } from "../net/name_source.ts";
import { NameResolver } from "../net/resolver.ts";
import type { TlsMaterial } from "../net/tls_material.ts";
import { TlsContexts } from "../net/tls_contexts.ts";
import type { AccessLog } from "../observe/access_log/access_log.ts";
import type { ConnectionCounts } from "../proxy/connection_counts.ts";
import type { FrontendCounters } from "../proxy/counters.ts";
import type { Listener } from "../proxy/listener.ts";
import type { HealthCells } from "../proxy/health/health_cells.ts";
import { Proxy } from "../proxy/proxy.ts";
import type { QueueCells } from "../proxy/queue/queue_cells.ts";
import { buildEngine } from "./build_engine.ts";

export interface InstanceOptions {
  readonly config: Config;
  readonly plan: MemoryPlan;
  readonly log: AccessLog;
  /** null where nothing is encrypted. */
  readonly tls: TlsMaterial | null;
  /** Tells people. */
  readonly report: (message: string) => void;
  /** What it shares with other threads; null when it is the only one. */
  readonly sharing: {
    readonly listeners: EpollSharing & DenoSharing;
    readonly connections: ConnectionCounts;
    readonly health: HealthCells;
    readonly stickCells: readonly (Int32Array | null)[];
    readonly queueCells: QueueCells | null;
    readonly names: NameSource;
    readonly boundAddresses: readonly SocketAddress[] | null;
  } | null;
}

/** See the module's text. */
export class Instance {
  readonly engine: Engine;
  readonly proxy: Proxy;
  /** How many sessions had to be killed at the end of the drain. */
  readonly drained: Promise<number>;
  readonly #buffers: BufferWait;
  readonly #names: NameSource;
  readonly #contexts: TlsContexts | null;
  readonly #closeEngine: () => void;
  readonly #closeLibrary: () => void;

  /** Binds every listener. @throws {BindError} when one cannot be. */
  constructor(options: InstanceOptions) {
    const { config, plan, log, report, sharing } = options;
    const { engine, buffers, openSsl, close } = buildEngine(config, plan, report, sharing?.listeners ?? null);
    const drained = Promise.withResolvers<number>();
    this.engine = engine;
    this.drained = drained.promise;
    this.#buffers = buffers;
    this.#closeEngine = close;
    // People are told of names when servers have been, which is a message to the engine.
    const reportLater = (message: string) => engine.post(() => report(message));
    this.#names = sharing?.names ?? new NameResolver({ config: config.resolve, report: reportLater });
    this.#closeLibrary = () => openSsl?.close();
    engine.onTurnEnd = () => log.flushSoon();
    this.proxy = new Proxy(engine, buffers, {
      config,
      maxconn: plan.maxconn,
      compressBytes: plan.compressBytes,
      log,
      names: this.#names,
      seed: crypto.getRandomValues(new Uint32Array(1))[0],
      report,
      onDrained: (killedCount) => drained.resolve(killedCount),
      ...(sharing === null ? {} : {
        connections: sharing.connections,
        health: sharing.health,
        stickCells: sharing.stickCells,
      }),
      ...(sharing === null || sharing.queueCells === null ? {} : { queueCells: sharing.queueCells }),
      ...(sharing === null || sharing.boundAddresses === null
        ? {}
        : { boundAddresses: sharing.boundAddresses }),
    });
    this.#contexts = openSsl === null ? null : new TlsContexts(openSsl, config);
    try {
      if (options.tls !== null) this.setTls(options.tls);
      this.proxy.start();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** From the next connection on these certificates are shown. @throws {TlsContextError} and goes on with those before. */
  setTls(material: TlsMaterial): void {
    const made = this.#contexts!.make(material);
    for (const [index, listener] of this.proxy.listeners.entries()) {
      listener.tlsContext = made.listeners[index]!;
    }
    for (const [index, { servers }] of [...this.proxy.backends.values()].entries()) {
      for (const [at, server] of servers.entries()) server.tlsContext = made.backends[index]![at]!;
    }
  }

  /** Begins to turn. */
  start(): void {
    this.engine.start();
  }

  /** Where it listens, in the order of the configuration. */
  get addresses(): SocketAddress[] {
    return this.proxy.listeners.map((listener) => listener.localAddress);
  }

  /** The first one drains, the second one ends at once. */
  stop(isAtOnce: boolean): void {
    this.engine.post(() => isAtOnce ? this.proxy.kill() : this.proxy.drain());
  }

  /** Ends the engine; after {@linkcode Instance.drained}. */
  close(): void {
    this.engine.stop();
    this.#contexts?.close();
    this.#closeEngine();
    this.#closeLibrary();
  }

  /** The engine's counters, and what is open now. */
  counters(): Record<string, number> {
    const { pool } = this.#buffers;
    return {
      ...this.engine.activity,
      deniedConnections: sumOf(this.proxy.listeners, "deniedConnections"),
      deniedRequests: sumOf(this.proxy.listeners, "deniedRequests"),
      handshakeErrors: sumOf(this.proxy.listeners, "handshakeErrors"),
      tlsHandshakes: sumOf(this.proxy.listeners, "tlsHandshakes"),
      tlsResumed: sumOf(this.proxy.listeners, "tlsResumed"),
      connections: this.proxy.context.connections.own,
      fds: this.engine.fdTable.openCount,
      tasks: this.engine.scheduler.taskCount,
      buffersInUse: pool.inUse,
      buffersInUseMax: pool.inUseMax,
      bufferLimit: pool.limitCount,
      pipesInUse: this.engine.poller.pipes?.inUse ?? 0,
      bufferWaiters: this.#buffers.waiting,
      encoderBytes: this.proxy.context.compression?.usedBytes ?? 0,
      compressed: this.proxy.context.compression?.compressed ?? 0,
      compressRefused: this.proxy.context.compression?.refused ?? 0,
      ...this.proxy.health.counters(),
      stickEvictions: [...this.proxy.backends.values()].reduce(
        (sum, { stick }) => sum + (stick?.table?.evictions ?? 0),
        0,
      ),
      queued: this.proxy.queues?.waitingCount ?? 0,
      queuedMax: this.proxy.queues?.waitingMax ?? 0,
      serverQueueMax: longestQueue(this.proxy),
      queueHandovers: this.proxy.queues?.handoverCount ?? 0,
      ...this.#names.counters(),
      heapBytes: Deno.memoryUsage().heapUsed,
    };
  }
}

function sumOf(listeners: readonly Listener[], name: keyof FrontendCounters): number {
  return listeners.reduce((sum, { counters }) => sum + counters[name], 0);
}

/** The most that ever waited for one server. */
function longestQueue({ backends }: Proxy): number {
  let longest = 0;
  for (const { servers } of backends.values()) {
    for (const { limit } of servers) longest = Math.max(longest, limit?.lengthMax ?? 0);
  }
  return longest;
}
