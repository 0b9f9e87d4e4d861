/**
 * How many streams a server takes now, and whether it takes another (HAProxy: srv_dynamic_maxconn).
 *
 *     the backend has              a server takes
 *     fullconn streams or more     maxconn
 *     fewer                        minconn, or as much of maxconn as they are of fullconn if that is more
 *     a server that grows          that much, in proportion to its weight (slowstart); 1 at least
 *
 * Streams of the backend are those on its servers and those that wait, of all threads.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { BackendConfig, Config } from "../../config/model.ts";
import type { ServerQueueConfig } from "../../config/model_queue.ts";
import type { BackendCounts } from "../backend_counts.ts";
import type { QueueCells } from "./queue_cells.ts";

/** What is to be known of its server. */
export interface LimitedServer {
  readonly index: number;
  readonly weight: number;
}

export interface ServerLimitOptions {
  readonly config: ServerQueueConfig;
  readonly cells: QueueCells;
  readonly counts: BackendCounts;
  /** Of the server. */
  readonly queue: number;
  /** Waiters of the whole backend. */
  readonly waitingCount: () => number;
  readonly fullconn: number;
  /** Its weight when it has grown; 0: it never grows. */
  readonly fullWeight: number;
  /** Its streams ask for this very server: they wait for it however full it is. */
  readonly isAskedFor: boolean;
}

/** See the module's text. */
export class ServerLimit {
  readonly config: ServerQueueConfig;
  /** Takes any number of waiters of its own. */
  readonly isPatient: boolean;
  /** The most that waited for this very server, as this thread saw it. */
  lengthMax = 0;
  readonly #options: ServerLimitOptions;
  readonly #server: LimitedServer;

  constructor(server: LimitedServer, options: ServerLimitOptions) {
    this.#server = server;
    this.#options = options;
    this.config = options.config;
    this.isPatient = options.isAskedFor && options.config.maxqueue === 0;
  }

  /** Streams at once, now. */
  get current(): number {
    const { config, counts, fullconn, fullWeight, waitingCount } = this.#options;
    let limit = config.maxconn;
    if (config.minconn < limit) {
      const streams = counts.total + waitingCount();
      if (streams < fullconn) {
        limit = Math.max(config.minconn, Math.floor((streams * config.maxconn) / fullconn));
      }
    }
    const { weight } = this.#server;
    if (fullWeight === 0 || weight >= fullWeight) return limit;
    return Math.max(1, Math.floor((limit * weight) / fullWeight));
  }

  /** Waiters for this very server, of all threads. */
  get queueLength(): number {
    return this.#options.cells.length(this.#options.queue);
  }

  /** Neither a slot nor a place to wait for one in particular is left: another server is better. */
  get isFull(): boolean {
    const { config, counts } = this.#options;
    return counts.ofServer(this.#server.index) + this.queueLength >= this.current + config.maxqueue;
  }

  /** Takes a slot: a stream may go to the server, of this thread or of another. False when there is none. */
  tryTake(): boolean {
    return this.#options.counts.tryTake(this.#server.index, this.current);
  }
}

/** Of the connections that may come to a backend, so much is a full one: HAProxy's default of fullconn. */
const FULLCONN_DIVISOR = 10;

/** Streams at which a backend's servers take their whole maxconn. @param maxconn Client connections of the process at once. */
export function fullconnOf(config: Config, { fullconn, name }: BackendConfig, maxconn: number): number {
  if (fullconn > 0) return fullconn;
  let sum = 0;
  for (const listener of config.listeners) {
    const leadsHere = listener.defaultBackend === name ||
      listener.routes.some(({ backend }) => backend === name);
    if (leadsHere) sum += listener.maxconn || maxconn;
  }
  return Math.max(1, Math.floor(Math.min(sum, maxconn) / FULLCONN_DIVISOR));
}
