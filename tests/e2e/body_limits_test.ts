/** `--max-body`, `--max-headers`, `--max-header-size` of the built program: bytes and log lines. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response, ScriptedServer } from "../support/program/peers.ts";

const tooLarge = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 48\r\ncache-control: no-cache\r\n" +
  "content-type: text/plain\r\nconnection: close\r\n\r\n413 Content Too Large\nThe request is too large.\n";
const FIELDS_TOO_LARGE = /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^]*connection: close\r\n/;
const post = (headers: string, body = "", path = "/") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
const CHUNKED = "Transfer-Encoding: chunked\r\n";

describe("--max-body", () => {
  it("answers 413 before a server is asked, when the length says so; at the limit it passes", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro("http", [server.port], "--max-body", "10");
    const refused = await connect(port);
    await refused.send(post("Content-Length: 11\r\nExpect: 100-continue\r\n"));
    expect(await refused.readAll()).toBe(tooLarge);
    expect(await program.log()).toMatchObject({
      ...{ status: 413, term: "PR", backend: null, server: null, retries: 0 },
      why: "the request body (11 bytes) is larger than max-body 10",
    });
    expect(server.peers.length).toBe(0);
    const passed = await connect(port);
    await passed.send(post("Content-Length: 10\r\n", "0123456789"));
    expect(await passed.readUntil("hello")).toBe(response("hello"));
    passed.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedRequests: 1 });
  });

  it("ends a chunked body where it passes the limit: 413, and the server's connection ends unfinished", async () => {
    const seen = Promise.withResolvers<string>();
    const server = keep(new ScriptedServer(async (peer) => seen.resolve(await peer.readAll())));
    const { program, port } = await startHadro("http", [server.port], "--max-body", "10");
    const peer = await connect(port);
    await peer.send(post(CHUNKED, "5\r\n01234\r\n"));
    while (!server.peers[0]?.received.includes("01234")) await new Promise((wake) => setTimeout(wake, 5));
    await peer.send("6\r\n567890\r\n0\r\n\r\n");
    expect(await peer.readAll()).toBe(tooLarge);
    const atServer = await seen.promise;
    expect(atServer).toContain("5\r\n01234\r\n");
    expect(atServer).not.toContain("567890");
    expect(await program.log()).toMatchObject({
      ...{ status: 413, term: "PR", backend: "app", server: "s1" },
      why: "the request body (in chunks) is larger than max-body 10",
    });
    await expectIdle(program);
  });

  it("refuses chunks that came with the head before a server is asked", async () => {
    const server = keep(httpServer(() => response("never")));
    const { port } = await startHadro("http", [server.port], "--max-body", "4");
    const peer = await connect(port);
    await peer.send(post(CHUNKED, "5\r\n01234\r\n0\r\n\r\n"));
    expect(await peer.readAll()).toBe(tooLarge);
    expect(server.peers.length).toBe(0);
  });

  it("ends the connection when a response has begun", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("01234");
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nearly");
        await peer.readAll();
      }),
    );
    const { program, port } = await startHadro("http", [server.port], "--max-body", "10");
    const peer = await connect(port);
    await peer.send(post(CHUNKED, "5\r\n01234\r\n"));
    await peer.readUntil("early");
    await peer.send("6\r\n567890\r\n0\r\n\r\n");
    expect((await peer.readAll()).endsWith("\r\n\r\nearly")).toBe(true);
    expect(await program.log()).toMatchObject({ status: 200, term: "PD", server: "s1" });
  });

  it("of a backend holds instead of its listener's", async () => {
    const server = keep(httpServer(() => response("hello")));
    const address = `127.0.0.1:${server.port}`;
    const { port } = await startHadro(
      "http",
      [`${address},max-body=off`],
      ...["-r", `/small=${address},max-body=3`, "--max-body", "5"],
    );
    const answerTo = async (path: string) => {
      const peer = await connect(port);
      await peer.send(post("Content-Length: 6\r\nConnection: close\r\n", "012345", path));
      return (await peer.readAll()).slice(9, 12);
    };
    expect([await answerTo("/"), await answerTo("/small")]).toEqual(["200", "413"]);
  });
});

describe("limits of a head", () => {
  it("--max-headers: more headers are answered 431", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro("http", [server.port], "--max-headers", "3");
    const passed = await connect(port);
    await passed.send("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n");
    expect(await passed.readUntil("hello")).toBe(response("hello"));
    await passed.send("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
    passed.take();
    expect(await passed.readAll()).toMatch(FIELDS_TOO_LARGE);
    expect(await program.log(1)).toMatchObject({
      ...{ status: 431, term: "PR", backend: null, why: "4 headers are more than max-headers 3" },
    });
  });

  it("--max-headers 200: what is above the usual 100 passes", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { port } = await startHadro("http", [server.port], "--max-headers", "200");
    const peer = await connect(port);
    await peer.send(`GET / HTTP/1.1\r\nHost: a\r\n${"A: 1\r\n".repeat(150)}\r\n`);
    expect(await peer.readUntil("hello")).toBe(response("hello"));
  });

  it.each([["whole", "\r\n\r\n"], ["unfinished", ""]])(
    "--max-header-size: a head that is too large, %s",
    async (_, end) => {
      const server = keep(httpServer(() => response("never")));
      const { program, port } = await startHadro("http", [server.port], "--max-header-size", "300");
      const peer = await connect(port);
      await peer.send(`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(300)}${end}`);
      expect(await peer.readAll()).toMatch(FIELDS_TOO_LARGE);
      const why = "the request head is larger than 300 bytes (--max-header-size)";
      expect(await program.log()).toMatchObject({ status: 431, term: "PR", why });
      expect(server.peers.length).toBe(0);
    },
  );
});
