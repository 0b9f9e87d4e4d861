/** HTTP/1.1 gone wrong, through the built program: smuggling, failures, timeouts; status, bytes and the log line. @module */
import { describe, expect, it } from "vitest";
import { connect as client, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";

const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";

const hadro = (backends: (number | string)[], ...flags: string[]) => startHadro("http", backends, ...flags);

describe("smuggling", () => {
  it.each([
    [
      "Content-Length with Transfer-Encoding",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    [
      "repeated Content-Length",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      400,
    ],
    ["malformed Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400],
    [
      "unknown coding",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      501,
    ],
    ["bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400],
    ["bare CR", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400],
    ["obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400],
    ["space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400],
    ["control character", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", 400],
    ["bad chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
    ["head too large", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(20_000)}\r\n\r\n`, 431],
  ])("refuses %s, closes, and says why; no server sees a second request", async (_name, bytes, status) => {
    const server = keep(httpServer(() => response("never")));
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answer = await peer.readAll();
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(answer).toContain("connection: close");
    const line = await program.log();
    expect(line).toMatchObject({ status });
    expect(String(line.term)).toMatch(/^P[RD]$/);
    expect(line.why).not.toBeNull();
    expect(server.peers.every((one) => !one.received.includes("smuggled"))).toBe(true);
  });
});

describe("failures and timeouts", () => {
  it.each([
    ["closes before a head", 502, "SH", async (peer: Peer) => {
      await peer.readUntil("\r\n\r\n");
      peer.close();
    }],
    ["sends garbage", 502, "PH", async (peer: Peer) => {
      await peer.readUntil("\r\n\r\n");
      await peer.send("what?\r\n\r\n");
    }],
    ["never answers", 504, "sH", async (peer: Peer) => {
      await peer.readAll();
    }],
  ])("a server that %s: %i and %s", async (_name, status, term, serve) => {
    const server = keep(new ScriptedServer(serve));
    const { program, port } = await hadro([server.port], "--timeout-server", "200ms");
    const peer = await client(port);
    await peer.send(GET);
    await peer.readUntil("\r\n\r\n");
    expect(peer.received.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    const line = await program.log();
    expect(line).toMatchObject({ status, term, server: "s1" });
    expect(line.why).not.toBeNull();
  });

  it("a server that dies in the body: SD, and the client sees that it is not whole", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        peer.close();
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(GET);
    await peer.readAll();
    expect(peer.received.length).toBeLessThan(140);
    expect(await program.log()).toMatchObject({ status: 200, term: "SD" });
  });

  it("a refused server does not fail a request while another answers", async () => {
    const server = keep(httpServer(() => response("ok")));
    const { program, port } = await hadro([refusedPort(), server.port]);
    const peer = await client(port);
    await peer.send(GET);
    expect(await peer.readUntil("ok")).toContain("200 OK");
    expect(await program.log()).toMatchObject({ status: 200, server: "s2", retries: 1, redispatched: true });
  });

  it("all servers refused: 503 SC after the retries", async () => {
    const dead = refusedPort();
    const { program, port } = await hadro([dead], "--retries", "1");
    const peer = await client(port);
    await peer.send(GET);
    await peer.readUntil("request.\n");
    const line = await program.log();
    expect(line).toMatchObject({ status: 503, term: "SC", retries: 1, t_conn_ms: null, server: "s1" });
    expect(line.why).toBe(`127.0.0.1:${dead} refused the connection (ECONNREFUSED)`);
  });

  it("a name that does not resolve: starts, answers 503, says so", async () => {
    const { program, port } = await hadro(["no-such-name.invalid:80"]);
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    const peer = await client(port);
    await peer.send(GET);
    await peer.readUntil("request.\n");
    const line = await program.log();
    expect(line).toMatchObject({ status: 503, term: "SC", server: null, t_queue_ms: null });
    expect(String(line.why)).toContain("does not resolve");
  });

  it("a request head that never ends: 408 cR", async () => {
    const { program, port } = await hadro([refusedPort()], "--timeout-request", "150ms");
    const peer = await client(port);
    await peer.send("GET / HT");
    expect(await peer.readAll()).toContain("HTTP/1.1 408 ");
    expect(await program.log()).toMatchObject({ status: 408, term: "cR", method: null });
  });

  it("an idle keep-alive connection is closed without a word", async () => {
    const server = keep(httpServer(() => response("ok")));
    const { program, port } = await hadro([server.port], "--timeout-keepalive", "100ms");
    const peer = await client(port);
    await peer.send(GET);
    await peer.readUntil("ok");
    peer.take();
    expect(await peer.readAll()).toBe("");
    expect(program.stdout.lines.length).toBe(1);
  });

  it("a client that leaves while the server thinks: no status, C in the state", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await (server.peers.length === 0 ? program.countersWhen((c) => c.connects === 1) : undefined);
    peer.close();
    expect(await program.log()).toMatchObject({ status: null, method: "POST" });
    expect(String((await program.log()).term)).toMatch(/^C[CHD]$/);
  });

  it("an idle server connection that the server closed is not used again", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send(response("ok"));
        peer.close();
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(GET);
    await peer.readUntil("ok");
    await program.countersWhen((c) => c.fds === 2);
    peer.take();
    await peer.send(GET);
    expect(await peer.readUntil("ok")).toContain("200 OK");
    expect(server.peers.length).toBe(2);
  });
});
