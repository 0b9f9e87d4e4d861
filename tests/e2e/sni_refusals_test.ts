/** Connections to an sni listener that go nowhere: why, and what client and log are told. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep } from "../support/program/keep.ts";
import { Peer, ScriptedServer } from "../support/program/peers.ts";
import { latin1 } from "../support/proxy_protocol/headers.ts";
import { capturedHello } from "../support/tls/captured.ts";
import { helloText } from "../support/tls/hellos.ts";
import { at, silentServer, startSni } from "../support/tls/sni_listener.ts";
import { talkTls } from "../support/tls/tls_peers.ts";

const HELLO = capturedHello("OpenSSL, TLS 1.3");

describe.each(["epoll", "deno"] as const)("over poller %s", (poller) => {
  const flags = ["--poller", poller];

  it("what no route takes is refused where there is no default backend: an alert, PR and why", async () => {
    const a = silentServer();
    const { program, port } = await startSni(["-r", `a.test=${at(a)}`], ...flags);
    const alert = (description: number) => `\x15\x03\x03\0\x02\x02${String.fromCharCode(description)}`;
    const noDefault = ", and the listener has no default backend";
    for (
      const [index, [input, answer, sni, why]] of ([
        [
          helloText({ name: "x.a.test" }),
          alert(112),
          "x.a.test",
          `no route of this listener matches the server name x.a.test${noDefault}`,
        ],
        [helloText(), alert(112), null, `the TLS client hello names no server${noDefault}`],
        [
          helloText({ name: "-\0" }),
          alert(50),
          null,
          "bad TLS client hello: its server name is no host name",
        ],
        ["GET / HTTP/1.1\r\n\r\n", "", null, `the client did not begin with a TLS client hello${noDefault}`],
        [
          "\x80\x2e\x01\x03\x01",
          "",
          null,
          `the client began with an SSLv2 hello, which names no server${noDefault}`,
        ],
      ] as const).entries()
    ) {
      const peer = await connect(port);
      await peer.send(latin1(input));
      expect(await peer.readAll()).toBe(answer);
      expect(peer.error).toBeNull();
      expect(await program.log(index)).toMatchObject({
        scheme: "sni",
        backend: null,
        server: null,
        sni,
        bytes_in: input.length,
        bytes_out: answer.length,
        term: "PR",
        why,
      });
    }
    expect(a.peers).toEqual([]);
    await expect(talkTls(port, "b.test")).rejects.toThrow(/UnrecognisedName|unrecognized/i);
    await expectIdle(program);
  });

  it("a hello that does not come in time: cR, or the default backend, which may speak first", async () => {
    const a = silentServer();
    const closing = await startSni(["-r", `a.test=${at(a)}`], "--timeout-request", "200ms", ...flags);
    const peers = [await connect(closing.port), await connect(closing.port)];
    await peers[1].send(HELLO.subarray(0, 100));
    for (const peer of peers) expect(await peer.readAll()).toBe("");
    for (const index of [0, 1]) {
      const line = await closing.program.log(index);
      expect(line).toMatchObject({
        term: "cR",
        why: "the TLS client hello was not complete within 200 ms, and the listener has no default backend",
      });
      expect(line.t_total_ms).toBeGreaterThanOrEqual(195);
    }
    const first = keep(
      new ScriptedServer(async (peer) => {
        await peer.send("220 hello\r\n");
        await peer.readAll();
        peer.close();
      }),
    );
    const waiting = await startSni(
      ["-r", `a.test=${at(a)}`, "-b", at(first)],
      "--timeout-request",
      "200ms",
      ...flags,
    );
    const peer = await connect(waiting.port);
    expect(await peer.readUntil("\n")).toBe("220 hello\r\n");
    peer.close();
    const line = await waiting.program.log();
    expect(line).toMatchObject({ backend: "app", sni: null });
    expect(line.t_req_ms).toBeGreaterThanOrEqual(195);
    expect(a.peers).toEqual([]);
  });

  it("a client that closes in the middle of its hello: CR; one that says nothing makes no line", async () => {
    const { program, port } = await startSni(["-r", "a.test=127.0.0.1:9"], ...flags);
    (await Peer.connect(port)).close();
    const peer = await connect(port);
    await peer.send(HELLO.subarray(0, 11));
    await peer.closeWrite();
    expect(await peer.readAll()).toBe("");
    expect(await program.log()).toMatchObject({
      term: "CR",
      bytes_in: 11,
      why:
        "the client closed before its TLS client hello was complete, and the listener has no default backend",
    });
    await expectIdle(program);
    expect(program.stdout.lines.length).toBe(1);
  });
});
