/** A whole proxy in a simulated world, from flags to log records. @module */
import { addEnvironment, Settings } from "../../../src/config/settings.ts";
import { resolveConfig } from "../../../src/config/resolve.ts";
import { NameResolver } from "../../../src/net/resolver.ts";
import type { HealthCells } from "../../../src/proxy/health/health_cells.ts";
import type { LogRecord } from "../../../src/proxy/log_record.ts";
import { Proxy } from "../../../src/proxy/proxy.ts";
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
  readonly client: string;
  readonly server: string;
  readonly method: string;
  readonly retries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly why: string;
}

export interface SimProxyOptions extends SimWorldOptions {
  readonly scheme: "http" | "tcp";
  readonly serverCount: number;
  /** Listeners on PROXY_PORT and the ports behind it, each with the same servers; 1 unless told. */
  readonly listenerCount?: number;
  /** Keys behind the address of each listener and server, with their comma. */
  readonly listenKeys?: string;
  readonly serverKeys?: string;
  /** Long flags and their values, without dashes. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly maxconn?: number;
  /** What it shares with another proxy. */
  readonly health?: HealthCells;
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
      for (let j = 0; j < options.serverCount; j++) {
        settings.addItem("backend", "-b", `${SIM_HOST}:${SERVER_PORT + j}${options.serverKeys ?? ""}`);
      }
    }
    for (const [name, value] of Object.entries(options.flags ?? {})) settings.add(name, `--${name}`, value);
    addEnvironment(settings, () => undefined);
    this.proxy = new Proxy(this.world.engine, this.world.buffers, {
      config: resolveConfig(settings, { isStdoutTerminal: false }),
      maxconn: options.maxconn ?? 1_000,
      log: { enabled: true, logStream: (record) => this.log.push(toLine(record)) },
      resolver: new NameResolver({}),
      seed: options.seed,
      report: (message) => this.reports.push(message),
      ...(options.health === undefined ? {} : { health: options.health }),
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
    client: `${record.clientAddress} ${record.clientPort}`,
    server: record.serverName,
    method: String.fromCharCode(
      ...record.capture.subarray(record.method.offset, record.method.offset + record.method.length),
    ),
    retries: record.retries,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    why: record.why,
  };
}
