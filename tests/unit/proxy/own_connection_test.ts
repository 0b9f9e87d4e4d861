/** The idle connection that a session keeps for itself, over a simulated network. @module */
import { describe, expect, it } from "vitest";
import type { H1Back } from "../../../src/mux/h1_back.ts";
import { NO_FD } from "../../../src/mux/socket_end.ts";
import { NEVER_MS } from "../../../src/event/task.ts";
import { OwnConnection } from "../../../src/proxy/own_connection.ts";
import { Server } from "../../../src/proxy/server.ts";
import { SimBacks } from "../../support/sim/sim_backs.ts";
import { SIM_FLAVOURS } from "../../support/sim/sim_poller.ts";

const PURGE_MS = 5_000;
const ADDRESSES = [{ kind: "tcp", host: "10.0.0.1", port: 80 }] as const;

class Bench extends SimBacks {
  closedCount = 0;
  readonly own = new OwnConnection({
    engine: this.world.engine,
    onServerConnectionClosed: () => this.closedCount++,
  });

  newServer(poolMaxConn = 10): Server {
    const server = new Server(
      {
        name: "s1",
        endpoint: { kind: "tcp", host: "10.0.0.1", port: 80, path: "" },
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
      },
      0,
      this.world.engine,
      {
        tcp: { keepAlive: null, userTimeoutMs: 0 },
        httpReuse: "never",
        poolPurgeMs: PURGE_MS,
        poolMaxConn,
        onUsableChange: () => {},
        onIdleClosed: () => {},
      },
    );
    server.setAddresses(ADDRESSES, "");
    return server;
  }

  /** Connects and puts to rest. */
  rest(server: Server): H1Back {
    const back = this.open();
    expect(this.own.put(back, server)).toBe(true);
    return back;
  }
}

describe("a session's own connection", () => {
  it("is taken for the server that it goes to, once", () => {
    const bench = new Bench();
    const server = bench.newServer();
    expect(bench.own.take(server)).toBeNull();
    const back = bench.rest(server);
    expect([bench.own.take(server), bench.own.take(server)]).toEqual([back, null]);
    expect([bench.closedCount, bench.own.deadlineMs, back.hasBuffer]).toEqual([0, NEVER_MS, false]);
  });

  it("is told to be closed after the purge delay", () => {
    const bench = new Bench();
    const back = bench.rest(bench.newServer());
    expect(bench.own.deadlineMs).toBe(bench.world.engine.nowMs + PURGE_MS);
    bench.own.close();
    expect([back.fd, bench.own.deadlineMs]).toEqual([NO_FD, NEVER_MS]);
  });

  it("is closed when another server is used", () => {
    const bench = new Bench();
    const server = bench.newServer();
    const back = bench.rest(server);
    expect(bench.own.take(bench.newServer())).toBeNull();
    expect([back.fd, bench.closedCount, server.counters.idleClosed]).toEqual([NO_FD, 1, 1]);
  });

  it("is closed when the addresses of its server have changed", () => {
    const bench = new Bench();
    const server = bench.newServer();
    const back = bench.rest(server);
    server.setAddresses([...ADDRESSES], "");
    expect([bench.own.take(server), back.fd]).toEqual([null, NO_FD]);
  });

  it("is closed when its header told another authority than the request has", () => {
    const bench = new Bench();
    const server = bench.newServer();
    const back = bench.rest(server);
    back.authority = "a.test";
    expect(bench.own.take(server, "a.test")).toBe(back);
    bench.own.put(back, server);
    expect([bench.own.take(server, "b.test"), back.fd, bench.closedCount]).toEqual([null, NO_FD, 1]);
  });

  it("is one: the next takes its place", () => {
    const bench = new Bench();
    const server = bench.newServer();
    const [first, second] = [bench.rest(server), bench.rest(server)];
    expect([first.fd, bench.own.take(server)]).toEqual([NO_FD, second]);
  });

  it("is none where no idle connections are kept", () => {
    const bench = new Bench();
    const back = bench.open();
    expect(bench.own.put(back, bench.newServer(0))).toBe(false);
    expect(back.fd).not.toBe(NO_FD);
  });

  it.each(SIM_FLAVOURS)(
    "leaves when its server ends it, and leaves nothing, on a poller of the kind %s",
    (flavour) => {
      const bench = new Bench(flavour);
      const server = bench.newServer();
      const back = bench.rest(server);
      bench.peer(0).close();
      bench.settle();
      expect([back.fd, bench.own.take(server), bench.closedCount]).toEqual([NO_FD, null, 1]);
      expect(bench.world.engine.fdTable.openCount).toBe(0);
    },
  );

  it("is not taken when it died, even before the poller reported it", () => {
    const bench = new Bench();
    const server = bench.newServer();
    const back = bench.rest(server);
    bench.peer(0).close();
    bench.arrive(() => !bench.world.engine.poller.isIdleAlive(back.fd));
    expect(bench.own.take(server)).toBeNull();
  });
});
