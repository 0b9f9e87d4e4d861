/**
 * What names say, brought to the servers of one engine.
 *
 *     server   its name's addresses. Starting up is no news; a name that does not resolve then is. To the checks of a server it is a
 *              failure as any other, and theirs to tell.
 *     slot     its member: addresses, weight, rank. Another member, or none, is another server to its health. Told by whoever looks
 *              names up, once for all threads.
 *
 * What is known at once is taken over at once; what comes later comes between two turns, as a message to the engine.
 *
 * May import: event, net, proxy.
 *
 * @module
 */
import type { Engine } from "../event/engine.ts";
import type { NameQuestion, NameSource, NameUpdate } from "../net/name_source.ts";
import type { Backend } from "./backend.ts";
import { HealthMonitor } from "./health/health_monitor.ts";
import type { Server } from "./server.ts";

/** See the module's text. */
export class ServerNames {
  readonly #engine: Engine;
  readonly #names: NameSource;
  readonly #health: HealthMonitor;
  readonly #report: (message: string) => void;

  constructor(engine: Engine, names: NameSource, health: HealthMonitor, report: (message: string) => void) {
    this.#engine = engine;
    this.#names = names;
    this.#health = health;
    this.#report = report;
  }

  /** Begins to follow the names of its servers. */
  follow(backend: Backend): void {
    for (const server of backend.servers) {
      if (server.config.template === null) this.#followServer(backend, server);
      else if (server.config.slot === 0) this.#followSlots(backend, server);
    }
  }

  #watch(question: NameQuestion, onUpdate: (update: NameUpdate) => void): void {
    let isLater = false;
    this.#names.watch(question, (update) => {
      if (isLater) this.#engine.post(() => onUpdate(update));
      else onUpdate(update);
    });
    isLater = true;
  }

  #followServer(backend: Backend, server: Server): void {
    const { endpoint, resolvePrefer, name } = server.config;
    const isChecked = HealthMonitor.checks(backend);
    let hadAddress = true;
    this.#watch({ kind: "server", endpoint, prefer: resolvePrefer }, ({ addresses, reason }) => {
      server.setAddresses(addresses, reason);
      const hasAddress = addresses.length > 0;
      if (hadAddress === hasAddress || isChecked) return;
      hadAddress = hasAddress;
      const state = hasAddress ? "UP" : `DOWN: ${reason}`;
      this.#report(`server ${backend.config.name}/${name} is ${state}`);
    });
  }

  /** @param first The server in slot 0. */
  #followSlots(backend: Backend, first: Server): void {
    const template = first.config.template!;
    const servers = backend.servers.slice(first.index, first.index + template.slotCount);
    let isFirst = true;
    this.#watch({ kind: "slots", backend: backend.config.name, template }, ({ slots, reason }) => {
      for (const [i, server] of servers.entries()) {
        const before = server.slotVersion;
        server.setSlot(slots[i]!, reason);
        if (server.slotVersion !== before) this.#health.onMember(backend, server, !isFirst);
      }
      isFirst = false;
    });
  }
}
