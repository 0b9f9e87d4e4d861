/** TCP through the built program: every byte in order, ends and resets passed on, and the log line. @module */
import { describe, expect, it } from "vitest";
import { receiveBulk, sendBulk } from "../support/program/bulk.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { refusedPort, ScriptedServer } from "../support/program/peers.ts";
import { ResetPeer, ResetServer } from "../support/program/reset_peer.ts";
import { SilentServer } from "../support/program/silent_server.ts";

const BULK_BYTES = 64 * 1_024 * 1_024;
/** What hadro may hold of one connection whose peer does not read: a buffer, a read and a send place, each way. */
const HELD_BUFFERS_MAX = 6;

/** Long enough to be told from the timeouts of a connection that is open both ways (60 s). */
const FIN_TIMEOUTS = ["--timeout-client-fin", "200ms", "--timeout-server-fin", "200ms"];
const FIN_WAIT_MS_MAX = 3_000;

/** What a client receives that sends nothing; "" when it is refused with a reset, which may come before it knows of its connect. */
async function listenOnly(port: number): Promise<string> {
  try {
    return await (await connect(port)).readAll();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return "";
    throw error;
  }
}

/** Answers `pong` to `ping`, then waits for the end and ends as well. */
function pingServer(): ScriptedServer {
  return new ScriptedServer(async (peer) => {
    await peer.readUntil("ping");
    await peer.send("pong");
    await peer.readAll();
    peer.close();
  });
}

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
    await program.countersWhen((c) => c.buffersInUse > 0);
    // Stalled: no byte moved between two looks.
    let calls = -1;
    const stalled = await program.countersWhen((c) => {
      const isStill = c.ioCalls === calls;
      calls = c.ioCalls;
      return isStill;
    });
    expect(stalled.buffersInUse).toBeLessThanOrEqual(HELD_BUFFERS_MAX);
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

describe("no server", () => {
  it("goes to another server when one refuses: +1 retry", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [refusedPort(), server.port]);
    const client = await connect(port);
    await client.send("ping");
    expect(await client.readUntil("pong")).toBe("pong");
    client.close();
    expect(await program.log()).toMatchObject({
      server: "s2",
      server_addr: `127.0.0.1:${server.port}`,
      retries: 1,
      redispatched: true,
      term: "--",
      why: null,
    });
    await expectIdle(program);
  });

  it("closes the client's connection without a byte when all refuse: SC after the retries", async () => {
    const dead = refusedPort();
    const { program, port } = await startHadro("tcp", [dead], "--retries", "1");
    expect(await listenOnly(port)).toBe("");
    const line = await program.log();
    expect(line).toMatchObject({
      term: "SC",
      why: `127.0.0.1:${dead} refused the connection (ECONNREFUSED)`,
      server: "s1",
      retries: 1,
      redispatched: false,
      t_queue_ms: 0,
      t_conn_ms: null,
      bytes_in: 0,
      bytes_out: 0,
    });
    // A server that refused is tried again after a second (HAProxy's turn-around).
    expect(Number(line.t_total_ms)).toBeGreaterThanOrEqual(990);
    await expectIdle(program);
  });

  it("gives up on a server that does not accept in time: sC", async () => {
    const server = keep(await SilentServer.start());
    const flags = ["--retries", "0", "--timeout-connect", "150ms"];
    const { program, port } = await startHadro("tcp", [server.port], ...flags);
    expect(await listenOnly(port)).toBe("");
    const line = await program.log();
    expect(line).toMatchObject({
      term: "sC",
      why: `127.0.0.1:${server.port} did not accept the connection within 150 ms`,
      retries: 0,
      t_conn_ms: null,
    });
    expect(Number(line.t_total_ms)).toBeGreaterThanOrEqual(149);
    await expectIdle(program);
  });

  it("goes to another server when one does not accept in time, and counts it all as connect time", async () => {
    const silent = keep(await SilentServer.start());
    const server = keep(pingServer());
    const { program, port } = await startHadro(
      "tcp",
      [silent.port, server.port],
      "--timeout-connect",
      "150ms",
    );
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    const line = await program.log();
    expect(line).toMatchObject({ term: "--", server: "s2", retries: 1, redispatched: true });
    expect(Number(line.t_conn_ms)).toBeGreaterThanOrEqual(149);
    await expectIdle(program);
  });

  it("starts with a name that does not resolve, closes connections at once, and says why: SC", async () => {
    const { program, port } = await startHadro("tcp", ["no-such-name.invalid:80"]);
    await program.stderr.waitFor(/server app\/s1 is DOWN: name no-such-name\.invalid does not resolve/);
    expect(await listenOnly(port)).toBe("");
    const line = await program.log();
    expect(line).toMatchObject({ term: "SC", server: null, server_addr: null, t_queue_ms: null });
    expect(String(line.why)).toContain("no-such-name.invalid does not resolve");
    await expectIdle(program);
  });

  // As HAProxy: a client that is gone does not keep its place until all attempts timed out.
  it.each([
    ["ends", "CC", (client: ResetPeer) => client.end()],
    ["resets", "C[CD]", (client: ResetPeer) => client.reset()],
  ])("gives up at once when the client %s while hadro still connects: %s", async (_verb, term, leave) => {
    const server = keep(await SilentServer.start());
    const flags = ["--retries", "0", "--timeout-connect", "1s"];
    const { program, port } = await startHadro("tcp", [server.port], ...flags);
    const client = await ResetPeer.connect(port);
    await program.countersWhen((c) => c.connects === 1);
    leave(client);
    const line = await program.log();
    expect(line).toMatchObject({ server: "s1", retries: 0, t_conn_ms: null });
    expect(line.term).toMatch(new RegExp(`^${term}$`));
    await expectIdle(program);
  });
});

describe("inactivity", () => {
  it.each([
    ["--timeout-client", "cD", "the client was inactive for too long"],
    ["--timeout-server", "sD", "the server was inactive for too long"],
  ])("ends a connection on which nothing moves by %s: %s", async (flag, term, why) => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port], flag, "200ms");
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    expect(await client.readAll()).toBe("pong");
    const line = await program.log();
    expect(line).toMatchObject({ term, why, bytes_in: 4, bytes_out: 4 });
    expect(Number(line.t_total_ms)).toBeGreaterThanOrEqual(199);
    await expectIdle(program);
  });

  it("does not end one that moves one way only: what a client receives counts as its activity", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        for (let i = 0; i < 12; i++) {
          await peer.send("tick");
          await pause(100);
        }
        peer.close();
      }),
    );
    const timeouts = ["--timeout-client", "600ms", "--timeout-server", "600ms"];
    const { program, port } = await startHadro("tcp", [server.port], ...timeouts);
    const client = await connect(port);
    expect(await client.readAll()).toBe("tick".repeat(12));
    client.close();
    expect(await program.log()).toMatchObject({ term: "--", bytes_out: 48 });
  });

  // As HAProxy 2.6 does: once one side has ended, the other side is waited for with its own -fin timeout.
  it("gives a server --timeout-server-fin once its client has ended its side: sD", async () => {
    const hasEnded = Promise.withResolvers<void>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readAll();
        hasEnded.resolve();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port], ...FIN_TIMEOUTS);
    const client = await connect(port);
    await client.send("ping");
    await client.closeWrite();
    await hasEnded.promise;
    expect(await program.stdout.waitFor(/^\{/, FIN_WAIT_MS_MAX)).toMatch(/"term":"sD","why":"the server /);
    await expectIdle(program);
  });

  it("gives a client --timeout-client-fin once its server has ended its side: cD", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.send("bye");
        await peer.closeWrite();
        await peer.readAll();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port], ...FIN_TIMEOUTS);
    const client = await connect(port);
    expect(await client.readAll()).toBe("bye");
    expect(await program.stdout.waitFor(/^\{/, FIN_WAIT_MS_MAX)).toMatch(/"term":"cD","why":"the client /);
    await expectIdle(program);
  });
});

describe("TCP log lines", () => {
  const DATE = String
    .raw`\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d\.\d{3}`;

  it("are HAProxy's tcplog with --log haproxy", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port], "--log", "haproxy");
    const client = await connect(port);
    const clientPort = (client.conn.localAddr as Deno.NetAddr).port;
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    expect(await program.stdout.waitFor(/./)).toMatch(
      new RegExp(
        String.raw`^127\.0\.0\.1:${clientPort} \[${DATE}\] fe app/s1 0/\d{1,4}/\d{1,4} 4 -- 1/1/1/1/0 0/0$`,
      ),
    );
  });

  it("have +1 for a redispatch, -1 for what was not reached, with --log haproxy", async () => {
    const server = keep(pingServer());
    const dead = refusedPort();
    const { program, port } = await startHadro("tcp", [dead, server.port], "--log", "haproxy");
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    expect(await program.stdout.waitFor(/./)).toMatch(/ fe app\/s2 0\/\d+\/\d+ 4 -- 1\/1\/1\/1\/\+1 0\/0$/);

    const refusing = await startHadro("tcp", [dead], "--log", "haproxy", "--retries", "0");
    expect(await listenOnly(refusing.port)).toBe("");
    expect(await refusing.program.stdout.waitFor(/./)).toMatch(
      / fe app\/s1 0\/-1\/\d+ 0 SC 1\/1\/1\/[01]\/0 0\/0$/,
    );

    const nameless = await startHadro("tcp", ["no-such-name.invalid:80"], "--log", "haproxy");
    await nameless.program.stderr.waitFor(/is DOWN/);
    expect(await listenOnly(nameless.port)).toBe("");
    expect(await nameless.program.stdout.waitFor(/./)).toMatch(
      / fe app\/<NOSRV> -1\/-1\/\d+ 0 SC 1\/1\/1\/0\/0 0\/0$/,
    );
  });

  it("have every TCP field in JSON, and no HTTP field", async () => {
    const server = keep(pingServer());
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    const clientPort = (client.conn.localAddr as Deno.NetAddr).port;
    const beganMs = Date.now();
    await client.send("ping");
    await client.readUntil("pong");
    client.close();
    const line = await program.log();
    expect(line).toEqual({
      v: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      scheme: "tcp",
      client: "127.0.0.1",
      client_port: clientPort,
      frontend: "fe",
      backend: "app",
      server: "s1",
      server_addr: `127.0.0.1:${server.port}`,
      bytes_out: 4,
      bytes_in: 4,
      t_queue_ms: 0,
      t_conn_ms: expect.any(Number),
      t_total_ms: expect.any(Number),
      retries: 0,
      redispatched: false,
      term: "--",
      why: null,
      conns_process: 1,
      conns_frontend: 1,
      conns_backend: 1,
      conns_server: 1,
      queue_server: 0,
      queue_backend: 0,
    });
    expect(Math.abs(Date.parse(String(line.time)) - beganMs)).toBeLessThan(5_000);
    expect(Number(line.t_total_ms)).toBeGreaterThanOrEqual(Number(line.t_conn_ms));
  });
});

/** Pace of a peer that a test is about; never a wait for something to happen. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
