/**
 * The health of all servers as one engine sees it: which ones it checks, and what other threads found out.
 *
 *     start    the first checks lie one slot of the shortest interval apart (HAProxy's start_check_task), each a little later by chance
 *     look     with several threads every LOOK_MS: beat, claim servers that nobody checks, follow what others changed
 *     stop     hadro drains: no more checks; what is known stays
 *
 * A thread's servers are checked by another one TAKEOVER_MS + LOOK_MS after its last beat at the latest; a change is seen by every
 * thread within LOOK_MS.
 *
 * May import: base, config, event, net, proxy.
 *
 * @module
 */
import type { Prng } from "../../base/prng.ts";
import type { Config } from "../../config/model.ts";
import type { SocketAddress } from "../../event/poller.ts";
import type { TaskHandler } from "../../event/run_queue.ts";
import type { NameSource } from "../../net/name_source.ts";
import type { Backend } from "../backend.ts";
import { connectOptionsTo, type Server } from "../server.ts";
import { CheckBuffers } from "./check_buffers.ts";
import { encodeCheckRequest } from "./check_request.ts";
import { CheckTls } from "./check_tls.ts";
import { HealthStatus } from "./health_state.ts";
import type { CheckTarget } from "./check_options.ts";
import { ServerCheck } from "./server_check.ts";
import { type HealthContext, ServerHealth } from "./server_health.ts";

/** How often threads look what others changed. */
const LOOK_MS = 100;
/** The most that chance adds to the time of a first check. */
const START_JITTER_MS = 100;

/** See the module's text. */
export class HealthMonitor implements TaskHandler {
  readonly #context: HealthContext;
  readonly #config: Config;
  readonly #names: NameSource;
  readonly #prng: Prng;
  readonly #servers: ServerHealth[] = [];
  readonly #checked: ServerHealth[];
  readonly #buffers = new CheckBuffers();
  readonly #task: number;
  #isStopped = false;

  constructor(
    context: Omit<HealthContext, "refresh">,
    options: {
      readonly config: Config;
      readonly backends: Iterable<Backend>;
      readonly names: NameSource;
      readonly prng: Prng;
    },
  ) {
    this.#context = { ...context, refresh: () => this.refresh() };
    this.#config = options.config;
    this.#names = options.names;
    this.#prng = options.prng;
    let index = 0;
    for (const backend of options.backends) {
      for (const server of backend.servers) this.#add(backend, server, index++);
    }
    this.#checked = this.#servers.filter(({ check }) => check !== null);
    this.#task = context.engine.scheduler.create(this);
  }

  /** Whether a server's checks tell people about it. */
  static checks(backend: Backend): boolean {
    return backend.config.health.check !== null;
  }

  /** Begins to check, or to look what other threads do. */
  start(): void {
    const { cells, engine } = this.#context;
    this.refresh();
    if (!cells.isShared) {
      for (const health of this.#checked) {
        cells.claim(health.index, engine.nowMs);
        if (isCheckable(health)) this.#startCheck(health);
      }
    } else if (this.#servers.length > 0) this.onTask();
  }

  onTask(): void {
    const { cells, engine } = this.#context;
    cells.beat(engine.nowMs);
    this.refresh();
    for (const health of this.#checked) {
      const isMine = cells.claim(health.index, engine.nowMs);
      if (isMine && !health.check!.isOn && isCheckable(health)) this.#startCheck(health);
      else if (!isMine && health.check!.isOn) health.check!.stop();
    }
    engine.scheduler.scheduleAt(this.#task, engine.nowMs + LOOK_MS);
  }

  /** Follows what other threads, or an administrator, changed. */
  refresh(): void {
    for (const health of this.#servers) health.follow();
  }

  /** A slot has another member, or none: its checks begin anew, or stop. @param isLate Others of the backend had theirs before. */
  onMember(backend: Backend, server: Server, isLate: boolean): void {
    const health = this.#servers.find((other) => other.server === server);
    if (health === undefined || this.#isStopped) return;
    health.onMember(isLate && !server.isVacant && backend.hasOther(server));
    const { check } = health;
    if (check === null || !isCheckable(health)) return;
    if (server.config.template!.kind === "srv") {
      check.setRequest(
        encodeCheckRequest(backend.config.health.check!.request, server.config, server.hashName),
      );
    }
    const { cells, engine } = this.#context;
    if (!cells.claim(health.index, engine.nowMs)) return;
    if (isLate) check.start(this.#prng.nextFloat() * START_JITTER_MS);
    else this.#startCheck(health);
  }

  /** hadro drains: servers are checked no more. */
  stop(): void {
    this.#isStopped = true;
    this.#context.engine.scheduler.scheduleAt(this.#task, Infinity);
    for (const { check } of this.#checked) check!.stop();
  }

  /** Ends for good. */
  shutdown(): void {
    for (const health of this.#servers) health.shutdown();
    this.#context.engine.scheduler.release(this.#task);
  }

  /** What the servers count about their health. */
  counters(): { checks: number; checksFailed: number; marksDown: number; ejections: number } {
    const sums = { checks: 0, checksFailed: 0, marksDown: 0, ejections: 0 };
    for (const { server: { counters } } of this.#servers) {
      sums.checks += counters.checks;
      sums.checksFailed += counters.checksFailed;
      sums.marksDown += counters.marksDown;
      sums.ejections += counters.ejections;
    }
    return sums;
  }

  #add(backend: Backend, server: Server, index: number): void {
    const { check, ejectMs, slowStartMs } = backend.config.health;
    const growsLate = slowStartMs > 0 && server.config.template !== null;
    if (check === null && ejectMs === 0 && !growsLate) return;
    const health = new ServerHealth(this.#context, backend, server, index);
    this.#servers.push(health);
    if (check === null) return;
    health.check = new ServerCheck(this.#context.engine, {
      config: check,
      connectMs: backend.config.timeouts.connectMs,
      spreadPercent: this.#config.spreadChecksPercent,
      target: this.#targetOf(health, backend, server),
      request: encodeCheckRequest(check.request, server.config),
      tls: CheckTls.of(this.#context.engine, server),
      buffers: this.#buffers,
      prng: this.#prng,
      owner: health,
    });
  }

  /** The server itself, or where check-addr and check-port say. */
  #targetOf(health: ServerHealth, backend: Backend, server: Server): CheckTarget {
    const { checkEndpoint, source, resolvePrefer, template } = server.config;
    if (checkEndpoint === null) {
      return template === null || template.checkPort === 0 ? server : onPort(server, template.checkPort);
    }
    let known: readonly SocketAddress[] = [];
    let unresolved = "its check-addr is not resolved yet";
    health.unresolved = () => unresolved;
    const question = { kind: "server", endpoint: checkEndpoint, prefer: resolvePrefer } as const;
    this.#names.watch(question, ({ addresses, reason }) => [known, unresolved] = [addresses, reason]);
    return {
      get addressCount() {
        return known.length;
      },
      address: (attempt) => known[attempt]!,
      connectOptions: (attempt) => connectOptionsTo(known[attempt]!, source, backend.config.tcp),
    };
  }

  #startCheck({ check, index }: ServerHealth): void {
    const place = this.#checked.findIndex((other) => other.index === index);
    const slotMs = this.#shortestInterMs() / this.#checked.length;
    const jitterMs = this.#prng.nextFloat() * Math.min(START_JITTER_MS, slotMs);
    check!.start(slotMs * place + jitterMs);
  }

  /** The interval that the first checks are spread over. */
  #shortestInterMs(): number {
    let shortestMs = Infinity;
    for (const health of this.#checked) shortestMs = Math.min(shortestMs, health.interMs());
    return shortestMs;
  }
}

/** The addresses that a slot has, with the port of its checks. */
function onPort(server: Server, port: number): CheckTarget {
  return {
    get addressCount() {
      return server.addressCount;
    },
    address: (attempt) => {
      const address = server.address(attempt);
      return address.kind === "tcp" ? { ...address, port } : address;
    },
    connectOptions: (attempt) => server.connectOptions(attempt),
  };
}

/** Whether its checks may run. */
function isCheckable({ status, server }: ServerHealth): boolean {
  return status !== HealthStatus.MAINT && !server.isVacant;
}
