/** `--rate`, `--conn-rate`, `--maxconn-per-src` of the built program: bytes and log lines. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedConnection, response } from "../support/program/peers.ts";
import type { LogLine } from "../support/program/program.ts";

const GET = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const BODY = "429 Too Many Requests\nThis client sends more requests than it may.\n";
const tooMany = (retryAfter: number, extra = "") =>
  `HTTP/1.1 429 Too Many Requests\r\ncontent-length: ${BODY.length}\r\ncache-control: no-cache\r\n` +
  `content-type: text/plain\r\nretry-after: ${retryAfter}\r\n${extra}\r\n${BODY}`;

describe.each([["epoll"], ["deno"]])("--rate with poller %s", (poller) => {
  it("answers 429 with Retry-After, keeps the connection, says why; no server hears of it", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("hello");
    }));
    const { program, port } = await startHadro("http", [server.port], "--rate", "2/h", "--poller", poller);
    const peer = await connect(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(GET);
      expect(await peer.readUntil("hello")).toBe(response("hello"));
      peer.take();
    }
    for (let i = 0; i < 2; i++) {
      await peer.send(GET);
      expect(await peer.readUntil("it may.\n")).toBe(tooMany(1_800));
      peer.take();
    }
    // A body that has not come yet is not waited for.
    await peer.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    expect(await peer.readAll()).toBe(tooMany(1_800, "connection: close\r\n"));
    expect(await program.log(2)).toMatchObject({
      ...{ status: 429, term: "PR", backend: null, server: null, uri: "/x", retries: 0, t_conn_ms: null },
      ...{ bytes_out: tooMany(1_800).length, why: "more requests of 127.0.0.1 than rate 2/h" },
    });
    expect(heads.length).toBe(2);
    peer.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedRequests: 3, deniedConnections: 0 });
  });
});

describe("--rate", () => {
  it("admits again when the time has come", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { port } = await startHadro("http", [server.port], "--rate", "2/s:burst=1");
    const peer = await connect(port);
    const ask = async (): Promise<string> => {
      peer.take();
      await peer.send(GET);
      await peer.readUntil("\n\r\n");
      await peer.readBytes(peer.received.indexOf("\r\n\r\n") + 9);
      return peer.received.slice(9, 12);
    };
    const beganMs = performance.now();
    const statuses = new Map<string, number>();
    while (performance.now() < beganMs + 2_000) {
      const status = await ask();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await new Promise((wake) => setTimeout(wake, 20));
    }
    const admitted = statuses.get("200")!;
    expect(admitted).toBeGreaterThanOrEqual(3);
    expect(admitted).toBeLessThanOrEqual(((performance.now() - beganMs) / 1_000) * 2 + 1);
  });

  it("by header value does not tell the value", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro("http", [server.port], "--rate", "hdr:X-Key@/x:1/m");
    const peer = await connect(port);
    const withKey = GET.replace("\r\n\r\n", "\r\nX-Key: secret\r\n\r\n");
    await peer.send(withKey);
    await peer.readUntil("hello");
    await peer.send(withKey);
    await peer.readUntil("it may.\n");
    expect((await program.log(1)).why).toBe("more requests than rate hdr:X-Key@/x:1/m");
    expect(program.stdout.lines.join()).not.toContain("secret");
  });
});

describe("connections of a client", () => {
  it.each([["tcp", "--rate"], ["tcp", "--conn-rate"], ["http", "--conn-rate"]] as const)(
    "%s %s: more are reset, each with a line",
    async (scheme, flag) => {
      const server = keep(httpServer(() => response("hello")));
      const { program, port } = await startHadro(scheme, [server.port], flag, "2/h");
      for (let i = 0; i < 2; i++) {
        const peer = await connect(port);
        await peer.send(GET);
        expect(await peer.readUntil("hello")).toBe(response("hello"));
        peer.close();
      }
      expect(await refusedConnection(port)).toBe("ConnectionReset");
      const line = JSON.parse(await program.stdout.waitFor(/"term":"PR"/)) as LogLine;
      expect(line).toMatchObject({
        ...{ scheme, client: "127.0.0.1", backend: null, server: null, term: "PR", bytes_out: 0 },
        why: "more connections of 127.0.0.1 than conn-rate 2/h",
      });
      if (scheme === "http") expect(line).toMatchObject({ status: null, method: null });
      await expectIdle(program);
      expect(await program.counters()).toMatchObject({ deniedConnections: 1, accepts: 2 });
    },
  );

  it.each([["tcp"], ["http"]] as const)("%s --maxconn-per-src: more at once are reset", async (scheme) => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro(scheme, [server.port], "--maxconn-per-src", "2");
    const peers = [await connect(port), await connect(port)];
    for (const peer of peers) {
      await peer.send(GET);
      await peer.readUntil("hello");
    }
    expect(await refusedConnection(port)).toBe("ConnectionReset");
    expect(await program.log(scheme === "http" ? 2 : 0)).toMatchObject({
      ...{
        term: "PR",
        why: "more connections at once of 127.0.0.1 than maxconn-per-src 2",
        conns_frontend: 2,
      },
    });
    for (const peer of peers) peer.close();
    await expectIdle(program);
    const again = await connect(port);
    await again.send(GET);
    expect(await again.readUntil("hello")).toBe(response("hello"));
  });
});
