/** `--retry-on`: which requests are sent again, and how: methods, bodies, reused connections, upgrades, headers of connections. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, response, ScriptedServer } from "../support/program/peers.ts";

const FORWARDED = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n";
const EMPTY = ["--retry-on", "empty-response"];

/** A server that does `serve` with its first connection, and answers ok behind `end` on the others. */
function serverOnce(serve: (peer: Peer) => Promise<void>, end = "\r\n\r\n"): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer, index) => {
      if (index === 0) await serve(peer);
      else {
        await peer.readUntil(end);
        await peer.send(response("ok"));
        return;
      }
      peer.close();
    }),
  );
}

const closesAfter = (text: string) => async (peer: Peer) => {
  await peer.readUntil(text);
};

/** One attempt on each of two connections to the same server, the second one soon. */
function start(server: ScriptedServer, ...flags: string[]) {
  return startHadro("http", [server.port], "--timeout-connect", "50ms", ...flags);
}

describe("methods", () => {
  it("a POST is sent once, whatever becomes of it", async () => {
    const server = serverOnce(closesAfter("hello"));
    const { program, port } = await start(server, "--retry-on", "all-retryable-errors");
    const client = await connect(port);
    await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    expect(await client.readUntil("\r\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
    expect(await program.log()).toMatchObject({ status: 502, term: "SH", retries: 0, method: "POST" });
    expect(server.peers.length).toBe(1);
  });

  it.each(["PUT", "DELETE", "OPTIONS", "HEAD"])("a %s is sent again", async (method) => {
    const server = serverOnce(closesAfter("\r\n\r\n"));
    const { program, port } = await start(server, ...EMPTY);
    const client = await connect(port);
    await client.send(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await client.readUntil("\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
    expect(await program.log()).toMatchObject({ status: 200, retries: 1, redispatched: false });
  });

  it("a POST is sent again with non-idempotent, byte by byte the same", async () => {
    const server = serverOnce(closesAfter("hello"), "hello");
    const { program, port } = await start(server, "--retry-on", "empty-response+non-idempotent");
    const client = await connect(port);
    const head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n";
    await client.send(`${head}\r\nhello`);
    expect(await client.readUntil("ok")).toBe(response("ok"));
    const asked = `${head}${FORWARDED}\r\nhello`;
    expect(server.peers.map(({ received }) => received)).toEqual([asked, asked]);
    expect(await program.log()).toMatchObject({ status: 200, retries: 1, bytes_in: head.length + 7 });
  });
});

describe("bodies", () => {
  const CHUNKS = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: 1\r\n\r\n";
  const HEAD = "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";

  it("in chunks are sent again as they came, trailers too", async () => {
    const server = serverOnce(closesAfter("X-T: 1\r\n\r\n"), "X-T: 1\r\n\r\n");
    const { port } = await start(server, ...EMPTY);
    const client = await connect(port);
    await client.send(`${HEAD}\r\n${CHUNKS}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await client.readUntil("ok")).toBe(response("ok"));
    const asked = `${HEAD}${FORWARDED}\r\n${CHUNKS}`;
    // What was pipelined behind it is the next request.
    expect(server.peers.slice(0, 2).map(({ received }) => received.slice(0, asked.length))).toEqual([
      asked,
      asked,
    ]);
    client.take();
    expect(server.peers[0].received).toBe(asked);
    await server.peers[1].readUntil("GET /next");
  });

  it("that still come are sent again as far as they have come, and go on", async () => {
    const server = serverOnce(closesAfter("6;a=b\r\n wo"), "X-T: 1\r\n\r\n");
    const { program, port } = await start(server, ...EMPTY);
    const client = await connect(port);
    const cut = CHUNKS.indexOf("rld");
    await client.send(`${HEAD}\r\n${CHUNKS.slice(0, 7)}`);
    await client.send(CHUNKS.slice(7, cut));
    await program.countersWhen((c) => c.connects === 2);
    await client.send(CHUNKS.slice(cut));
    expect(await client.readUntil("ok")).toBe(response("ok"));
    expect(server.peers[1].received).toBe(`${HEAD}${FORWARDED}\r\n${CHUNKS}`);
    expect(await program.log()).toMatchObject({ status: 200, retries: 1 });
  });

  it.each([["with a length", false], ["in chunks", true]])(
    "%s that do not fit a buffer are sent once",
    async (_, isChunked) => {
      const body = "b".repeat(20_000);
      const server = serverOnce(closesAfter(body));
      const { program, port } = await start(server, ...EMPTY);
      const client = await connect(port);
      const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
      const text = isChunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
      await client.send(`PUT /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${text}`);
      expect(await client.readUntil("\r\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
      expect(await program.log()).toMatchObject({ status: 502, term: "SH", retries: 0 });
      await program.countersWhen((c) => c.buffersInUse === 0);
    },
  );

  it("behind 100 Continue are sent again: both servers' 100 reach the client", async () => {
    const server = keep(
      new ScriptedServer(async (peer, index) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.readUntil("hello");
        if (index > 0) await peer.send(response("ok"));
        else peer.close();
      }),
    );
    const { program, port } = await start(server, "--retry-on", "junk-response");
    const client = await connect(port);
    const head = "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n";
    await client.send(`${head}\r\n`);
    await client.readUntil("100 Continue\r\n\r\n");
    await client.send("hello");
    expect(await client.readUntil("ok")).toBe(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${response("ok")}`,
    );
    const asked = `${head}${FORWARDED}\r\nhello`;
    expect(server.peers.map(({ received }) => received)).toEqual([asked, asked]);
    expect(await program.log()).toMatchObject({ status: 200, retries: 1, term: "--" });
  });
});

describe("connections", () => {
  it("a reused one that dies: asked again at once, of the same server, on a new one", async () => {
    const paths: string[][] = [];
    let hasDied = false;
    const server = keep(
      new ScriptedServer(async (peer, index) => {
        for (paths[index] = [];;) {
          await peer.readUntil("\r\n\r\n");
          if (peer.isEnded) return peer.close();
          const path = peer.take().split(" ")[1];
          paths[index].push(path);
          if (path === "/die" && !hasDied) {
            hasDied = true;
            return peer.close();
          }
          await peer.send(response(`to ${path}.`));
        }
      }),
    );
    const other = keep(new ScriptedServer(() => {}));
    const words = [server.port, `127.0.0.1:${other.port},backup`];
    const { program, port } = await startHadro("http", words, "--http-reuse", "always", ...EMPTY);
    // Two idle connections.
    const clients = [await connect(port), await connect(port)];
    for (const client of clients) await client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (const client of clients) await client.readUntil("to /1.");
    clients[0].take();
    await clients[0].send("GET /die HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await clients[0].readUntil("to /die.")).toBe(response("to /die."));
    expect(paths.at(-1)).toEqual(["/die"]);
    expect(paths.length).toBe(3);
    expect(other.peers.length).toBe(0);
    const line = (await Promise.all([0, 1, 2].map((i) => program.log(i)))).find(({ uri }) => uri === "/die");
    expect(line).toMatchObject({ status: 200, server: "s1", retries: 1, redispatched: false, term: "--" });
  });

  it("another server is asked over a new one, whatever idle ones it has", async () => {
    const good = keep(httpServer(() => response("ok")));
    const bad = serverOnce(closesAfter("\r\n\r\n"));
    const words = [good.port, bad.port];
    const { program, port } = await startHadro("http", words, "--http-reuse", "always", ...EMPTY);
    const client = await connect(port);
    for (const retries of [0, 1]) {
      await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(await client.readUntil("ok")).toBe(response("ok"));
      client.take();
      expect(await program.log(retries)).toMatchObject({ server: "s1", retries });
    }
    expect(good.peers.length).toBe(2);
  });

  it("each server gets its own PROXY protocol header and Host", async () => {
    const good = serverOnce(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await peer.send(response("ok"));
    });
    const bad = serverOnce(closesAfter("\r\n\r\n"));
    const words = [bad, good].map((server) => `127.0.0.1:${server.port},proxy=1`);
    const { port } = await startHadro("http", words, "--host", "backend", ...EMPTY);
    const client = await connect(port);
    await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.readUntil("ok")).toBe(response("ok"));
    const from = (client.conn.localAddr as Deno.NetAddr).port;
    for (const server of [bad, good]) {
      expect(server.peers[0].received).toBe(
        `PROXY TCP4 127.0.0.1 127.0.0.1 ${from} ${port}\r\nGET /x HTTP/1.1\r\n` +
          `Host: 127.0.0.1:${server.port}\r\n${FORWARDED}\r\n`,
      );
    }
  });

  it("an upgrade is asked for again, and the tunnel holds no copy", async () => {
    const server = keep(
      new ScriptedServer(async (peer, index) => {
        await peer.readUntil("\r\n\r\n");
        if (index === 0) return peer.close();
        await peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
        await peer.readUntil("ping");
        await peer.send("pong");
        await peer.readAll();
        peer.close();
      }),
    );
    const { program, port } = await start(server, ...EMPTY);
    const client = await connect(port);
    await client.send("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
    await client.readUntil("\r\n\r\n");
    await client.send("ping");
    await client.readUntil("pong");
    await program.countersWhen((c) => c.buffersInUse === 0);
    expect(server.peers[1].received).toContain("Connection: upgrade\r\n");
    client.close();
    expect(await program.log()).toMatchObject({ status: 101, retries: 1, term: "--" });
    await expectIdle(program);
  });
});
