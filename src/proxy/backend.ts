/**
 * A backend: named servers and the algorithm that chooses among them.
 *
 * May import: base, config, event, net, protocol, proxy.
 *
 * @module
 */
import { Bitmap } from "../base/bitmap.ts";
import type { Prng } from "../base/prng.ts";
import type { BackendConfig } from "../config/model.ts";
import { repeatsRequests } from "../config/retry_values.ts";
import type { Engine } from "../event/engine.ts";
import { IoClass } from "../event/io_queue.ts";
import { BackendCounts } from "./backend_counts.ts";
import { newBalancer } from "./balance/balance.ts";
import type { Balancer, BalanceView } from "./balance/candidate.ts";
import { KeyReader } from "./key_reader.ts";
import { PathRewrite } from "./path_rewrite.ts";
import { BackendQueue } from "./queue/backend_queue.ts";
import { RequestClass } from "./queue/request_class.ts";
import type { Queues } from "./queue/queues.ts";
import { RetryPolicy } from "./retry/retry_policy.ts";
import { Server } from "./server.ts";
import { StickTable } from "./stick/stick_table.ts";
import { Stickiness } from "./stick/stickiness.ts";

/** Microseconds are a small integer of V8 up to here: 17 minutes. */
const US_MAX = 2 ** 30 - 1;

/** What a backend has when a server of it has a maxconn. */
export interface BackendQueueing {
  readonly queues: Queues;
  /** The backend's number, and that of its first server. */
  readonly index: number;
  readonly firstServer: number;
  readonly fullconn: number;
}

/** See the module's text. */
export class Backend {
  readonly config: BackendConfig;
  readonly servers: readonly Server[];
  readonly ioClass: number;
  /** What is hashed where the algorithm hashes. */
  readonly keys: KeyReader;
  /** null: requests wait in the class of their connections. */
  readonly requestClass: RequestClass | null;
  /** null: paths stay as they are. */
  readonly pathRewrite: PathRewrite | null;
  /** Attempts after a failed connect, at most. */
  readonly connectRetries: number;
  /** null: what was sent is never sent again. */
  readonly retry: RetryPolicy | null;
  /** null: no client is brought back to its server. */
  readonly stick: Stickiness | null;
  /** Streams that are with this backend now. */
  currentConns = 0;
  /** Who waits for its servers; null: nobody ever does. */
  readonly queue: BackendQueue | null;
  readonly #balancer: Balancer;
  readonly #counts: BackendCounts;

  constructor(
    config: BackendConfig,
    engine: Engine,
    prng: Prng,
    onIdleClosed: () => void,
    counts = BackendCounts.apart(config.servers.length),
    stickCells: Int32Array | null = null,
    queueing: BackendQueueing | null = null,
  ) {
    this.config = config;
    this.keys = new KeyReader(config.balance);
    this.#counts = counts;
    this.ioClass = priorityClass(config.priority);
    this.requestClass = config.queuePrioHeader === "" ? null : new RequestClass(config.queuePrioHeader);
    this.pathRewrite = config.pathRewrite === null ? null : new PathRewrite(config.pathRewrite);
    this.connectRetries = config.retry.onConnFailure ? config.retries : 0;
    this.retry = config.retries > 0 && repeatsRequests(config.retry)
      ? new RetryPolicy(config.retry, counts.threadCount)
      : null;
    this.servers = config.servers.map((server, index) =>
      new Server(server, index, engine, {
        tcp: config.tcp,
        httpReuse: config.httpReuse,
        poolPurgeMs: config.poolPurgeMs,
        poolMaxConn: config.poolMaxConn,
        onUsableChange: (changed) => this.#onServerChange(changed),
        onIdleClosed,
        counts,
      })
    );
    this.stick = Stickiness.isOn(config.stick)
      ? new Stickiness(config.stick, this.servers, stickCells ?? newStickCells(config, prng))
      : null;
    this.queue = queueing === null ? null : new BackendQueue(config, this, counts, queueing.queues, queueing);
    for (const server of this.servers) server.limit = this.queue?.newLimit(server) ?? null;
    const view = new View(engine, prng, counts);
    this.#balancer = newBalancer(config.balance.algorithm, config.hashBalanceFactor, this.servers, view);
  }

  /** A bit per server, for the ones that a stream failed on. */
  newTriedSet(): Bitmap {
    return new Bitmap(this.servers.length);
  }

  /** Chooses a server that is not in `tried` for a stream with this key; null when no usable one is left. */
  choose(tried: Bitmap | null, key: number): Server | null {
    const index = this.#balancer.choose(tried, key);
    return index < 0 ? null : this.servers[index]!;
  }

  /** A stream goes to `server`. */
  beginOn(server: Server): void {
    this.#counts.begin(server.index);
    this.noteBegin(server.index);
  }

  /** The same where `server` has a maxconn; false when the stream has to wait. */
  takeSlot(server: Server, wantsIt: boolean): boolean {
    if (!this.queue!.tryTake(server, wantsIt)) return false;
    this.noteBegin(server.index);
    return true;
  }

  /** A stream goes to a server that has counted it already: one with a maxconn, where counting is taking a slot. */
  noteBegin(index: number): void {
    this.servers[index]!.counters.streams++;
    this.#balancer.onServerChange(index);
  }

  /** A stream leaves `server`. */
  endOn(server: Server): void {
    this.#counts.end(server.index);
    this.#balancer.onServerChange(server.index);
    this.queue?.onRoom();
  }

  /** A server answered a stream, or failed to, so long after it was chosen. */
  noteResponse(server: Server, elapsedMs: number, isError: boolean): void {
    this.#balancer.onResponse(server.index, Math.min(Math.round(elapsedMs * 1_000), US_MAX), isError);
  }

  /** Why no server can be chosen, in words. */
  describeNoServer(): string {
    const vacant = this.servers.filter(({ isVacant }) => isVacant);
    const reasons = this.servers.filter(({ isVacant }) => !isVacant).map((server) =>
      `${server.config.name}: ${
        server.config.weight === 0 ? "weight 0 takes no new traffic" : server.downReason || "tried already"
      }`
    );
    if (vacant.length > 0) {
      const count = vacant.length === 1
        ? "1 slot without an address"
        : `${vacant.length} slots without an address`;
      reasons.push(`${count}: ${[...new Set(vacant.map(({ downReason }) => downReason))].join("; ")}`);
    }
    return `no server of backend ${this.config.name} can be used (${reasons.join("; ")})`;
  }

  /** Whether traffic has another server to go to than this one, of the same kind (an ordinary one is not replaced by a backup). */
  hasOther(server: Server): boolean {
    return this.servers.some((other) =>
      other !== server && other.usable && other.weight > 0 && (server.isBackup || !other.isBackup)
    );
  }

  /** How many servers are left, in words: "1 of 2 servers left, 1 of 1 backups"; `word` instead of "left". */
  describeUsable(word: string): string {
    const count = (isBackup: boolean) => {
      const all = this.servers.filter((server) => server.isBackup === isBackup && !server.isVacant);
      return `${all.filter(({ usable, weight }) => usable && weight > 0).length} of ${all.length}`;
    };
    const backups = this.servers.some(({ isBackup }) => isBackup) ? `, ${count(true)} backups` : "";
    return `${count(false)} servers ${word}${backups}`;
  }

  #onServerChange(server: Server): void {
    this.#balancer.onServerChange(server.index);
    this.queue?.onRoom();
  }

  shutdown(): void {
    for (const server of this.servers) server.idle.shutdown();
  }
}

/** A table of this thread's own. */
function newStickCells({ stick }: BackendConfig, prng: Prng): Int32Array | null {
  if (stick.table === null) return null;
  const cells = new Int32Array(StickTable.sharedBytes(stick.table.entryCount) / Int32Array.BYTES_PER_ELEMENT);
  StickTable.seed(cells, prng.nextUint32(), prng.nextUint32());
  return cells;
}

/** The world as the balancer sees it. */
class View implements BalanceView {
  readonly prng: Prng;
  readonly #engine: Engine;
  readonly #counts: BackendCounts;

  constructor(engine: Engine, prng: Prng, counts: BackendCounts) {
    this.prng = prng;
    this.#engine = engine;
    this.#counts = counts;
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  get servedConns(): number {
    return this.#counts.total;
  }

  get thread(): number {
    return this.#counts.thread;
  }

  get threadCount(): number {
    return this.#counts.threadCount;
  }
}

/** Returns the class of a server's connection: high if either side of the stream is, else low if either side is. */
export function serverSideClass(listenerClass: number, backendClass: number): number {
  const first = Math.min(listenerClass, backendClass);
  return first <= IoClass.INTERACTIVE ? first : Math.max(listenerClass, backendClass);
}

/** Returns the I/O class that a priority means. */
export function priorityClass(priority: "high" | "normal" | "low"): number {
  if (priority === "high") return IoClass.INTERACTIVE;
  return priority === "low" ? IoClass.BULK : IoClass.NORMAL;
}
