/** What sockets are given: the source of connections, TCP keep-alive, TCP's user timeout. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { keepAliveTimerMs } from "../support/program/socket_timers.ts";
import { listenOnly, pingServer } from "../support/program/tcp_peers.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const BODY_BYTES = 32 * 1_048_576;

/** Where the connections of a server came from. */
function sourcesOf(server: ScriptedServer): Deno.NetAddr[] {
  return server.peers.map((peer) => peer.conn.remoteAddr as Deno.NetAddr);
}

describe("the source of connections to a server", () => {
  it.each(["tcp", "http"] as const)("is each server's own, for %s", async (scheme) => {
    const servers = [0, 1].map(() =>
      keep(scheme === "tcp" ? pingServer() : httpServer(() => response("pong")))
    );
    const words = servers.map(({ port }, i) => `127.0.0.1:${port},source=127.0.0.${i + 8}`);
    const { port } = await startHadro(scheme, words);
    for (let i = 0; i < 4; i++) {
      const client = await connect(port);
      await client.send(scheme === "tcp" ? "ping" : GET);
      await client.readUntil("pong");
    }
    expect(servers.map((server) => sourcesOf(server).map(({ hostname }) => hostname)))
      .toEqual([["127.0.0.8", "127.0.0.8"], ["127.0.0.9", "127.0.0.9"]]);
  });

  it("may have a port", async () => {
    const server = keep(pingServer());
    const from = refusedPort();
    const { port } = await startHadro("tcp", [`127.0.0.1:${server.port},source=127.0.0.8:${from}`]);
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    expect(sourcesOf(server)).toMatchObject([{ hostname: "127.0.0.8", port: from }]);
  });

  it("may be an interface", async () => {
    const server = keep(pingServer());
    const { port } = await startHadro("tcp", [`127.0.0.1:${server.port},source=lo`]);
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    expect(sourcesOf(server)).toMatchObject([{ hostname: "127.0.0.1" }]);
  });

  it("leaves out addresses of another family: localhost is ::1 only", async () => {
    const server = keep(pingServer());
    const word = `localhost:${server.port},source=::1`;
    const { program, port } = await startHadro("tcp", [word], "--retries", "0");
    expect(await listenOnly(port)).toBe("");
    expect(await program.log()).toMatchObject({ term: "SC", server_addr: `[::1]:${server.port}` });
    expect(server.peers).toEqual([]);
  });

  it("that fits no address is a failed connect that says so; another server answers if there is one", async () => {
    const server = keep(httpServer(() => response("hello")));
    const bad = `127.0.0.1:${server.port},source=::1`;
    const { program, port } = await startHadro("http", [bad], "--retries", "0");
    const client = await connect(port);
    await client.send(GET);
    expect(await client.readUntil("request.\n")).toMatch(/^HTTP\/1\.1 503 /);
    expect(await program.log()).toMatchObject({
      status: 503,
      term: "SC",
      server_addr: `127.0.0.1:${server.port}`,
      why: `cannot connect to 127.0.0.1:${server.port} from ::1 (one is IPv4, the other IPv6)`,
    });
    client.close();
    await expectIdle(program);

    const both = await startHadro("http", [bad, server.port]);
    const other = await connect(both.port);
    await other.send(GET);
    expect(await other.readUntil("hello")).toBe(response("hello"));
    expect(await both.program.log()).toMatchObject({
      server: "s2",
      retries: 1,
      redispatched: true,
      term: "--",
    });
  });

  it("that this machine has not is a failed connect, too", async () => {
    const server = keep(pingServer());
    const word = `127.0.0.1:${server.port},source=192.0.2.1`;
    const { program, port } = await startHadro("tcp", [word], "--retries", "0");
    expect(await listenOnly(port)).toBe("");
    expect(await program.log()).toMatchObject({
      term: "SC",
      why: `cannot connect to 127.0.0.1:${server.port} from 192.0.2.1 (EADDRNOTAVAIL)`,
    });
    await expectIdle(program);
  });

  it("is refused with a poller that cannot choose it", async () => {
    const program = keep(Program.spawn(["8080", "127.0.0.1:1,source=127.0.0.8", "--poller", "deno"]));
    expect(await program.exitCode()).toBe(2);
    await program.stderr.ended;
    expect(program.stderr.lines[0]).toBe(
      "hadro: Cannot use source=127.0.0.8 in <backend>: poller deno cannot choose it; poller epoll (Linux) can",
    );
  });
});

describe("TCP keep-alive", () => {
  /** What is left of the timers towards the client and the server of one connection on which nothing moves. */
  async function timers(backendKeys: string, ...flags: string[]): Promise<(number | null)[]> {
    const server = keep(pingServer());
    const { port } = await startHadro("tcp", [`127.0.0.1:${server.port}${backendKeys}`], ...flags);
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    const hadroPort = sourcesOf(server)[0].port;
    const { port: clientPort } = client.conn.localAddr as Deno.NetAddr;
    return [await keepAliveTimerMs(port, clientPort), await keepAliveTimerMs(hadroPort, server.port)];
  }

  it("is off", async () => {
    expect(await timers("")).toEqual([null, null]);
  });

  it("is what the flag says on both sides, and a backend may say otherwise", async () => {
    const [client, server] = await timers(",tcp-keepalive=30s", "--tcp-keepalive", "60s:10s:3");
    expect(client).toBeGreaterThan(50_000);
    expect(client).toBeLessThanOrEqual(61_000);
    expect(server).toBeGreaterThan(20_000);
    expect(server).toBeLessThanOrEqual(31_000);
  });

  it("may be on a listener only, with the system's times", async () => {
    const [client, server] = await timers(",tcp-keepalive=off", "--tcp-keepalive", "on");
    expect(client).toBeGreaterThan(100_000);
    expect(server).toBeNull();
  });

  it("is told to be missing where the poller lacks it", async () => {
    const { program } = await startHadro("tcp", [":9"], "--poller", "deno", "--tcp-keepalive", "on");
    expect(program.stderr.lines).toContain(
      "hadro: poller deno cannot set tcp-keepalive and tcp-ut: they are left to the system",
    );
  });
});

describe("the user timeout", () => {
  const LIMIT_MS = 10_000;

  it("ends a connection to a client that takes nothing, long before timeout-client", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.send(new Uint8Array(BODY_BYTES));
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port], "--tcp-ut", "1s");
    await connect(port);
    const line = JSON.parse(await program.stdout.waitFor(/^\{/, LIMIT_MS));
    expect(line).toMatchObject({
      term: "CD",
      why: "the client's machine did not answer in time (ETIMEDOUT)",
    });
    await expectIdle(program);
  });

  it("ends a connection to a server that takes nothing, which may be told by its key", async () => {
    const server = keep(new ScriptedServer(() => {}));
    const { program, port } = await startHadro("tcp", [`127.0.0.1:${server.port},tcp-ut=1s`]);
    const client = await connect(port);
    client.send(new Uint8Array(BODY_BYTES)).catch(() => {});
    const line = JSON.parse(await program.stdout.waitFor(/^\{/, LIMIT_MS));
    expect(line).toMatchObject({
      term: "SD",
      why: "the server's machine did not answer in time (ETIMEDOUT)",
    });
    await expectIdle(program);
  });
});
