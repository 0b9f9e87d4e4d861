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
import { RetryPolicy } from "./retry/retry_policy.ts";
import { Server } from "./server.ts";

/** Microseconds are a small integer of V8 up to here: 17 minutes. */
const US_MAX = 2 ** 30 - 1;

/** See the module's text. */
export class Backend {
  readonly config: BackendConfig;
  readonly servers: readonly Server[];
  readonly ioClass: number;
  /** What is hashed where the algorithm hashes. */
  readonly keys: KeyReader;
  /** null: paths stay as they are. */
  readonly pathRewrite: PathRewrite | null;
  /** Attempts after a failed connect, at most. */
  readonly connectRetries: number;
  /** null: what was sent is never sent again. */
  readonly retry: RetryPolicy | null;
  /** Streams that are with this backend now. */
  currentConns = 0;
  readonly #balancer: Balancer;
  readonly #counts: BackendCounts;

  constructor(
    config: BackendConfig,
    engine: Engine,
    prng: Prng,
    onIdleClosed: () => void,
    counts = BackendCounts.apart(config.servers.length),
  ) {
    this.config = config;
    this.keys = new KeyReader(config.balance);
    this.#counts = counts;
    this.ioClass = priorityClass(config.priority);
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
        onUsableChange: (changed) => this.#balancer.onServerChange(changed.index),
        onIdleClosed,
        counts,
      })
    );
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
    server.counters.streams++;
    this.#balancer.onServerChange(server.index);
  }

  /** A stream leaves `server`. */
  endOn(server: Server): void {
    this.#counts.end(server.index);
    this.#balancer.onServerChange(server.index);
  }

  /** A server answered a stream, or failed to, so long after it was chosen. */
  noteResponse(server: Server, elapsedMs: number, isError: boolean): void {
    this.#balancer.onResponse(server.index, Math.min(Math.round(elapsedMs * 1_000), US_MAX), isError);
  }

  /** Why no server can be chosen, in words. */
  describeNoServer(): string {
    const reasons = this.servers.map((server) =>
      `${server.config.name}: ${
        server.config.weight === 0 ? "weight 0 takes no new traffic" : server.downReason || "tried already"
      }`
    );
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
      const all = this.servers.filter((server) => server.isBackup === isBackup);
      return `${all.filter(({ usable, weight }) => usable && weight > 0).length} of ${all.length}`;
    };
    const backups = this.servers.some(({ isBackup }) => isBackup) ? `, ${count(true)} backups` : "";
    return `${count(false)} servers ${word}${backups}`;
  }

  shutdown(): void {
    for (const server of this.servers) server.idle.shutdown();
  }
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
