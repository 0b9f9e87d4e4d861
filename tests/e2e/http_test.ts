/** HTTP/1.1 through the built program: bytes on both sides, and the log line. @module */
import { describe, expect, it } from "vitest";
import { connect as client, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";

const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";

const hadro = (backends: (number | string)[], ...flags: string[]) => startHadro("http", backends, ...flags);

describe("HTTP exchange", () => {
  it("passes a request on with X-Forwarded-* and its answer back unchanged, and logs it", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("hello", "X-A: b\r\n");
    }));
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(
      "GET /x?y=1 HTTP/1.1\r\nHost: app.test\r\nUser-Agent: t\r\nConnection: keep-alive, X-Gone\r\nX-Gone: 1\r\nX-Forwarded-For: 6.6.6.6\r\nAccept: */*\r\n\r\n",
    );
    expect(await peer.readUntil("hello")).toBe(response("hello", "X-A: b\r\n"));
    expect(heads).toEqual([
      "GET /x?y=1 HTTP/1.1\r\nHost: app.test\r\nUser-Agent: t\r\nAccept: */*\r\nX-Forwarded-For: 127.0.0.1\r\n" +
      "X-Forwarded-Proto: http\r\nX-Forwarded-Host: app.test\r\n\r\n",
    ]);
    const line = await program.log();
    expect(line).toMatchObject({
      v: 1,
      scheme: "http",
      client: "127.0.0.1",
      frontend: "fe",
      backend: "app",
      server: "s1",
      server_addr: `127.0.0.1:${server.port}`,
      method: "GET",
      host: "app.test",
      uri: "/x?y=1",
      version: "HTTP/1.1",
      status: 200,
      bytes_out: response("hello", "X-A: b\r\n").length,
      retries: 0,
      redispatched: false,
      term: "--",
      why: null,
      user_agent: "t",
      referer: null,
      conns_process: 1,
      conns_frontend: 1,
      conns_backend: 1,
      conns_server: 1,
    });
  });

  it("keeps both connections alive; the first request of a client gets a fresh one, later ones reuse", async () => {
    const server = keep(httpServer((_head, index) => response(`n${index}`)));
    const { port } = await hadro([server.port]);
    const one = await client(port);
    for (let i = 0; i < 3; i++) {
      await one.send(GET);
      await one.readUntil(`n${i}`);
    }
    expect(server.peers.length).toBe(1);
    const two = await client(port);
    await two.send(GET);
    await two.readUntil("n3");
    expect(server.peers.length).toBe(2);
  });

  it("answers pipelined requests in order, after the client ended its side too", async () => {
    const server = keep(httpServer((head) => response(head.split(" ")[1])));
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    await peer.closeWrite();
    const all = await peer.readAll();
    expect(all).toBe(response("/1") + response("/2") + response("/3"));
  });

  it("streams a chunked request and a chunked response with trailers, byte for byte", async () => {
    const body = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n";
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("0\r\nX-Sum: 1\r\n\r\n");
        await peer.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`);
      }),
    );
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    expect((await peer.readUntil("X-Sum: 1\r\n\r\n")).split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(body);
    expect(server.peers[0].received.endsWith(body)).toBe(true);
  });

  it("removes the chunked framing for an HTTP/1.0 client and closes", async () => {
    const server = keep(
      httpServer(() =>
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
      ),
    );
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("GET / HTTP/1.0\r\n\r\n");
    expect(await peer.readAll()).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world");
  });

  it("passes a close-delimited response of an HTTP/1.0 server and closes", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
        peer.close();
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send(GET);
    expect(await peer.readAll()).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });

  it.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"],
  ])("knows that the answer to %s %# has no body", async (method, answer) => {
    const server = keep(httpServer(() => answer));
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await peer.readBytes(answer.length);
      expect(peer.take()).toBe(answer);
    }
  });

  it("passes 100 Continue and 103 on, then the final answer", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.readUntil("body!");
        await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response("done"));
      }),
    );
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    await peer.readUntil("100 Continue\r\n\r\n");
    await peer.send("body!");
    expect(await peer.readUntil("done")).toBe(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response("done"),
    );
  });

  it("delivers an early answer whole while the request still flows", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nfull");
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
    expect(await peer.readAll()).toBe(
      "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull",
    );
    expect(await program.log()).toMatchObject({ status: 413, term: "--" });
  });

  it("turns an upgrade into a tunnel, both ways, and logs it at its end", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst",
        );
        await peer.readUntil("ping");
        await peer.send("pong");
        await peer.readAll();
        peer.close();
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    await peer.readUntil("first");
    expect(peer.take()).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nfirst",
    );
    await peer.send("ping");
    expect(await peer.readUntil("pong")).toBe("pong");
    await peer.closeWrite();
    await peer.readAll();
    expect(await program.log()).toMatchObject({ status: 101, term: "--", uri: "/ws" });
  });

  it.each([["CONNECT a:80", 405], ["TRACE /", 405]])("refuses %s with %i", async (line, status) => {
    const { program, port } = await hadro([refusedPort()]);
    const peer = await client(port);
    await peer.send(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await peer.readAll()).toContain(`HTTP/1.1 ${status} `);
    expect(await program.log()).toMatchObject({ status, term: "PR" });
  });

  it("makes origin form of an absolute target, its authority the Host", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("ok");
    }));
    const { port } = await hadro([server.port]);
    const peer = await client(port);
    await peer.send("GET http://App.test/p?q HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await peer.readUntil("ok");
    expect(heads[0]).toMatch(/^GET \/p\?q HTTP\/1.1\r\nHost: App.test\r\n/);
    peer.take();
    await peer.send("OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await peer.readUntil("ok");
    expect(heads[1]).toMatch(/^OPTIONS \* HTTP\/1.1\r\n/);
  });

  it("sends 5 MB both ways unchanged through slow peers", async () => {
    const size = 5_000_000;
    const body = "0123456789".repeat(size / 10);
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        const headEnd = peer.received.indexOf("\r\n\r\n") + 4;
        await peer.readBytes(headEnd + size);
        await peer.send(response(peer.received.slice(headEnd)));
      }),
    );
    const { program, port } = await hadro([server.port]);
    const peer = await client(port);
    const sending = peer.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${body}`);
    await peer.readBytes(response(body).length);
    await sending;
    expect(peer.received === response(body)).toBe(true);
    const counters = await program.countersWhen((c) => c.buffersInUse === 0);
    expect(counters.bufferWaiters).toBe(0);
  });
});
