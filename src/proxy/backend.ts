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
import type { Engine } from "../event/engine.ts";
import { IoClass } from "../event/io_queue.ts";
import { newBalancer } from "./balance/balance.ts";
import type { Balancer } from "./balance/candidate.ts";
import { PathRewrite } from "./path_rewrite.ts";
import { Server } from "./server.ts";

/** See the module's text. */
export class Backend {
  readonly config: BackendConfig;
  readonly servers: readonly Server[];
  readonly ioClass: number;
  /** null: paths stay as they are. */
  readonly pathRewrite: PathRewrite | null;
  /** Streams that are with this backend now. */
  currentConns = 0;
  readonly #balancer: Balancer;

  constructor(config: BackendConfig, engine: Engine, prng: Prng, onIdleClosed: () => void) {
    this.config = config;
    this.ioClass = priorityClass(config.priority);
    this.pathRewrite = config.pathRewrite === null ? null : new PathRewrite(config.pathRewrite);
    this.servers = config.servers.map((server, index) =>
      new Server(server, index, engine, {
        tcp: config.tcp,
        httpReuse: config.httpReuse,
        poolPurgeMs: config.poolPurgeMs,
        poolMaxConn: config.poolMaxConn,
        onUsableChange: (changed) => this.#balancer.onServerChange(changed.index),
        onIdleClosed,
      })
    );
    this.#balancer = newBalancer(config.algorithm, this.servers, prng);
  }

  /** A bit per server, for the ones that a stream failed on. */
  newTriedSet(): Bitmap {
    return new Bitmap(this.servers.length);
  }

  /** Chooses a server that is not in `tried`; null when no usable one is left. */
  choose(tried: Bitmap | null): Server | null {
    const index = this.#balancer.choose(tried);
    return index < 0 ? null : this.servers[index]!;
  }

  /** A stream goes to `server`. */
  beginOn(server: Server): void {
    server.currentConns++;
    server.counters.streams++;
    this.#balancer.onServerChange(server.index);
  }

  /** A stream leaves `server`. */
  endOn(server: Server): void {
    server.currentConns--;
    this.#balancer.onServerChange(server.index);
  }

  /** Why no server can be chosen, in words. */
  describeNoServer(): string {
    const reasons = this.servers.map((server) =>
      `${server.config.name}: ${
        server.weight === 0 ? "weight 0 takes no new traffic" : server.downReason || "tried already"
      }`
    );
    return `no server of backend ${this.config.name} can be used (${reasons.join("; ")})`;
  }

  shutdown(): void {
    for (const server of this.servers) server.idle.shutdown();
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
