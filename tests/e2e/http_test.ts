/** HTTP/1.1 through the built program: bytes on both sides, and the log line. @module */
import { afterEach, describe, expect, it } from "vitest";
import { httpServer, Peer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function keep<T extends { stop(): Promise<void> }>(thing: T): T {
  cleanups.push(() => thing.stop());
  return thing;
}

async function hadro(
  backends: (number | string)[],
  ...flags: string[]
): Promise<{ program: Program; port: number }> {
  const words = backends.map((backend) => typeof backend === "number" ? `127.0.0.1:${backend}` : backend);
  const args = ["-l", "http://127.0.0.1:0,name=fe", "-b", ...words, "--log", "json", ...flags];
  const program = keep(await Program.start(args));
  return { program, port: program.port("fe") };
}

async function client(port: number): Promise<Peer> {
  const peer = await Peer.connect(port);
  cleanups.push(() => peer.close());
  return peer;
}

const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";

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

describe("headers and routes", () => {
  it("believes X-Forwarded-* from trusted clients only, and sets, adds and removes headers", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("ok", "Server: x\r\n");
    }));
    const { port } = await hadro(
      [server.port],
      "--trust",
      "127.0.0.0/8",
      "--host",
      "fixed.test",
      "--header-up",
      "X-A: new",
      "--header-up",
      "+X-B: two",
      "--header-up",
      "-X-C",
      "--header-down",
      "-Server",
      "--header-down",
      "X-Via: hadro",
    );
    const peer = await client(port);
    await peer.send(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-A: old\r\nX-B: one\r\nX-C: 1\r\n\r\n",
    );
    expect(await peer.readUntil("ok")).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Via: hadro\r\n\r\nok");
    expect(heads[0].split("\r\n").slice(1, -2).sort()).toEqual([
      "Host: fixed.test",
      "X-A: new",
      "X-B: one",
      "X-B: two",
      "X-Forwarded-For: 1.1.1.1",
      "X-Forwarded-For: 127.0.0.1",
      "X-Forwarded-Host: a",
      "X-Forwarded-Proto: https",
    ]);
  });

  it("routes by host and path prefix, the longest match first, 404 when nothing matches", async () => {
    const name = (text: string) => keep(httpServer(() => response(text)));
    const [api, v2, sub, exact] = ["api", "v2", "sub", "exact"].map(name);
    const program = keep(
      await Program.start([
        "-l",
        "http://127.0.0.1:0,name=fe",
        "-r",
        `/api=127.0.0.1:${api.port}`,
        `/api/v2=127.0.0.1:${v2.port}`,
        `.example.com=127.0.0.1:${sub.port}`,
        `www.example.com=127.0.0.1:${exact.port}`,
        "--log",
        "json",
      ]),
    );
    const ask = async (host: string, path: string) => {
      const peer = await client(program.port("fe"));
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return (await peer.readAll()).split("\r\n\r\n")[1];
    };
    expect(await ask("x", "/api/1")).toBe("api");
    expect(await ask("x", "/api/v2/1")).toBe("v2");
    expect(await ask("a.example.com", "/api")).toBe("sub");
    expect(await ask("WWW.example.com:80", "/")).toBe("exact");
    expect(await ask("x", "/apix")).toContain("404 Not Found");
    expect(await program.log(4)).toMatchObject({ status: 404, term: "PR", backend: null, server: null });
  });
});

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
