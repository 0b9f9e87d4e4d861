/** TLS passed through by its client hello: real TLS at both ends, over both pollers. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { Program } from "../support/program/program.ts";
import { latin1, textOf, tlv } from "../support/proxy_protocol/headers.ts";
import { capturedHello, readCapturedHellos } from "../support/tls/captured.ts";
import { at, silentServer, startSni } from "../support/tls/sni_listener.ts";
import { talkTls, TlsServer } from "../support/tls/tls_peers.ts";

const POLLERS = ["epoll", "deno"] as const;
const HELLO = capturedHello("OpenSSL, TLS 1.3");

describe.each(POLLERS)("over poller %s", (poller) => {
  const flags = ["--poller", poller];

  it("the client sees the certificate of the server that its hello names, and the log has the name", async () => {
    const [a, b, d] = (["a", "b", "d"] as const).map((name) => keep(new TlsServer(name)));
    const words = ["-r", `a.test=${at(a)},name=as`, `*.b.test=${at(b)},name=bs`, "-b", at(d)];
    const { program, port } = await startSni(words, ...flags);
    const asked: [string, string, string][] = [
      ["a.test", "a", "as"],
      ["A.Test", "a", "as"],
      ["x.b.test", "b", "bs"],
      ["d.test", "d", "app"],
      ["", "d", "app"],
    ];
    for (const [index, [name, certificate, backend]] of asked.entries()) {
      expect(await talkTls(port, name)).toEqual({ certificate, received: `${certificate}:hi` });
      const line = await program.log(index);
      expect(line).toEqual({
        v: 1,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        scheme: "sni",
        client: "127.0.0.1",
        client_port: expect.any(Number),
        frontend: "fe",
        backend,
        server: "s1",
        server_addr: at({ a, b, d }[certificate]!),
        sni: name === "" ? null : name.toLowerCase(),
        bytes_out: expect.any(Number),
        bytes_in: expect.any(Number),
        t_handshake_ms: 0,
        t_req_ms: expect.any(Number),
        t_queue_ms: 0,
        t_conn_ms: expect.any(Number),
        t_total_ms: expect.any(Number),
        retries: 0,
        redispatched: false,
        term: "--",
        why: null,
        conns_process: 1,
        conns_frontend: 1,
        conns_backend: 1,
        conns_server: 1,
        queue_server: 0,
        queue_backend: 0,
      });
    }
    expect([a.count, b.count, d.count]).toEqual([2, 1, 2]);
    await expectIdle(program);
  });

  it("offered protocols choose, too", async () => {
    const [a, b] = (["a", "b"] as const).map((name) => keep(new TlsServer(name)));
    const words = ["-r", `b.test=${at(b)}`, `*=${at(a)},alpn=h2`];
    const { port } = await startSni(words, ...flags);
    expect((await talkTls(port, "a.test", ["h2"])).certificate).toBe("a");
    expect((await talkTls(port, "b.test", ["h2"])).certificate).toBe("b");
    await expect(talkTls(port, "a.test", ["http/1.1"])).rejects.toThrow();
  });

  it("megabytes pass behind the hello", async () => {
    const text = "0123456789abcdef".repeat(256 * 1_024);
    const a = keep(new TlsServer("a", () => text));
    const { program, port } = await startSni(["-r", `a.test=${at(a)}`], ...flags);
    const { received } = await talkTls(port, "a.test");
    expect(received === text).toBe(true);
    expect((await program.log()).bytes_out).toBeGreaterThan(text.length);
    await expectIdle(program);
  });

  it.each(readCapturedHellos().map(({ title, bytes, serverName }) => [title, bytes, serverName] as const))(
    "%s reaches its server as it was sent, at once or in pieces",
    async (_, bytes, serverName) => {
      const named = silentServer();
      const other = silentServer();
      const words = ["-r", `app.example.com=${at(named)}`, "-b", at(other)];
      const { program, port } = await startSni(words, ...flags);
      const hello = textOf(bytes);
      const server = serverName === "app.example.com" ? named : other;
      for (const [index, pieceBytes] of [bytes.length, 7].entries()) {
        const peer = await connect(port);
        (peer.conn as Deno.TcpConn).setNoDelay(true);
        for (let i = 0; i < bytes.length; i += pieceBytes) await peer.send(bytes.subarray(i, i + pieceBytes));
        await peer.send("and more");
        await peer.closeWrite();
        await peer.readAll();
        expect(server.peers[index].received).toBe(`${hello}and more`);
        expect(await program.log(index)).toMatchObject({
          sni: serverName === "" ? null : serverName,
          term: "--",
          bytes_in: hello.length + 8,
        });
      }
      await expectIdle(program);
    },
  );

  it("a PROXY protocol header may come before it, and the name goes into the one for the server", async () => {
    const a = silentServer();
    const words = [
      "-l",
      "sni://127.0.0.1:0,name=pp,proxy",
      "-r",
      `app.example.com=${at(a)},proxy=2,proxy-v2-options=authority`,
    ];
    const program = keep(
      await Program.start([...words, "--trust", "127.0.0.0/8", "--log", "json", ...flags]),
    );
    const peer = await connect(program.port("pp"));
    await peer.send(latin1(`PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n${textOf(HELLO)}`));
    await peer.closeWrite();
    await peer.readAll();
    const { received } = a.peers[0];
    expect(received.slice(28)).toBe(`${tlv(2, "app.example.com")}${textOf(HELLO)}`);
    expect(await program.log()).toMatchObject({
      client: "192.0.2.1",
      client_port: 56_324,
      sni: "app.example.com",
      bytes_in: HELLO.length,
      term: "--",
    });
    await expectIdle(program);
  });
});
