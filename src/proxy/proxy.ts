/**
 * The proxy: listeners, backends and names of one configuration on one engine, from start to drained.
 *
 *     start: bind all listeners (or fail) -> resolve names -> accept
 *     drain: close listeners -> idle sessions go, busy ones end -> all gone, or the deadline: the rest is killed -> stop
 *
 * May import: base, config, event, buffer, net, mux, protocol, proxy.
 *
 * @module
 */
import { Prng } from "../base/prng.ts";
import { Errno, errnoName } from "../base/errno.ts";
import type { BufferWait } from "../buffer/buffer_wait.ts";
import type { Config, Endpoint } from "../config/model.ts";
import type { Engine } from "../event/engine.ts";
import { IoClass } from "../event/io_queue.ts";
import { ListenError, type SocketAddress } from "../event/poller.ts";
import type { TaskHandler } from "../event/run_queue.ts";
import type { NameSource } from "../net/name_source.ts";
import { Backend } from "./backend.ts";
import { formatAddress } from "./address_text.ts";
import { BackendCounts } from "./backend_counts.ts";
import { ConnectionCounts, countColumns } from "./connection_counts.ts";
import { HealthCells } from "./health/health_cells.ts";
import { HealthMonitor } from "./health/health_monitor.ts";
import { type AcceptGate, Listener } from "./listener.ts";
import type { LogSink } from "./log_record.ts";
import { QueueCells, queueColumns } from "./queue/queue_cells.ts";
import { Queues } from "./queue/queues.ts";
import { fullconnOf } from "./queue/server_limit.ts";
import { ProxyContext } from "./proxy_context.ts";
import { RouteTable } from "./route_table.ts";
import { newRouteTarget } from "./route_target.ts";
import { ServerNames } from "./server_names.ts";
import { SniRoutes } from "./sni_routes.ts";

/** How often the pool gives slabs back and the drain looks around. */
const CARE_MS = 1_000;
const DRAIN_LOOK_MS = 50;
/** One place in this many is kept for prio=high while any listener has it. */
const PRIORITY_CONNS_DIVISOR = 32;
/** A request that waits for a server holds a buffer: one in this many may be held so. */
const QUEUE_BUFFERS_DIVISOR = 2;

export interface ProxyOptions {
  readonly config: Config;
  /** Client connections at once. */
  readonly maxconn: number;
  readonly log: LogSink;
  readonly names: NameSource;
  /** Seeds the random balancer, and the hashes of limits. */
  readonly seed: number;
  /** What encoders may take. @default {0} */
  readonly compressBytes?: number;
  /** Tells people (stderr). */
  readonly report: (message: string) => void;
  /** Counts shared with other threads. @default {this thread's alone} */
  readonly connections?: ConnectionCounts;
  /** The same. */
  readonly health?: HealthCells;
  /** Cells of the stick table of each backend, in the order of the configuration; null where there is none. The same. */
  readonly stickCells?: readonly (Int32Array | null)[];
  /** The same; of no use without a server that has a maxconn. */
  readonly queueCells?: QueueCells;
  /** Where each listener is to be bound, found by the thread that bound first. @default {as configured} */
  readonly boundAddresses?: readonly SocketAddress[];
  /** Everything ended after {@linkcode Proxy.drain}; how many sessions had to be killed. */
  readonly onDrained: (killedCount: number) => void;
}

/** A listener that could not be bound; the message says which and why. */
export class BindError extends Error {
  override name = "BindError";
}

/** See the module's text. */
export class Proxy implements AcceptGate, TaskHandler {
  readonly context: ProxyContext;
  readonly listeners: readonly Listener[];
  readonly backends: ReadonlyMap<string, Backend>;
  readonly health: HealthMonitor;
  /** null: no server has a maxconn. */
  readonly queues: Queues | null;
  readonly #options: ProxyOptions;
  readonly #engine: Engine;
  readonly #priorityConns: number;
  readonly #names: ServerNames;
  readonly #task: number;
  #drainUntilMs = 0;
  #hasEnded = false;

  constructor(engine: Engine, buffers: BufferWait, options: ProxyOptions) {
    const { config } = options;
    this.#options = options;
    this.#engine = engine;
    const connections = options.connections ?? ConnectionCounts.ofOneThread(countColumns(config));
    this.context = new ProxyContext(
      engine,
      buffers,
      config,
      options.log,
      connections,
      options.seed,
      options.compressBytes ?? 0,
    );
    this.context.onServerConnectionClosed = () => this.#onRoom();
    const prng = new Prng(options.seed);
    let serverCount = 0;
    this.queues = this.#newQueues();
    this.backends = new Map(config.backends.map((backend, index) => {
      const firstServer = serverCount;
      const counts = new BackendCounts(connections, index, firstServer);
      serverCount += backend.servers.length;
      const cells = options.stickCells?.[index] ?? null;
      const queueing = this.queues === null || backend.servers.every(({ queue }) => queue === null) ? null : {
        queues: this.queues,
        index,
        firstServer,
        fullconn: fullconnOf(config, backend, options.maxconn),
      };
      const made = new Backend(backend, engine, prng, () => this.#onRoom(), counts, cells, queueing);
      return [backend.name, made];
    }));
    this.health = this.#newHealth(prng);
    this.#names = new ServerNames(engine, options.names, this.health, options.report);
    this.listeners = config.listeners.map((listener, index) => {
      const made = new Listener(listener, index, this.context, this);
      const fallback = this.backends.get(listener.defaultBackend) ?? null;
      made.routes = new RouteTable(
        listener.routes,
        newRouteTarget(fallback, listener.redirect, this.context.replySlab),
        ({ backend, redirect }) =>
          newRouteTarget(this.backends.get(backend) ?? null, redirect, this.context.replySlab)!,
      );
      made.tcpBackend = fallback;
      if (listener.scheme === "sni") {
        made.sniRoutes = new SniRoutes(listener.sniRoutes, ({ backend }) => this.backends.get(backend)!);
      }
      return made;
    });
    const hasPriority = config.listeners.some((listener) => listener.priority === "high");
    this.#priorityConns = hasPriority ? Math.ceil(options.maxconn / PRIORITY_CONNS_DIVISOR) : 0;
    this.#task = engine.scheduler.create(this);
  }

  /** Binds every listener, then begins to resolve and accept. @throws {BindError} the first that cannot be bound. */
  start(): void {
    for (const [index, listener] of this.listeners.entries()) {
      this.#bind(listener, this.#options.boundAddresses?.[index] ?? null);
    }
    for (const backend of this.backends.values()) this.#names.follow(backend);
    for (const listener of this.listeners) listener.start();
    this.health.start();
    this.queues?.start();
    this.#engine.scheduler.scheduleAt(this.#task, this.#engine.nowMs + CARE_MS);
  }

  mayAccept(ioClass: number): boolean {
    const isHigh = ioClass <= IoClass.INTERACTIVE;
    const limit = isHigh ? this.#options.maxconn : this.#options.maxconn - this.#priorityConns;
    return this.context.connections.total < limit;
  }

  report(message: string): void {
    this.#options.report(message);
  }

  /** Stops accepting and lets what runs end within `drainMs`. */
  drain(): void {
    if (this.context.isDraining) return;
    this.context.isDraining = true;
    this.#drainUntilMs = this.#engine.nowMs + this.#options.config.drainMs;
    for (const listener of this.listeners) listener.close();
    this.health.stop();
    for (const session of [...this.context.sessions]) session.drain();
    for (const backend of this.backends.values()) for (const server of backend.servers) server.idle.clear();
    this.#lookForEnd();
  }

  /** Ends everything now. */
  kill(): void {
    if (!this.context.isDraining) this.drain();
    this.#drainUntilMs = 0;
    this.#lookForEnd();
  }

  onTask(): void {
    if (this.context.isDraining) {
      this.#lookForEnd();
      return;
    }
    this.context.buffers.pool.trim();
    this.#engine.scheduler.scheduleAt(this.#task, this.#engine.nowMs + CARE_MS);
  }

  #newQueues(): Queues | null {
    const columns = queueColumns(this.#options.config);
    if (columns === null) return null;
    const { limitCount } = this.context.buffers.pool;
    return new Queues(
      this.#engine,
      this.#options.queueCells ?? QueueCells.ofOneThread(columns),
      Math.max(1, Math.floor(limitCount / QUEUE_BUFFERS_DIVISOR)),
    );
  }

  #newHealth(prng: Prng): HealthMonitor {
    const { config, health, report, names } = this.#options;
    const backends = [...this.backends.values()];
    const serverCount = backends.reduce((count, { servers }) => count + servers.length, 0);
    return new HealthMonitor({
      engine: this.#engine,
      cells: health ?? HealthCells.ofOneThread(serverCount),
      report,
      onMarkedDown: (server, why) => {
        for (const session of [...this.context.sessions]) session.onMarkedDown(server, why);
      },
    }, { config, backends, names, prng });
  }

  #lookForEnd(): void {
    if (this.#hasEnded) return;
    const nowMs = this.#engine.nowMs;
    let killedCount = 0;
    if (this.context.sessions.size > 0 && nowMs >= this.#drainUntilMs) {
      killedCount = this.context.sessions.size;
      for (const session of [...this.context.sessions]) session.kill();
    }
    if (this.context.sessions.size > 0) {
      this.#engine.scheduler.scheduleAt(this.#task, nowMs + DRAIN_LOOK_MS);
      return;
    }
    this.#hasEnded = true;
    this.#options.names.close();
    this.health.shutdown();
    this.queues?.shutdown();
    for (const backend of this.backends.values()) backend.shutdown();
    this.#engine.scheduler.release(this.#task);
    this.#options.onDrained(killedCount);
  }

  #bind(listener: Listener, bound: SocketAddress | null): void {
    const { endpoint, name } = listener.config;
    const addresses = bound === null ? bindAddresses(endpoint) : [bound];
    for (const [index, address] of addresses.entries()) {
      try {
        listener.listen(address);
        return;
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        // No IPv6 here: every address then means every IPv4 address.
        const isFamilyMissing = error.errno === Errno.EADDRNOTAVAIL || error.errno === Errno.EAFNOSUPPORT;
        if (isFamilyMissing && index + 1 < addresses.length) continue;
        throw new BindError(
          `Cannot listen on ${formatAddress(address)} for ${name}: ${describeBindError(error)}`,
        );
      }
    }
  }

  #onRoom(): void {
    for (const listener of this.listeners) listener.onRoom();
  }
}

function bindAddresses(endpoint: Endpoint): SocketAddress[] {
  if (endpoint.kind === "unix") return [{ kind: "unix", path: endpoint.path }];
  // One socket: browsers and curl come to it whichever of the two loopbacks the name gives them first.
  if (endpoint.host === "localhost") return [{ kind: "tcp", host: "127.0.0.1", port: endpoint.port }];
  if (endpoint.host !== "") return [{ kind: "tcp", host: endpoint.host, port: endpoint.port }];
  return [{ kind: "tcp", host: "::", port: endpoint.port }, {
    kind: "tcp",
    host: "0.0.0.0",
    port: endpoint.port,
  }];
}

function describeBindError(error: ListenError): string {
  switch (errnoName(error.errno)) {
    case "EADDRINUSE":
      return "the address is in use (EADDRINUSE); stop what uses it or choose another port";
    case "EACCES":
    case "EPERM":
      return "not permitted (EACCES); ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case "EADDRNOTAVAIL":
      return "this machine has no such address (EADDRNOTAVAIL)";
    default:
      return errnoName(error.errno);
  }
}
