/** TCP through the built program when a server, a client or time fails: what both see, and the log line. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { refusedPort, ScriptedServer } from "../support/program/peers.ts";
import { ResetPeer } from "../support/program/reset_peer.ts";
import { SilentServer } from "../support/program/silent_server.ts";
import { listenOnly, pingServer } from "../support/program/tcp_peers.ts";

/** Long enough to be told from the timeouts of a connection that is open both ways (60 s). */
const FIN_TIMEOUTS = ["--timeout-client-fin", "200ms", "--timeout-server-fin", "200ms"];
const FIN_WAIT_MS_MAX = 3_000;

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

/** Pace of a peer that a test is about; never a wait for something to happen. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
