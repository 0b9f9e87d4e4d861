/** A server and the addresses that its name resolves to. @module */
import { describe, expect, it } from "vitest";
import type { ServerConfig } from "../../../src/config/model.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import { Server } from "../../../src/proxy/server.ts";
import { SimWorld } from "../../support/sim/sim_world.ts";

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((host): SocketAddress => ({
  kind: "tcp",
  host,
  port: 80,
}));

function newServer(config: Partial<ServerConfig> = {}): { server: Server; changes: boolean[] } {
  const { engine } = new SimWorld({ seed: 1, flavour: "edge" });
  const changes: boolean[] = [];
  const server = new Server(
    {
      name: "s1",
      endpoint: { kind: "tcp", host: "a.test", port: 80, path: "" },
      weight: 3,
      backup: true,
      ...config,
    },
    7,
    engine,
    {
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
