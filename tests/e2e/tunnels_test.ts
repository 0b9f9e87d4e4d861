/** Tunnels of the built program: how long they live, open both ways and half-closed. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { type Peer, ScriptedServer } from "../support/program/peers.ts";

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n";

/** A server that reads a head, does as told, and keeps the connection until the client ends its side. */
function serverAfterHead(serve: (peer: Peer) => Promise<void>) {
  const server = keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await serve(peer);
      await peer.readAll();
    }),
  );
  return { server };
}

describe("a tunnel", () => {
  const FINS = ["--timeout-client-fin", "200ms", "--timeout-server-fin", "200ms"];

  it("lives by --timeout-tunnel, not by those of client and server", async () => {
    const { server } = serverAfterHead(async (peer) => {
      await peer.send(SWITCH);
      await peer.readUntil("ping");
      await peer.send("pong");
    });
    const timeouts = ["--timeout-client", "150ms", "--timeout-server", "150ms"];
    const { program, port } = await startHadro("http", [server.port], ...timeouts, ...FINS);
    const peer = await connect(port);
    await peer.send(UPGRADE);
    await peer.readUntil("\r\n\r\n");
    await new Promise((wake) => setTimeout(wake, 500));
    await peer.send("ping");
    expect(await peer.readUntil("pong")).toContain("pong");
    expect(program.stdout.lines.length).toBe(0);
  });

  it("that is idle ends when --timeout-tunnel is over: sD", async () => {
    const { server } = serverAfterHead((peer) => peer.send(SWITCH));
    const { program, port } = await startHadro("http", [server.port], "--timeout-tunnel", "200ms");
    const peer = await connect(port);
    await peer.send(UPGRADE);
    await peer.readAll();
    expect(await program.log()).toMatchObject({
      ...{ status: 101, term: "sD", why: "the tunnel was idle for too long" },
    });
    await expectIdle(program);
  });

  it("whose client has ended its side waits --timeout-server-fin for the server: sD", async () => {
    const { server } = serverAfterHead((peer) => peer.send(SWITCH));
    const { program, port } = await startHadro("http", [server.port], ...FINS);
    const peer = await connect(port);
    await peer.send(UPGRADE);
    await peer.readUntil("\r\n\r\n");
    await peer.closeWrite();
    await peer.readAll();
    expect(await program.log()).toMatchObject({
      ...{ status: 101, term: "sD", why: "the server was half-closed and inactive for too long" },
    });
    await expectIdle(program);
  });

  it("whose server has ended its side waits --timeout-client-fin for the client: cD", async () => {
    const { server } = serverAfterHead(async (peer) => {
      await peer.send(SWITCH);
      await peer.closeWrite();
    });
    const { program, port } = await startHadro("http", [server.port], ...FINS);
    const peer = await connect(port);
    await peer.send(UPGRADE);
    await peer.readAll();
    expect(await program.log()).toMatchObject({
      ...{ status: 101, term: "cD", why: "the client was half-closed and inactive for too long" },
    });
    await expectIdle(program);
  });
});
