/** A whole proxy in a simulated world, from flags to log records. @module */
import { addEnvironment, Settings } from "../../../src/config/settings.ts";
import { resolveConfig } from "../../../src/config/resolve.ts";
import { failedAnswer } from "../../../src/net/name_answer.ts";
import { NameResolver } from "../../../src/net/resolver.ts";
import type { ConnectionCounts } from "../../../src/proxy/connection_counts.ts";
import type { Asker } from "../../../src/net/name_answer.ts";
import type { HealthCells } from "../../../src/proxy/health/health_cells.ts";
import type { LogRecord } from "../../../src/proxy/log_record.ts";
import { Proxy } from "../../../src/proxy/proxy.ts";
import type { QueueCells } from "../../../src/proxy/queue/queue_cells.ts";
import { SIM_HOST } from "./sim_network.ts";
import { SimWorld, type SimWorldOptions } from "./sim_world.ts";

/** The listener's port in every simulation; servers follow from SERVER_PORT on. */
export const PROXY_PORT = 80;
export const SERVER_PORT = 9_000;

/** What a simulation keeps of a log record. */
export interface SimLogLine {
  readonly status: number;
  /** Termination state, as "--" or "SC". */
  readonly term: string;
  /** The cookie letters, as "--" or "NI". */
  readonly cookies: string;
  readonly client: string;
  readonly backend: string;
  readonly server: string;
  readonly method: string;
  /** What the client hello says. */
  readonly sni: string;
  readonly retries: number;
  readonly queueMs: number;
  readonly serverQueue: number;
  readonly backendQueue: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly why: string;
}

export interface SimProxyOptions extends SimWorldOptions {
  readonly scheme: "http" | "tcp" | "sni";
  readonly serverCount: number;
  /** Listeners on PROXY_PORT and the ports behind it, each with the same servers; 1 unless told. */
  readonly listenerCount?: number;
  /** Words of -r for each listener. */
  readonly routes?: readonly string[];
  /** Keys behind the address of each listener and server, with their comma. */
  readonly listenKeys?: string;
  readonly serverKeys?: string;
  /** Long flags and their values, without dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly maxconn?: number;
  /** Words of -b behind those of `serverCount`. */
  readonly backends?: readonly string[];
  /** Who says what names are, in the simulation's time; no name resolves unless told. */
  readonly ask?: Asker;
  /** For encoders; 0 unless told. */
  readonly compressBytes?: number;
  /** What it shares with another proxy. */
  readonly health?: HealthCells;
  readonly connections?: ConnectionCounts;
  readonly queueCells?: QueueCells;
}

/** See the module's text. */
export class SimProxy {
  readonly world: SimWorld;
  readonly proxy: Proxy;
  readonly log: SimLogLine[] = [];
  readonly reports: string[] = [];
  isDrained = false;

  constructor(options: SimProxyOptions) {
    this.world = new SimWorld(options);
    const settings = new Settings();
    for (let i = 0; i < (options.listenerCount ?? 1); i++) {
      const name = i === 0 ? "fe" : `fe${i + 1}`;
      settings.addItem(
        "listen",
        "-l",
        `${options.scheme}://${SIM_HOST}:${PROXY_PORT + i},name=${name}${options.listenKeys ?? ""}`,
      );
      for (const route of options.routes ?? []) settings.addItem("route", "-r", route);
      for (let j = 0; j < options.serverCount; j++) {
        settings.addItem("backend", "-b", `${SIM_HOST}:${SERVER_PORT + j}${options.serverKeys ?? ""}`);
      }
      for (const word of options.backends ?? []) settings.addItem("backend", "-b", word);
    }
    for (const [name, value] of Object.entries(options.flags ?? {})) settings.add(name, `--${name}`, value);
    addEnvironment(settings, () => undefined);
    const config = resolveConfig(settings, { isStdoutTerminal: false });
    this.proxy = new Proxy(this.world.engine, this.world.buffers, {
      config,
      maxconn: options.maxconn ?? 1_000,
      compressBytes: options.compressBytes ?? 0,
      log: { enabled: true, logStream: (record) => this.log.push(toLine(record)) },
      names: new NameResolver({
        config: config.resolve,
        report: (message) => this.reports.push(message),
        ask: options.ask ?? ((_name, _type, done) => done(failedAnswer("nx", "no names here"))),
        nowMs: () => this.world.clock.monotonicMs(),
        schedule: (delayMs, run) => this.#schedule(delayMs, run),
      }),
      seed: options.seed,
      report: (message) => this.reports.push(message),
      ...(options.health === undefined ? {} : { health: options.health }),
      ...(options.connections === undefined ? {} : { connections: options.connections }),
      ...(options.queueCells === undefined ? {} : { queueCells: options.queueCells }),
      onDrained: () => {
        this.isDrained = true;
        this.world.engine.stop();
      },
    });
    this.proxy.start();
    this.world.start();
  }

  get address(): { readonly kind: "tcp"; readonly host: string; readonly port: number } {
    return this.listenAddress(0);
  }

  listenAddress(index: number): { readonly kind: "tcp"; readonly host: string; readonly port: number } {
    return { kind: "tcp", host: SIM_HOST, port: PROXY_PORT + index };
  }

  serverAddress(index: number): { readonly kind: "tcp"; readonly host: string; readonly port: number } {
    return { kind: "tcp", host: SIM_HOST, port: SERVER_PORT + index };
  }

  /** As setTimeout, in the simulation's time. */
  #schedule(delayMs: number, run: () => void): () => void {
    const { scheduler } = this.world.engine;
    let isOver = false;
    const end = () => {
      if (!isOver) scheduler.release(task);
      isOver = true;
    };
    const task = scheduler.create({
      onTask: () => {
        end();
        run();
      },
    });
    scheduler.scheduleAt(task, this.world.clock.monotonicMs() + delayMs);
    return end;
  }

  /** Drains (or kills) and checks that nothing is left. */
  end(isKill: boolean): void {
    this.world.engine.post(() => isKill ? this.proxy.kill() : this.proxy.drain());
    this.world.runUntil(() => this.isDrained, 100_000);
    this.world.checkNothingLeft();
  }
}

function toLine(record: LogRecord): SimLogLine {
  return {
    status: record.status,
    term: String.fromCharCode(record.endCause, record.endPhase),
    cookies: String.fromCharCode(record.requestCookie, record.responseCookie),
    client: `${record.clientAddress} ${record.clientPort}`,
    backend: record.backendName,
    server: record.serverName,
    method: String.fromCharCode(
      ...record.capture.subarray(record.method.offset, record.method.offset + record.method.length),
    ),
    sni: record.serverNameIndication,
    retries: record.retries,
    queueMs: record.queueMs,
    serverQueue: record.serverQueue,
    backendQueue: record.backendQueue,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    why: record.why,
  };
}
