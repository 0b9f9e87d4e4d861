/** Redirects through the built program: bytes, connections, log lines. @module */
import { describe, expect, it } from "vitest";
import { connect as client, expectIdle, keep } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const TO_HTTPS = (path: string) =>
  `HTTP/1.1 308 Permanent Redirect\r\ncontent-length: 0\r\nlocation: https://h.test:8443${path}\r\n\r\n`;

async function start(...words: string[]): Promise<Program> {
  return keep(await Program.start(["-l", ...words]));
}

describe("a listener that redirects", () => {
  it("answers with the scheme, host and path, keeps the connection, and logs LR--", async () => {
    const program = await start("http://127.0.0.1:0,name=fe,redirect=https:8443", "--log", "haproxy");
    const peer = await client(program.port("fe"));
    for (const path of ["/a?b", "/c"]) {
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: h.test:80\r\n\r\n`);
      expect(await peer.readUntil("\r\n\r\n")).toBe(TO_HTTPS(path));
      peer.take();
    }
    expect(await program.stdout.waitFor(/ 308 /)).toMatch(
      /^127\.0\.0\.1:\d+ \[[^\]]+\] fe fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 308 89 - - LR-- 1\/1\/0\/0\/0 0\/0 "GET \/a\?b HTTP\/1\.1"$/,
    );
    await program.stdout.waitFor(/ LR-- .*"GET \/c HTTP\/1\.1"$/);
    peer.close();
    await expectIdle(program);
  });

  it("answers pipelined requests, a small body among them, one after another", async () => {
    const program = await start("http://127.0.0.1:0,name=fe,redirect=https:8443");
    const peer = await client(program.port("fe"));
    await peer.send(
      "POST /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 4\r\n\r\nbodyHEAD /2 HTTP/1.1\r\nHost: h.test\r\n\r\n" +
        "GET /3 HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n",
    );
    const last = TO_HTTPS("/3").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    expect(await peer.readAll()).toBe(TO_HTTPS("/1") + TO_HTTPS("/2") + last);
    expect(await program.log(0)).toMatchObject({
      status: 308,
      term: "LR",
      why: null,
      backend: null,
      server: null,
      bytes_in: 57,
      bytes_out: TO_HTTPS("/1").length,
    });
  });

  it("goes on with an answer that a client took in part only, after others had theirs", async () => {
    const program = await start("http://127.0.0.1:0,name=fe,redirect=https:8443", "--log", "off");
    const peer = await client(program.port("fe"));
    const path = `/${"x".repeat(4_000)}`;
    const count = 4_000;
    const sent = peer.send(`GET ${path} HTTP/1.1\r\nHost: h.test\r\n\r\n`.repeat(count));
    // Until nothing moves: the client's receive buffer is full, and with it all that lies before it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const other = await client(program.port("fe"));
    await other.send(`GET /${"y".repeat(4_000)} HTTP/1.1\r\nHost: h.test\r\n\r\n`);
    await other.readUntil("\r\n\r\n");
    const expected = TO_HTTPS(path);
    const received = await peer.readBytes(expected.length * count);
    await sent;
    expect(received === expected.repeat(count)).toBe(true);
  });

  it("closes behind a body that has not come yet", async () => {
    const program = await start("http://127.0.0.1:0,name=fe,redirect=https:8443");
    const peer = await client(program.port("fe"));
    await peer.send("POST /1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 9999\r\n\r\nbody");
    expect(await peer.readAll()).toContain("location: https://h.test:8443/1\r\nconnection: close\r\n\r\n");
    expect(await program.log()).toMatchObject({ status: 308, term: "LR" });
  });

  it("refuses a request without a host", async () => {
    const program = await start("http://127.0.0.1:0,name=fe,redirect=https");
    const peer = await client(program.port("fe"));
    await peer.send("GET / HTTP/1.0\r\n\r\n");
    expect(await peer.readAll()).toContain("HTTP/1.1 400 Bad Request\r\n");
    expect(await program.log()).toMatchObject({
      term: "PR",
      why: "a redirect to another scheme needs a Host",
    });
  });

  it.each(["deno", "epoll"])("serves its routes before, with poller %s", async (poller) => {
    const server = keep(httpServer(() => response("acme")));
    const program = await start(
      "http://127.0.0.1:0,name=fe,redirect=https,code=301",
      "-r",
      `/.well-known/=127.0.0.1:${server.port}`,
      "/old=,redirect=prefix:https://new.test",
      "/gone=,redirect=/here,code=303",
      "--poller",
      poller,
    );
    const ask = async (path: string) => {
      const peer = await client(program.port("fe"));
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n`);
      return await peer.readAll();
    };
    expect(await ask("/.well-known/x")).toContain("\r\n\r\nacme");
    expect(await ask("/a")).toBe(
      "HTTP/1.1 301 Moved Permanently\r\ncontent-length: 0\r\nlocation: https://h.test/a\r\nconnection: close\r\n\r\n",
    );
    expect(await ask("/old/x?y")).toBe(
      "HTTP/1.1 302 Found\r\ncontent-length: 0\r\ncache-control: no-cache\r\nlocation: https://new.test/old/x?y\r\n" +
        "connection: close\r\n\r\n",
    );
    expect(await ask("/gone/x")).toContain(
      "HTTP/1.1 303 See Other\r\ncontent-length: 0\r\ncache-control: no-cache\r\nlocation: /here\r\n",
    );
  });
});
