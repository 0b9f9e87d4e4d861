/** A server and the addresses that its name resolves to. @module */
import { describe, expect, it } from "vitest";
import type { ServerConfig, TcpConfig } from "../../../src/config/model.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { Server } from "../../../src/proxy/server.ts";
import { SimWorld } from "../../support/sim/sim_world.ts";

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((host): SocketAddress => ({
  kind: "tcp",
  host,
  port: 80,
}));

const V6: SocketAddress = { kind: "tcp", host: "fd00::1", port: 80 };
const TCP: TcpConfig = { keepAlive: null, userTimeoutMs: 5_000 };

function newServer(config: Partial<ServerConfig> = {}): { server: Server; changes: boolean[] } {
  const { engine } = new SimWorld({ seed: 1, flavour: "edge" });
  const changes: boolean[] = [];
  const server = new Server(
    {
      name: "s1",
      endpoint: { kind: "tcp", host: "a.test", port: 80, path: "" },
      weight: 3,
      backup: true,
      source: null,
      proxyOut: null,
      tls: null,
      checkEndpoint: null,
      cookie: null,
      queue: null,
      resolvePrefer: "ipv4",
      template: null,
      slot: 0,
      ...config,
    },
    7,
    engine,
    {
      tcp: TCP,
      httpReuse: "safe",
      poolPurgeMs: 5_000,
      poolMaxConn: 10,
      onUsableChange: ({ usable }) => changes.push(usable),
      onIdleClosed: () => {},
    },
  );
  return { server, changes };
}

describe("a server", () => {
  it("is what the balancer asks for", () => {
    const { server } = newServer();
    expect(server).toMatchObject({
      config: { name: "s1" },
      index: 7,
      weight: 3,
      isBackup: true,
      usable: false,
      currentConns: 0,
    });
  });

  it("cannot be used until its name resolves, and says why", () => {
    const { server, changes } = newServer();
    expect([server.usable, server.downReason]).toEqual([false, "its name is not resolved yet"]);
    server.setAddresses([], "a.test does not resolve");
    expect([server.usable, server.downReason, changes]).toEqual([false, "a.test does not resolve", []]);
    server.setAddresses([A], "old news");
    expect([server.usable, server.downReason, changes]).toEqual([true, "", [true]]);
    server.setAddresses([], "a.test is gone");
    expect([server.usable, server.downReason, changes]).toEqual([false, "a.test is gone", [true, false]]);
  });

  it("tells of a change only when it may be used or no more", () => {
    const { server, changes } = newServer();
    server.setAddresses([A], "");
    server.setAddresses([B, C], "");
    expect(changes).toEqual([true]);
  });
});

describe("the addresses of a server", () => {
  it("are tried in order, and round again", () => {
    const { server } = newServer();
    server.setAddresses([A, B, C], "");
    expect(server.addressCount).toBe(3);
    expect([0, 1, 2, 3].map((attempt) => server.address(attempt))).toEqual([A, B, C, A]);
  });

  it("begin with the one that worked last", () => {
    const { server } = newServer();
    server.setAddresses([A, B, C], "");
    server.preferAddress(1);
    expect([0, 1, 2].map((attempt) => server.address(attempt))).toEqual([B, C, A]);
    server.preferAddress(2);
    expect([0, 1, 2].map((attempt) => server.address(attempt))).toEqual([A, B, C]);
  });

  it("begin with the first again when the name resolves anew", () => {
    const { server } = newServer();
    server.setAddresses([A, B, C], "");
    server.preferAddress(1);
    server.setAddresses([B, C], "");
    expect(server.address(0)).toEqual(B);
  });
});

describe("connections to a server", () => {
  const from = (...hosts: string[]) => ({ source: { interfaceName: "", hosts, port: 7 } });
  const comesFrom = (host: string) => ({ tcp: TCP, source: { kind: "tcp", host, port: 7 } });

  it("come from where the system chooses, with what TCP is told", () => {
    const { server } = newServer();
    server.setAddresses([A, V6], "");
    expect([0, 1].map((attempt) => server.connectOptions(attempt))).toEqual([
      { tcp: TCP, source: null },
      { tcp: TCP, source: null },
    ]);
  });

  it("come from the source of the address's family, beginning with the address that worked last", () => {
    const { server } = newServer(from("10.0.0.9", "fd00::9"));
    server.setAddresses([A, V6], "");
    server.preferAddress(1);
    expect([server.address(0), server.connectOptions(0)]).toEqual([V6, comesFrom("fd00::9")]);
    expect([server.address(1), server.connectOptions(1)]).toEqual([A, comesFrom("10.0.0.9")]);
  });

  it("go to no address of a family without a source", () => {
    const { server } = newServer(from("fd00::9"));
    server.setAddresses([A, V6, B], "");
    expect([server.addressCount, server.address(0), server.connectOptions(0)])
      .toEqual([1, V6, comesFrom("fd00::9")]);
  });

  it("are not possible when no address has a source; the addresses stay known, for the log", () => {
    const { server } = newServer(from("fd00::9"));
    server.setAddresses([A], "");
    expect([server.usable, server.address(0), server.connectOptions(0)]).toEqual([true, A, null]);
  });

  it("to a unix socket come from nowhere", () => {
    const { server } = newServer(from("fd00::9"));
    server.setAddresses([{ kind: "unix", path: "/a" }], "");
    expect(server.connectOptions(0)).toEqual({ tcp: TCP, source: null });
  });

  it("that rest somewhere can be told from those to other addresses", () => {
    const { server } = newServer();
    const before = server.addressVersion;
    server.setAddresses([A], "");
    expect(server.addressVersion).not.toBe(before);
  });
});
