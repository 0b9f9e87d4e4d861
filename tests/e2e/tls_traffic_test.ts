/** What goes through TLS in front: bulk, tunnels, ends, PROXY protocol, sessions that go on, a flood of handshakes. @module */
import { describe, expect, it } from "vitest";
import { receiveBulk, sendBulk } from "../support/program/bulk.ts";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { pingServer } from "../support/program/tcp_peers.ts";
import { BINARY_IPV4, latin1, TEXT_IPV6 } from "../support/proxy_protocol/headers.ts";
import { tlsFile } from "../support/tls/certificates.ts";
import { connectTls, exchangeTls, startTls, wrapTls } from "../support/tls/clients.ts";

const BULK_BYTES = 8 * 1_024 * 1_024;
const BODY_BYTES = 1_024 * 1_024;
const A = `cert=${tlsFile("a.pem")}`;
/** Handshakes at once of a flood. */
const FLOOD = 200;
const REQUESTS = 60;

describe("bytes", () => {
  it("go through tls:// both ways at once, unchanged and in order, and each end ends for itself", async () => {
    const atServer = Promise.withResolvers<unknown[]>();
    const server = keep(
      new ScriptedServer(async ({ conn }) => {
        atServer.resolve(await Promise.all([sendBulk(conn, BULK_BYTES, 1), receiveBulk(conn)]));
        conn.close();
      }),
    );
    const { program, port } = await startTls("tls", [server.port]);
    const { conn } = await connectTls(port);
    const [sent, received] = await Promise.all([sendBulk(conn, BULK_BYTES, 2), receiveBulk(conn)]);
    expect(await atServer.promise).toEqual([received, sent]);
    expect(await program.log()).toMatchObject({
      scheme: "tls",
      bytes_in: BULK_BYTES,
      bytes_out: BULK_BYTES,
      term: "--",
      tls_version: "TLSv1.3",
      tls_sni: "a.test",
    });
    await expectIdle(program);
  });

  it("of a body of 1 MiB come back as they went, over a connection that stays", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        for (;;) {
          const text = await peer.readUntil("\r\n\r\n");
          if (peer.isEnded) return;
          const headBytes = text.indexOf("\r\n\r\n") + 4;
          await peer.readBytes(headBytes + BODY_BYTES);
          const body = peer.take().slice(headBytes);
          await peer.send(latin1(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${body}`));
        }
      }),
    );
    const { program, port } = await startTls("https", [server.port]);
    const peer = await connectTls(port);
    for (const seed of [1, 2]) {
      const body = Array.from(
        { length: BODY_BYTES },
        (_, i) => String.fromCharCode((i * seed + (i >> 8)) & 0xff),
      ).join("");
      await peer.send(
        latin1(`POST /${seed} HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${body}`),
      );
      const headBytes = (await peer.readUntil("\r\n\r\n")).indexOf("\r\n\r\n") + 4;
      await peer.readBytes(headBytes + BODY_BYTES);
      expect(peer.take().slice(headBytes) === body).toBe(true);
      expect(await program.log(seed - 1)).toMatchObject({ status: 200, term: "--" });
    }
    peer.close();
    await expectIdle(program);
  });

  it("of an upgraded connection go both ways, and half of it may end first", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst",
        );
        await peer.readUntil("ping");
        await peer.readAll();
        await peer.send("after the end");
        peer.close();
      }),
    );
    const { program, port } = await startTls("https", [server.port]);
    const peer = await connectTls(port);
    await peer.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    await peer.readUntil("first");
    await peer.send("ping");
    await peer.closeWrite();
    expect((await peer.readAll()).endsWith("first" + "after the end")).toBe(true);
    expect(await program.log()).toMatchObject({ status: 101, term: "--", scheme: "https" });
    await expectIdle(program);
  });

  it("go over a unix socket as well", async () => {
    const path = `${await temporaryFolder()}/a.sock`;
    const server = keep(httpServer((head) => response(head)));
    const { program } = await startHadro(
      "http",
      [server.port],
      "-l",
      `https://unix:${path},${A}`,
      "-b",
      `127.0.0.1:${server.port}`,
    );
    const args = ["-s", "--unix-socket", path, "--cacert", tlsFile("ca.pem"), "https://a.test/"];
    const { code, stdout } = await new Deno.Command("curl", { args }).output();
    expect({ code, text: new TextDecoder().decode(stdout) }).toMatchObject({
      code: 0,
      text: expect.stringContaining("X-Forwarded-Proto: https"),
    });
    await expectIdle(program);
  });
});

describe("PROXY protocol", () => {
  it.each([["1", TEXT_IPV6, "2001:db8::1"], ["2", BINARY_IPV4, "192.0.2.1"]])(
    "version %s comes before TLS, byte by byte or at once, and says who the client is",
    async (_, header, address) => {
      const { program, port } = await startTls(
        "tls",
        [keep(pingServer()).port],
        `${A},proxy`,
        "--trust",
        "127.0.0.0/8",
      );
      for (const isBytewise of [true, false]) {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        conn.setNoDelay(true);
        const plain = new Peer(conn);
        for (const byte of isBytewise ? latin1(header) : []) {
          await plain.send(Uint8Array.of(byte));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        if (!isBytewise) await plain.send(latin1(header));
        const peer = await wrapTls(conn);
        await peer.send("ping");
        expect(await peer.readUntil("pong")).toBe("pong");
        await peer.closeWrite();
        await peer.readAll();
        expect(await program.log(isBytewise ? 0 : 1)).toMatchObject({
          client: address,
          bytes_in: 4,
          term: "--",
          tls_sni: "a.test",
        });
      }
      await expectIdle(program);
    },
  );
});

describe("sessions", () => {
  /** `openssl s_client`, which must be there: nothing else shows a session that goes on. */
  async function resume(port: number, words: readonly string[]): Promise<string> {
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "a.test", "-ign_eof", ...words];
    const child = new Deno.Command("openssl", { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    const { stdout } = await child.output();
    await writer.close().catch(() => {});
    return new TextDecoder().decode(stdout);
  }

  it.each([["-tls1_2", "1"], ["-tls1_3", "2"]])(
    "go on (%s), in any of %s threads",
    async (version, threads) => {
      const server = keep(httpServer(() => response("hello")));
      const { program, port } = await startTls("https", [server.port], A, "--threads", threads);
      const session = `${await temporaryFolder()}/session`;
      expect(await resume(port, [version, "-sess_out", session])).toContain("New, TLSv1");
      for (let i = 1; i < 5; i++) {
        expect(await resume(port, [version, "-sess_in", session])).toContain("Reused, TLSv1");
      }
      const resumed: unknown[] = [];
      for (let i = 0; i < 5; i++) resumed.push((await program.log(i)).tls_resumed);
      expect(resumed.sort()).toEqual([false, true, true, true, true]);
      expect(await program.counters()).toMatchObject({ tlsHandshakes: 5, tlsResumed: 4 });
    },
  );

  it("of one listener do not get around the client certificate of another", async () => {
    const server = keep(httpServer(() => response("hello")));
    const second = `https://127.0.0.1:0,name=second,${A},ca=${tlsFile("ca.pem")}`;
    const { program, port } = await startTls(
      "https",
      [server.port],
      A,
      "-l",
      second,
      "-b",
      `127.0.0.1:${server.port}`,
    );
    const session = `${await temporaryFolder()}/session`;
    await resume(port, ["-sess_out", session]);
    expect(await resume(program.port("second"), ["-sess_in", session])).not.toContain("200 OK");
    expect(await program.log(1)).toMatchObject({ frontend: "second", term: "PR" });
  });
});

describe("a flood of handshakes", () => {
  it("leaves established traffic fast: half-open ones, and many at once that are completed", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startTls("https", [server.port]);
    const peer = await connectTls(port);
    const half = await Promise.all(Array.from({ length: FLOOD }, () => connect(port)));
    for (const one of half) await one.send("\x16\x03\x01\x02\x00\x01\x00\x01");
    let isFlooding = true;
    const flood = Promise.all(Array.from({ length: 8 }, async () => {
      let count = 0;
      for (; isFlooding; count++) await exchangeTls(port);
      return count;
    }));
    const timesMs: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      const beganMs = performance.now();
      await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await peer.readUntil("hello");
      peer.take();
      timesMs.push(performance.now() - beganMs);
    }
    isFlooding = false;
    const handshakes = (await flood).reduce((sum, count) => sum + count, 0);
    expect(handshakes).toBeGreaterThan(20);
    // The clients of the flood run in this very process: most of this time is theirs.
    expect(timesMs.sort((a, b) => a - b)[REQUESTS / 2]).toBeLessThan(100);
    for (const one of half) one.close();
    peer.close();
    await expectIdle(program);
  });
});
