/** TLS behind: whom hadro asks for, what it verifies, what it says when that fails, and which requests share a connection. @module */
import { describe, expect, it } from "vitest";
import { receiveBulk, sendBulk } from "../support/program/bulk.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, response, ScriptedServer } from "../support/program/peers.ts";
import { tlsFile, tlsText } from "../support/tls/certificates.ts";
import { startTls } from "../support/tls/clients.ts";
import { TlsServer } from "../support/tls/servers.ts";

const CA = `ca=${tlsFile("ca.pem")}`;
const BULK_BYTES = 4 * 1_024 * 1_024;

const hello = (name: string, options = {}) => TlsServer.start(name, () => response("hello"), options);

async function get(port: number, host = "a.test"): Promise<string> {
  const peer = await connect(port);
  await peer.send(`GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return await peer.readAll();
}

describe("a server with TLS", () => {
  it.each([
    ["its host name, which must be verified", "local", "https://localhost:%", "localhost"],
    ["its address, which is not asked for, but verified", "local", "https://127.0.0.1:%", ""],
    ["the name of sni=", "a", "https://127.0.0.1:%,sni=A.test", "a.test"],
  ])("is reached by %s", async (_, certificate, word, serverName) => {
    const server = await hello(certificate);
    const { program, port } = await startHadro("http", [`${word.replace("%", String(server.port))},${CA}`]);
    expect(await get(port)).toContain("200 OK");
    expect(server.connections.map((seen) => seen.serverName)).toEqual([serverName]);
    expect(server.heads).toEqual([expect.stringContaining("\r\nX-Forwarded-Proto: http\r\n")]);
    expect(await program.log()).toMatchObject({ status: 200, term: "--", server: "s1", scheme: "http" });
    await expectIdle(program);
  });

  it("is not believed without a reason: 503, SC, and why in words", async () => {
    const server = await hello("local");
    const expired = await hello("expired");
    for (
      const [word, why] of [
        [`https://127.0.0.1:${server.port}`, "unable to get local issuer certificate"],
        [`https://127.0.0.1:${server.port},sni=b.test,${CA}`, "hostname mismatch"],
        [
          `https://127.0.0.1:${server.port},ca=${tlsFile("other_ca.pem")}`,
          "unable to get local issuer certificate",
        ],
        [`https://localhost:${expired.port},${CA}`, "certificate has expired"],
      ]
    ) {
      const { program, port } = await startHadro("http", [word], "--retries", "0");
      expect(await get(port)).toContain("503 Service Unavailable");
      const line = await program.log();
      expect(line).toMatchObject({ status: 503, term: "SC", server: "s1", t_conn_ms: null });
      expect(line.why).toMatch(new RegExp(`^TLS to 127\\.0\\.0\\.1:\\d+ failed: ${why}$`, "i"));
      await expectIdle(program);
    }
    expect(server.heads).toEqual([]);
  });

  it("is believed whoever it is with verify=off, which is said loudly", async () => {
    const server = await hello("expired");
    const { program, port } = await startHadro("http", [`https://127.0.0.1:${server.port},verify=off`]);
    expect(await get(port)).toContain("200 OK");
    expect(program.stderr.lines).toContain(
      "hadro: WARNING: verify=off: the certificate of server app/s1 is NOT verified, whoever answers is believed",
    );
  });

  it("that wants a certificate is shown hadro's", async () => {
    const server = await hello("local", {
      ca: tlsText("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const word = `https://127.0.0.1:${server.port},${CA},cert=${tlsFile("ann.pem")}`;
    const { port } = await startHadro("http", [word]);
    expect(await get(port)).toContain("200 OK");
    expect(server.connections.length).toBe(1);
  });

  it("that does not speak TLS is one that failed; another is used, as after any failed connect", async () => {
    const plain = keep(new ScriptedServer((peer) => peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const good = await hello("local");
    const words = [`https://127.0.0.1:${plain.port},${CA}`, `https://127.0.0.1:${good.port},${CA}`];
    const { program, port } = await startHadro("http", words, "--lb", "first");
    expect(await get(port)).toContain("hello");
    expect(await program.log()).toMatchObject({
      status: 200,
      server: "s2",
      retries: 1,
      redispatched: true,
      term: "--",
    });
  });

  it("that is silent runs into --timeout-connect: 503, sC", async () => {
    const silent = keep(new ScriptedServer(async (peer) => void await peer.readAll()));
    const word = `https://127.0.0.1:${silent.port},${CA}`;
    const { program, port } = await startHadro(
      "http",
      [word],
      "--retries",
      "0",
      "--timeout-connect",
      "150ms",
    );
    expect(await get(port)).toContain("503 ");
    expect(await program.log()).toMatchObject({
      term: "sC",
      why: `127.0.0.1:${silent.port} did not complete the TLS handshake within 150 ms`,
    });
    await expectIdle(program);
  });

  it("may stand beside one without", async () => {
    const plain = keep(httpServer(() => response("plain")));
    const secure = await hello("local");
    const { port } = await startHadro("http", [plain.port, `https://127.0.0.1:${secure.port},${CA}`]);
    const answers = [await get(port), await get(port)].map((text) => text.split("\r\n\r\n")[1]);
    expect(answers.sort()).toEqual(["hello", "plain"]);
  });
});

describe("connections", () => {
  it("are reused as plain ones are, and sessions go on", async () => {
    const server = await hello("local");
    const { program, port } = await startHadro("http", [`https://127.0.0.1:${server.port},${CA}`]);
    const peer = await connect(port);
    for (let i = 0; i < 3; i++) {
      await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await peer.readUntil("hello");
      peer.take();
    }
    peer.close();
    await program.log(2);
    expect(server.connections.map(({ heads }) => heads.length)).toEqual([3]);
  });

  it("that are new go on with the session of one before", async () => {
    const plain = keep(httpServer(() => response("hello")));
    const server = await startTls("https", [plain.port], `cert=${tlsFile("local.pem")}`);
    const word = `https://127.0.0.1:${server.port},${CA}`;
    const { port } = await startHadro("http", [word], "--http-reuse", "never");
    for (let i = 0; i < 4; i++) expect(await get(port)).toContain("hello");
    const resumed: unknown[] = [];
    for (let i = 0; i < 4; i++) resumed.push((await server.program.log(i)).tls_resumed);
    expect(resumed).toEqual([false, true, true, true]);
    await expectIdle(server.program);
  });

  it("with sni=host are for one Host each, and asked for by it", async () => {
    const server = await TlsServer.start("a", (head) => response(/Host: (\S+)/.exec(head)![1]), {
      SNICallback: undefined,
    });
    const word = `https://127.0.0.1:${server.port},${CA},sni=host`;
    const { program, port } = await startHadro("http", [word], "--retries", "0", "--http-reuse", "always");
    const peer = await connect(port);
    for (const [index, host] of ["a.test", "A.test:8080", "a.test", "b.test"].entries()) {
      await peer.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await peer.readUntil("\r\n\r\n");
      if (host === "b.test") {
        expect(await program.log(index)).toMatchObject({ status: 503, term: "SC" });
        expect((await program.log(index)).why).toMatch(/hostname mismatch/i);
      } else expect(await program.log(index)).toMatchObject({ status: 200 });
      await peer.readUntil(host === "b.test" ? "503" : host);
      peer.take();
    }
    expect(new Set(server.connections.map(({ serverName }) => serverName))).toEqual(new Set(["a.test"]));
    expect(server.heads.length).toBe(3);
  });

  it("of tls:// servers carry bytes both ways, and each end ends for itself", async () => {
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: tlsText("local.crt"),
      key: tlsText("local.key"),
    });
    const atServer = (async () => {
      const conn = await listener.accept();
      const both = await Promise.all([sendBulk(conn, BULK_BYTES, 1), receiveBulk(conn)]);
      conn.close();
      return both;
    })();
    keep({ stop: () => listener.close() });
    const { program, port } = await startHadro("tcp", [
      `tls://127.0.0.1:${(listener.addr as Deno.NetAddr).port},${CA}`,
    ]);
    const { conn } = await connect(port);
    const [sent, received] = await Promise.all([sendBulk(conn, BULK_BYTES, 2), receiveBulk(conn)]);
    expect(await atServer).toEqual([received, sent]);
    expect(await program.log()).toMatchObject({
      bytes_in: BULK_BYTES,
      bytes_out: BULK_BYTES,
      term: "--",
      scheme: "tcp",
    });
    await expectIdle(program);
  });

  it("begin with the PROXY protocol header, in the clear, and TLS behind it", async () => {
    const inner = await hello("local");
    const headers: string[] = [];
    // What strips the header, as a proxy of the server's side would.
    const stripper = keep(
      new ScriptedServer(async ({ conn }) => {
        const first = new Uint8Array(4_096);
        const count = await conn.read(first) ?? 0;
        const text = String.fromCharCode(...first.subarray(0, count));
        const end = text.indexOf("\r\n") + 2;
        headers.push(text.slice(0, end));
        const onward = await Deno.connect({ hostname: "127.0.0.1", port: inner.port });
        if (count > end) await onward.write(first.subarray(end, count));
        await Promise.allSettled([
          conn.readable.pipeTo(onward.writable),
          onward.readable.pipeTo(conn.writable),
        ]);
      }),
    );
    const { program, port } = await startHadro("http", [`https://127.0.0.1:${stripper.port},${CA},proxy=1`]);
    expect(await get(port)).toContain("hello");
    expect(headers).toEqual([expect.stringMatching(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/)]);
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });
});

describe("checks", () => {
  it("are made over TLS, and their failure has words", async () => {
    const good = await hello("local");
    const expired = await hello("expired");
    const words = [`https://localhost:${good.port},${CA}`, `https://localhost:${expired.port},${CA}`];
    const { program, port } = await startHadro("http", words, "--check", "/health", "--inter", "100ms");
    const down = await program.stderr.waitFor(/app\/s2 is DOWN/);
    expect(down).toContain("the TLS handshake failed: certificate has expired");
    expect(good.heads.some((head) => head.startsWith("GET /health "))).toBe(true);
    expect(await get(port)).toContain("hello");
    expect(await program.log()).toMatchObject({ server: "s1", retries: 0 });
  });

  it("of tcp end with the handshake", async () => {
    const good = await hello("local");
    const plain = keep(new ScriptedServer((peer) => peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const words = [`tls://localhost:${good.port},${CA}`, `tls://localhost:${plain.port},${CA}`];
    const { program } = await startHadro("tcp", words, "--check", "tcp", "--inter", "100ms");
    expect(await program.stderr.waitFor(/app\/s2 is DOWN/)).toContain("the TLS handshake failed");
    expect(program.stderr.lines.some((line) => line.includes("app/s1 is DOWN"))).toBe(false);
  });
});
