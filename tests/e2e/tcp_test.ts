/** TCP through the built program: every byte in order, ends and resets passed on. @module */
import { describe, expect, it } from "vitest";
import { receiveBulk, sendBulk } from "../support/program/bulk.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { ScriptedServer } from "../support/program/peers.ts";
import { ResetPeer, ResetServer } from "../support/program/reset_peer.ts";
import { pingServer } from "../support/program/tcp_peers.ts";

const BULK_BYTES = 64 * 1_024 * 1_024;
/** What hadro may hold of one connection whose peer does not read: a buffer, a read and a send place, each way. */
const HELD_BUFFERS_MAX = 6;

describe("bytes", () => {
  it("carries 64 MB each way at once in chunks of all sizes, unchanged and in order", async () => {
    const atServer = Promise.withResolvers<unknown[]>();
    const server = keep(
      new ScriptedServer(async ({ conn }) => {
        atServer.resolve(await Promise.all([sendBulk(conn, BULK_BYTES, 1), receiveBulk(conn)]));
        conn.close();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const { conn } = await connect(port);
    const [sent, received] = await Promise.all([sendBulk(conn, BULK_BYTES, 2), receiveBulk(conn)]);
    expect(await atServer.promise).toEqual([received, sent]);
    expect(await program.log()).toMatchObject({ bytes_in: BULK_BYTES, bytes_out: BULK_BYTES, term: "--" });
    await expectIdle(program);
  });

  it("stops reading from a client whose server does not read, holding a few buffers only", async () => {
    const mayRead = Promise.withResolvers<void>();
    const server = keep(
      new ScriptedServer(async ({ conn }) => {
        await mayRead.promise;
        const { sha256 } = await receiveBulk(conn);
        await conn.write(new TextEncoder().encode(sha256));
        conn.close();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    const sending = sendBulk(client.conn, BULK_BYTES, 3);
    await program.countersWhen((c) => c.buffersInUse + c.pipesInUse > 0);
    // Stalled: no byte moved between two looks.
    let calls = -1;
    const stalled = await program.countersWhen((c) => {
      const isStill = c.ioCalls === calls;
      calls = c.ioCalls;
      return isStill;
    });
    expect(stalled.buffersInUse + stalled.pipesInUse).toBeLessThanOrEqual(HELD_BUFFERS_MAX);
    mayRead.resolve();
    const { sha256 } = await sending;
    expect(await client.readAll()).toBe(sha256);
    expect(await program.log()).toMatchObject({ bytes_in: BULK_BYTES, bytes_out: 64, term: "--" });
    await expectIdle(program);
  });

  it("lets the server speak first, and carries each byte at once", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.send("220 ready\r\n");
        await peer.readUntil("QUIT");
        await peer.send("221 bye\r\n");
        peer.close();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    expect(await client.readUntil("\n")).toBe("220 ready\r\n");
    for (const byte of "QUIT") await client.send(byte);
    expect(await client.readAll()).toBe("220 ready\r\n221 bye\r\n");
    expect(client.error).toBeNull();
    // The client's side is still open: hadro waits for its end.
    client.close();
    expect(await program.log()).toMatchObject({ bytes_in: 4, bytes_out: 20, term: "--", why: null });
    await expectIdle(program);
  });

  it("makes a line for each of many connections and keeps nothing of them", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port]);
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(port)));
    await Promise.all(clients.map((client) => client.send("ping")));
    await Promise.all(clients.map((client) => client.readUntil("pong")));
    expect(await program.counters()).toMatchObject({ connections: 100 });
    await Promise.all(clients.map((client) => client.closeWrite()));
    await Promise.all(clients.map((client) => client.readAll()));
    await program.log(99);
    await expectIdle(program);
    expect(program.stdout.lines.length).toBe(100);
    expect(await program.counters()).toMatchObject({ fds: 1, accepts: 100, connects: 100 });
  });
});

describe("half-close", () => {
  it("delivers the answer that the server gives after the client ended its side", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        const question = await peer.readAll();
        await peer.send(`answer to ${question}`);
        peer.close();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    await client.send("question");
    await client.closeWrite();
    expect(await client.readAll()).toBe("answer to question");
    expect(client.error).toBeNull();
    expect(await program.log()).toMatchObject({ bytes_in: 8, bytes_out: 18, term: "--", why: null });
    await expectIdle(program);
  });

  it("delivers what the client sends after the server ended its side", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.send("go");
        await peer.closeWrite();
        await peer.readAll();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    expect(await client.readAll()).toBe("go");
    await client.send("upload");
    client.close();
    expect(await program.log()).toMatchObject({ bytes_in: 6, bytes_out: 2, term: "--", why: null });
    expect(server.peers[0].received).toBe("upload");
    expect(server.peers[0].error).toBeNull();
    await expectIdle(program);
  });
});

describe("resets", () => {
  it("passes the client's reset on to the server: CD", async () => {
    const hasArrived = Promise.withResolvers<void>();
    const serverError = Promise.withResolvers<string | null>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("half a mess");
        hasArrived.resolve();
        await peer.readAll();
        serverError.resolve(peer.error);
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await ResetPeer.connect(port);
    client.send("half a mess");
    await hasArrived.promise;
    client.reset();
    expect(await serverError.promise).toBe("ConnectionReset");
    expect(await program.log()).toMatchObject({
      term: "CD",
      why: "the client reset the connection",
      bytes_in: 11,
      bytes_out: 0,
    });
    await expectIdle(program);
  });

  it("passes the server's reset on to the client: SD", async () => {
    const server = keep(
      await ResetServer.start(async (peer) => {
        peer.send("half an ans");
        await peer.readUntil("more");
        peer.reset();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    await client.readUntil("ans");
    await client.send("more");
    await client.readAll();
    expect(client.error).toBe("ConnectionReset");
    expect(await program.log()).toMatchObject({
      term: "SD",
      why: "the server reset the connection",
      bytes_in: 4,
      bytes_out: 11,
    });
    await expectIdle(program);
  });
});
