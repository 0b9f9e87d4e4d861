/** HTTP/2 over clear text through the built program: node's and curl's clients, bytes at the server, and the log line. @module */
import { describe, expect, it } from "vitest";
import { H2Client } from "../support/program/h2_client.ts";
import { connect as client, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const hadro = (backends: (number | string)[], ...flags: string[]) => startHadro("http", backends, ...flags);
const connect = (port: number) => keep(new H2Client(port));

describe("HTTP/2 exchange", () => {
  it("passes a request on as HTTP/1.1, its answer back as HTTP/2, and logs it", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("hello", "X-A: b\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n");
    }));
    const { program, port } = await hadro([server.port]);
    const answer = await connect(port).request({
      path: "/x?y=1",
      headers: { "user-agent": "t", "cookie": "a=1", "te": "trailers", "x-forwarded-for": "6.6.6.6" },
    });
    expect(answer).toMatchObject({ status: 200, body: "hello", resetCode: 0 });
    expect([answer.headers["x-a"], answer.headers["connection"], answer.headers["keep-alive"]])
      .toEqual(["b", undefined, undefined]);
    expect(heads).toEqual([
      "GET /x?y=1 HTTP/1.1\r\nhost: app.test\r\nuser-agent: t\r\ncookie: a=1\r\nTE: trailers\r\nConnection: TE\r\n" +
      "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app.test\r\n\r\n",
    ]);
    const line = await program.log();
    expect(line).toMatchObject({
      ...{ v: 1, scheme: "http", client: "127.0.0.1", frontend: "fe", backend: "app", server: "s1" },
      ...{ method: "GET", host: "app.test", uri: "/x?y=1", version: "HTTP/2.0", status: 200 },
      ...{ t_handshake_ms: 0, t_req_ms: 0, retries: 0, redispatched: false, term: "--", why: null },
      ...{ user_agent: "t", conns_process: 1, conns_frontend: 1, conns_backend: 1, conns_server: 1 },
    });
    // As if it had been HTTP/1.1: the heads that hadro made of the frames.
    expect(line["bytes_out"]).toBe(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello".length,
    );
  });

  it("writes HTTP/2.0 into the other formats as well", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await hadro([server.port], "--log", "combined");
    await connect(port).request({ path: "/" });
    expect(await program.stdout.waitFor(/"GET/)).toMatch(/"GET \/ HTTP\/2\.0" 200 5 /);
  });

  it("carries many streams on one connection, each to a connection of its own, which are used again", async () => {
    const server = keep(httpServer((head) => response(head.split(" ")[1]!)));
    const { port } = await hadro([server.port]);
    const peer = connect(port);
    const paths = Array.from({ length: 60 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => peer.request({ path })));
    expect(answers.map(({ body }) => body)).toEqual(paths);
    const count = server.peers.length;
    for (const path of paths.slice(0, 5)) expect((await peer.request({ path })).body).toBe(path);
    expect(server.peers.length).toBe(count);
  });

  it("bodies both ways: large ones, with and without a length, with trailers", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        const head = peer.take();
        const [first, rest] = [
          head.slice(0, head.indexOf("\r\n\r\n") + 4),
          head.slice(head.indexOf("\r\n\r\n") + 4),
        ];
        peer.received = rest;
        if (first.includes("content-length")) await peer.readBytes(300_000);
        else await peer.readUntil("0\r\nx-end: 1\r\n\r\n");
        const size = peer.received.length;
        await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        await peer.send(`HTTP/1.1 200 OK\r\nX-Size: ${size}\r\nTransfer-Encoding: chunked\r\n\r\n`);
        await peer.send(`30D40\r\n${"z".repeat(200_000)}\r\n0\r\nX-Sum: 9\r\n\r\n`);
      }),
    );
    const { port } = await hadro([server.port]);
    const body = "b".repeat(300_000);
    const plain = await connect(port).request({
      ...{ path: "/", method: "POST", body, headers: { "content-length": "300000" } },
    });
    expect(plain).toMatchObject({ status: 200, interim: [103], trailers: { "x-sum": "9" }, resetCode: 0 });
    expect([plain.headers["x-size"], plain.body.length]).toEqual(["300000", 200_000]);
    const chunked = await connect(port).request({
      path: "/",
      method: "POST",
      body,
      trailers: { "x-end": "1" },
    });
    expect(chunked).toMatchObject({ status: 200, resetCode: 0 });
    expect(Number(chunked.headers["x-size"])).toBeGreaterThan(300_000);
  });

  it("HEAD, errors of its own, redirects, refusals: as over HTTP/1", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await hadro(
      [await refusedPort()],
      "-r",
      `/up=:${server.port}`,
      "--retries",
      "0",
    );
    const peer = connect(port);
    expect(await peer.request({ path: "/x" })).toMatchObject({
      status: 503,
      body: "503 Service Unavailable\nNo server is available to handle this request.\n",
    });
    expect(await program.log()).toMatchObject({ status: 503, term: "SC", version: "HTTP/2.0" });
    expect(await peer.request({ path: "/x", method: "TRACE" })).toMatchObject({ status: 405 });
    expect(await program.log(1)).toMatchObject({ status: 405, term: "PR" });
    expect(await peer.request({ path: "/x", headers: { "x-long": "x".repeat(16_000) } })).toMatchObject({
      status: 431,
    });
    expect(await program.log(2)).toMatchObject({ status: 431, term: "PR" });
    expect(await peer.request({ path: "/up" })).toMatchObject({ status: 200, body: "hello" });
  });

  it("a client that cancels ends the server's side; the connection goes on", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin");
        await peer.readAll();
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = connect(port);
    await peer.cancel("/");
    expect(await program.log()).toMatchObject({
      status: 200,
      term: "CD",
      why: "the client reset the stream",
    });
    await server.peers[0]!.readAll();
    await peer.cancel("/");
    expect(peer.goaways).toEqual([]);
  });

  it("a server that breaks off resets its stream, and no other", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        if (peer.received.includes("/cut")) {
          await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
          peer.close();
        } else await peer.send(response("whole"));
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = connect(port);
    expect(await peer.request({ path: "/cut" })).toMatchObject({ status: 200, resetCode: 2 });
    expect(await program.log()).toMatchObject({ status: 200, term: "SD" });
    expect(await peer.request({ path: "/" })).toMatchObject({ status: 200, body: "whole" });
  });
});

describe("HTTP/2 connections", () => {
  it("curl --http2-prior-knowledge", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { port } = await hadro([server.port]);
    const args = ["-s", "--http2-prior-knowledge", "-w", " %{http_version} %{response_code}", "-d", "abc"];
    const curl = new Deno.Command("curl", { args: [...args, `http://127.0.0.1:${port}/`], stdout: "piped" });
    const output = await curl.output().catch(() => null);
    // Where there is no curl, or one without HTTP/2, there is nothing to see.
    if (output === null || output.code === 2) return;
    expect(new TextDecoder().decode(output.stdout)).toBe("hello 2 200");
  });

  it("HTTP/1 clients of the same listener go on; h2-streams=0 refuses the preface", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { port } = await hadro([server.port]);
    const one = await client(port);
    await one.send(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n",
    );
    expect(await one.readUntil("hello")).toBe(response("hello"));
    const off = await hadro([server.port], "--h2-streams", "0");
    const two = await client(off.port);
    await two.send(PREFACE);
    expect((await two.readAll()).slice(0, 12)).toBe("HTTP/1.1 400");
  });

  it("a flood is ended with ENHANCE_YOUR_CALM, others are not", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { port } = await hadro([server.port], "--h2-glitches", "20");
    const villain = await client(port);
    const ping = "\x00\x00\x08\x06\x00\x00\x00\x00\x00abcdefgh";
    await villain.send(`${PREFACE}\x00\x00\x00\x04\x00\x00\x00\x00\x00${ping.repeat(100)}`);
    // GOAWAY, last stream 0, ENHANCE_YOUR_CALM.
    expect((await villain.readAll()).slice(-17)).toBe(`\x00\x00\x08\x07${"\x00".repeat(12)}\x0b`);
    expect(await connect(port).request({ path: "/" })).toMatchObject({ status: 200 });
  });

  it("SIGTERM: GOAWAY, and what was asked for is answered", async () => {
    const release = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        asked.resolve();
        await release.promise;
        await peer.send(response("late"));
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = connect(port);
    const answer = peer.request({ path: "/" });
    await asked.promise;
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    release.resolve();
    expect(await answer).toMatchObject({ status: 200, body: "late" });
    expect(await program.exitCode()).toBe(0);
    expect(peer.goaways.length).toBeGreaterThan(0);
  });
});
