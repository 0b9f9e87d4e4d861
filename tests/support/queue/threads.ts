/**
 * The queues of one backend as several threads have them, without anything around: streams are numbers, a test lets each thread run.
 *
 * @module
 */
import type { BackendConfig, ServerConfig } from "../../../src/config/model.ts";
import type { ServerQueueConfig } from "../../../src/config/model_queue.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { BackendCounts } from "../../../src/proxy/backend_counts.ts";
import { ConnectionCounts } from "../../../src/proxy/connection_counts.ts";
import { BackendQueue } from "../../../src/proxy/queue/backend_queue.ts";
import { QueueCells } from "../../../src/proxy/queue/queue_cells.ts";
import type { QueuedServer } from "../../../src/proxy/queue/queued_server.ts";
import { Queues } from "../../../src/proxy/queue/queues.ts";
import type { ServerLimit } from "../../../src/proxy/queue/server_limit.ts";
import { Waiter, type WaiterOwner } from "../../../src/proxy/queue/waiter.ts";
import { ROUND_ROBIN } from "../balance/farm.ts";
import { SimWorld } from "../sim/sim_world.ts";

/** The classes of connections with prio=high, normal, low. */
export const PRIORITY_CLASSES = [IoClass.INTERACTIVE, IoClass.NORMAL, IoClass.BULK] as const;

/** A server that a test changes. */
export interface TestServer extends QueuedServer {
  isBackup: boolean;
  usable: boolean;
  weight: number;
  limit: ServerLimit | null;
}

export interface QueueThreadsOptions {
  readonly threadCount?: number;
  /** Of each server; null: any number. */
  readonly servers: readonly (Partial<ServerQueueConfig> | null)[];
  readonly algorithm?: "roundrobin" | "leastconn" | "source";
  readonly fullconn?: number;
  readonly slowStartMs?: number;
  readonly waitingLimit?: number;
}

/** A stream: where it is. */
export class TestStream implements WaiterOwner {
  readonly waiter = new Waiter(this);
  readonly thread: QueueThread;
  readonly name: string;
  /** -1: none. */
  server = -1;
  closedCount = 0;

  constructor(thread: QueueThread, name: string) {
    this.thread = thread;
    this.name = name;
  }

  onSlot(serverIndex: number): void {
    this.server = serverIndex;
    this.thread.begun.push(this);
  }

  onQueueClosed(): void {
    this.closedCount++;
  }
}

/** One thread. */
export class QueueThread {
  readonly servers: TestServer[];
  readonly queue: BackendQueue;
  readonly queues: Queues;
  readonly counts: ConnectionCounts;
  readonly world: SimWorld;
  /** Streams that got a slot, in that order. */
  readonly begun: TestStream[] = [];
  readonly #backend: BackendCounts;

  constructor(cells: QueueCells, counts: ConnectionCounts, options: QueueThreadsOptions) {
    this.world = new SimWorld({ seed: 1 + cells.thread, flavour: "edge" });
    this.counts = counts;
    this.#backend = new BackendCounts(counts, 0, 0);
    this.queues = new Queues(this.world.engine, cells, options.waitingLimit ?? Infinity);
    this.servers = options.servers.map((_, index) => ({
      index,
      isBackup: false,
      usable: true,
      weight: 1,
      limit: null,
    }));
    this.queue = new BackendQueue(
      configOf(options),
      { servers: this.servers, noteBegin: () => {} },
      this.#backend,
      this.queues,
      { index: 0, firstServer: 0, fullconn: options.fullconn ?? 1 },
    );
    for (const server of this.servers) server.limit = this.queue.newLimit(server);
  }

  /** A stream that any server may have, or (with `server`) that wants this one: it begins, or waits. Returns a QueuePlace; -1: it began. */
  come(stream: TestStream, priority = 1, server = -1): number {
    const wanted = server >= 0
      ? this.servers[server]!
      : this.servers.find(({ usable, limit }) => usable && limit !== null && !limit.isFull) ?? null;
    if (wanted !== null && this.queue.tryTake(wanted, server >= 0)) {
      stream.onSlot(wanted.index);
      return -1;
    }
    return this.queue.wait(stream.waiter, wanted, server >= 0, PRIORITY_CLASSES[priority]!);
  }

  /** A stream leaves its server. */
  end(stream: TestStream): void {
    this.#backend.end(stream.server);
    stream.server = -1;
    this.queue.onRoom();
  }

  run(budget = 200): number {
    return this.queue.run(budget);
  }
}

/** All threads, with what they share. */
export class QueueThreads {
  readonly threads: QueueThread[];
  readonly cells: QueueCells[];
  readonly counts: ConnectionCounts[];

  constructor(options: QueueThreadsOptions) {
    const { threadCount = 1, servers } = options;
    const columns = { listenerCount: 0, serverCount: servers.length, backendCount: 1 };
    const words = new Int32Array(QueueCells.sharedBytes(columns, threadCount) / 4);
    const rows = new Int32Array(ConnectionCounts.sharedBytes(columns, threadCount) / 4);
    this.counts = Array.from({ length: threadCount }, (_, i) => new ConnectionCounts(rows, columns, i));
    this.cells = this.counts.map((_, i) => new QueueCells(words, columns, threadCount, i));
    this.threads = this.cells.map((cells, i) => new QueueThread(cells, this.counts[i]!, options));
  }

  /** Lets every thread run until nothing is left to do. */
  settle(): void {
    const hasGrant = (thread: number) =>
      this.threads[thread]!.servers.some(({ index }) => this.cells[0]!.grants(index, thread) > 0);
    for (let i = 0; this.threads.some(({ queue }, thread) => queue.isPending || hasGrant(thread)); i++) {
      this.threads[i % this.threads.length]!.run();
    }
  }

  conns(server: number): number {
    return this.counts[0]!.ofServer(server);
  }
}

function configOf(
  { servers, algorithm = "roundrobin", slowStartMs = 0 }: QueueThreadsOptions,
): BackendConfig {
  const config: Partial<BackendConfig> = {
    name: "app",
    balance: { ...ROUND_ROBIN, algorithm },
    health: { slowStartMs } as BackendConfig["health"],
    servers: servers.map((queue, i) => ({
      name: `s${i + 1}`,
      weight: 1,
      queue: queue === null ? null : { maxconn: 1, minconn: queue.maxconn ?? 1, maxqueue: 0, ...queue },
    } as ServerConfig)),
  };
  return config as BackendConfig;
}
