/** A backend: its servers, who is chosen, and the words when nobody can be. @module */
import { describe, expect, it } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import type { BackendConfig, ServerConfig } from "../../../src/config/model.ts";
import { IoClass } from "../../../src/event/io_queue.ts";
import { Backend, priorityClass } from "../../../src/proxy/backend.ts";
import { NO_KEY } from "../../../src/proxy/balance/hash_key.ts";
import type { Server } from "../../../src/proxy/server.ts";
import { ROUND_ROBIN } from "../../support/balance/farm.ts";
import { DEFAULT_RETRY } from "../../support/config/default_retry.ts";
import { SimWorld } from "../../support/sim/sim_world.ts";

const ADDRESS = { kind: "tcp", host: "10.0.0.1", port: 9_000 } as const;

/** A backend whose servers are s1, s2, …; those that are `up` have an address. */
function newBackend(servers: readonly (Partial<ServerConfig> & { up?: boolean })[]): Backend {
  const config: Partial<BackendConfig> = {
    name: "app",
    balance: ROUND_ROBIN,
    hashBalanceFactor: 0,
    priority: "high",
    poolPurgeMs: 5_000,
    poolMaxConn: 10,
    pathRewrite: null,
    queuePrioHeader: "",
    retries: 3,
    retry: DEFAULT_RETRY,
    stick: { cookie: null, table: null, isPersistent: false, ignoredPaths: [], forcedPaths: [] },
    servers: servers.map((server, i) => ({
      name: `s${i + 1}`,
      endpoint: { ...ADDRESS, path: "" },
      weight: 1,
      backup: false,
      source: null,
      proxyOut: null,
      tls: null,
      checkEndpoint: null,
      cookie: null,
      queue: null,
      resolvePrefer: "ipv4",
      template: null,
      slot: 0,
      ...server,
    })),
  };
  const { engine } = new SimWorld({ seed: 1, flavour: "edge" });
  const backend = new Backend(config as BackendConfig, engine, new Prng(1), () => {});
  servers.forEach(({ up = true }, i) => {
    if (up) backend.servers[i].setAddresses([ADDRESS], "");
  });
  return backend;
}

/** The names of what is chosen for `count` streams that stay. */
function chosen(backend: Backend, count: number): string {
  return Array.from({ length: count }, () => {
    const server = backend.choose(null, NO_KEY);
    if (server !== null) backend.beginOn(server);
    return server?.config.name ?? "none";
  }).join(" ");
}

describe("choosing a server", () => {
  it("begins with no stream", () => {
    const backend = newBackend([{}]);
    expect([backend.currentConns, backend.servers[0].currentConns]).toEqual([0, 0]);
  });

  it("follows the algorithm and the weights", () => {
    expect(chosen(newBackend([{ weight: 2 }, {}]), 6)).toBe("s1 s2 s1 s1 s2 s1");
  });

  it("leaves out a server as long as its name does not resolve", () => {
    const backend = newBackend([{ up: false }, {}]);
    expect(chosen(backend, 3)).toBe("s2 s2 s2");
    backend.servers[0].setAddresses([ADDRESS], "");
    expect(chosen(backend, 4)).toBe("s1 s2 s1 s2");
    backend.servers[1].setAddresses([], "gone");
    expect(chosen(backend, 2)).toBe("s1 s1");
  });

  it("leaves out those that the stream failed on", () => {
    const backend = newBackend([{}, {}, { backup: true }]);
    const tried = backend.newTriedSet();
    const names: string[] = [];
    for (let server: Server | null; (server = backend.choose(tried, NO_KEY)) !== null;) {
      names.push(server.config.name);
      tried.set(server.index);
    }
    expect(names).toEqual(["s1", "s2", "s3"]);
  });

  it("has a set of tried servers for as many as there are", () => {
    const backend = newBackend(Array.from({ length: 40 }, () => ({})));
    const tried = backend.newTriedSet();
    for (let i = 0; i < 39; i++) tried.set(i);
    expect(backend.choose(tried, NO_KEY)?.config.name).toBe("s40");
  });

  it("counts the streams of each server", () => {
    const backend = newBackend([{}]);
    const [server] = backend.servers;
    backend.beginOn(server);
    backend.beginOn(server);
    backend.endOn(server);
    expect([server.currentConns, server.counters.streams]).toEqual([1, 2]);
  });
});

describe("the words when no server can be chosen", () => {
  it("say of each server why", () => {
    const backend = newBackend([{ up: false }, { weight: 0 }, {}, { up: false }]);
    backend.servers[3].setAddresses([], "db.test does not resolve (NXDOMAIN)");
    expect(backend.describeNoServer()).toBe(
      "no server of backend app can be used (s1: its name is not resolved yet; " +
        "s2: weight 0 takes no new traffic; s3: tried already; s4: db.test does not resolve (NXDOMAIN))",
    );
  });
});

describe("priorityClass", () => {
  it.each(
    [["high", IoClass.INTERACTIVE], ["normal", IoClass.NORMAL], ["low", IoClass.BULK]] as const,
  )("of %s", (priority, ioClass) => expect(priorityClass(priority)).toBe(ioClass));

  it("is the backend's class", () => expect(newBackend([{}]).ioClass).toBe(IoClass.INTERACTIVE));
});
