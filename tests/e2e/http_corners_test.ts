/** Corners of HTTP/1.1 through the built program: Expect, interim heads, early answers, clients that leave. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { ResetPeer } from "../support/program/reset_peer.ts";
import { SilentServer } from "../support/program/silent_server.ts";

const EXPECT = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
const GET = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const wait = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** A server that reads a head, does as told, and then notes everything that still comes, and how it ends. */
function serverAfterHead(serve: (peer: Peer) => Promise<void> | void) {
  const rest = Promise.withResolvers<{ received: string; error: string | null }>();
  const server = keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await serve(peer);
      await peer.readAll();
      rest.resolve({ received: peer.received, error: peer.error });
    }),
  );
  return { server, rest: rest.promise };
}

describe("Expect: 100-continue", () => {
  it("whose server never says 100: the client that waits is told 408 when timeout-client is over", async () => {
    const { server, rest } = serverAfterHead(() => {});
    const { program, port } = await startHadro("http", [server.port], "--timeout-client", "300ms");
    const peer = await connect(port);
    await peer.send(EXPECT);
    const answer = await peer.readAll();
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*connection: close\r\n/);
    expect((await rest).received).toContain("Expect: 100-continue\r\n");
    expect(await program.log()).toMatchObject({
      ...{ status: 408, term: "cH", why: "the client was inactive for 300 ms", server: "s1" },
    });
    await expectIdle(program);
  });

  it("whose client does not wait for 100: the body arrives, and the connection stays", async () => {
    const bodies: string[] = [];
    const server = keep(
      new ScriptedServer(async (peer) => {
        for (;;) {
          await peer.readUntil("hello");
          if (peer.isEnded) return;
          bodies.push(peer.take());
          await peer.send(response("ok"));
        }
      }),
    );
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await connect(port);
    for (let i = 0; i < 2; i++) {
      await peer.send(EXPECT);
      await peer.send("hello");
      expect(await peer.readUntil("\r\n\r\nok")).toBe(response("ok"));
      peer.take();
    }
    expect(bodies.every((text) => text.endsWith("\r\n\r\nhello"))).toBe(true);
    expect(await program.log(1)).toMatchObject({ status: 200, term: "--" });
  });

  it("that is answered 417: the answer says close, as nobody knows whether the body comes", async () => {
    const { server, rest } = serverAfterHead((peer) =>
      peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
    );
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await connect(port);
    await peer.send(EXPECT);
    expect(await peer.readAll()).toBe(
      "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    );
    expect((await rest).received.endsWith("\r\n\r\n")).toBe(true);
    expect(await program.log()).toMatchObject({ status: 417, term: "--", bytes_out: 75 });
    peer.close();
    await expectIdle(program);
  });
});

describe("interim heads", () => {
  const INTERIM = "HTTP/1.1 102 Processing\r\n\r\n" +
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" +
    "HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n";

  it("come in order before the answer, and the request is logged once, with its final status", async () => {
    const server = keep(httpServer(() => INTERIM + response("done")));
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await connect(port);
    await peer.send(GET + GET);
    const whole = INTERIM + response("done");
    expect(await peer.readBytes(whole.length * 2)).toBe(whole + whole);
    const line = await program.log(1);
    expect(line).toMatchObject({ status: 200, term: "--", bytes_out: whole.length });
    peer.close();
    await expectIdle(program);
    expect(program.stdout.lines.length).toBe(2);
  });

  it("are not for HTTP/1.0, and without an end they are not passed on for ever: 502", async () => {
    const server = keep(httpServer((_, i) => i === 0 ? INTERIM + response("done") : INTERIM.repeat(20)));
    const { program, port } = await startHadro("http", [server.port]);
    const old = await connect(port);
    await old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    expect(await old.readAll()).toBe(
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone",
    );
    const peer = await connect(port);
    await peer.send(GET);
    expect(await peer.readUntil("HTTP/1.1 502 ")).toContain("HTTP/1.1 502 ");
    expect(await program.log(1)).toMatchObject({
      ...{ status: 502, term: "PH", why: "the server sent more than 32 interim responses" },
    });
  });
});

describe("an answer before the request is whole", () => {
  it("is delivered, the upload stopped, both connections closed: --", async () => {
    const { server, rest } = serverAfterHead((peer) =>
      peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nfull")
    );
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await connect(port);
    await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n");
    await peer.readUntil("full");
    // A client that goes on regardless: it must not be read for ever.
    const block = "x".repeat(100_000);
    let sent = 0;
    while (sent < 50_000_000) {
      const isTaken = await peer.send(block).then(() => true, () => false);
      if (!isTaken) break;
      sent += block.length;
    }
    expect(sent).toBeLessThan(50_000_000);
    expect(peer.received).toBe(
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull",
    );
    expect((await rest).received).not.toContain("xxx");
    expect(await program.log()).toMatchObject({ status: 413, term: "--", server: "s1", why: null });
    await expectIdle(program);
  });

  it("by a server that keeps its connection: it is not used again, and nobody gets another's bytes", async () => {
    let count = 0;
    const server = keep(
      new ScriptedServer(async (peer) => {
        const number = ++count;
        await peer.readUntil("\r\n\r\n");
        await peer.send(response(`answer${number}`));
        await peer.readAll();
      }),
    );
    const { program, port } = await startHadro("http", [server.port], "--http-reuse", "always");
    const first = await connect(port);
    await first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    await first.readUntil("answer1");
    await first.send("56789");
    const text = await first.readAll();
    expect(text).toBe("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nanswer1");
    const second = await connect(port);
    await second.send(GET);
    expect(await second.readUntil("answer")).toContain("answer2");
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });
});

describe("a client that leaves", () => {
  it("by a reset while the server thinks ends the server's side at once: C", async () => {
    const { server, rest } = serverAfterHead(() => {});
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await ResetPeer.connect(port);
    peer.send(GET);
    await program.countersWhen((c) => c.connects === 1);
    peer.reset();
    await rest;
    expect(await program.log()).toMatchObject({
      ...{ status: null, term: "CH", why: "the client reset the connection" },
    });
    await expectIdle(program);
  });

  it("by an end is answered all the same: it may have ended its side only", async () => {
    const { server } = serverAfterHead(async (peer) => {
      await wait(100);
      await peer.send(response("late"));
    });
    const { program, port } = await startHadro("http", [server.port]);
    const peer = await connect(port);
    await peer.send(GET);
    await peer.closeWrite();
    expect(await peer.readAll()).toContain("\r\n\r\nlate");
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });

  it("by an end, with --abortonclose on: the server's side ends while it thinks: 400 CH", async () => {
    const { server, rest } = serverAfterHead(() => {});
    const { program, port } = await startHadro("http", [server.port], "--abortonclose", "on");
    const peer = await connect(port);
    await peer.send(GET);
    await program.countersWhen((c) => c.connects === 1);
    await peer.closeWrite();
    await rest;
    expect(await peer.readAll()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(await program.log()).toMatchObject({
      ...{ status: 400, term: "CH", why: "the client closed before it was answered (abortonclose)" },
    });
    await expectIdle(program);
  });

  it("by an end, with abortonclose=on, while a server is connected to: CC", async () => {
    const server = keep(await SilentServer.start());
    const { program, port } = await startHadro(
      "http",
      [`127.0.0.1:${server.port},abortonclose=on`],
      ...["--timeout-connect", "5s"],
    );
    const peer = await ResetPeer.connect(port);
    peer.send(GET);
    await program.countersWhen((c) => c.connects === 1);
    peer.end();
    expect(await program.log()).toMatchObject({ status: 400, term: "CC", server: "s1", t_conn_ms: null });
    await expectIdle(program);
  });

  it("by an end behind an answer that has begun, with --abortonclose on: it is not cut off", async () => {
    const { server } = serverAfterHead(async (peer) => {
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
      await wait(150);
      await peer.send("half");
    });
    const { program, port } = await startHadro("http", [server.port], "--abortonclose", "on");
    const peer = await connect(port);
    await peer.send(GET);
    await peer.readUntil("half");
    await peer.closeWrite();
    expect(await peer.readAll()).toContain("\r\n\r\nhalfhalf");
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });

  it("without leaving, and never reads: timeout-client ends it, and buffers come back: cD", async () => {
    const server = keep(httpServer(() => response("x".repeat(30_000_000))));
    const { program, port } = await startHadro("http", [server.port], "--timeout-client", "300ms");
    const peer = await connect(port);
    await peer.send(GET);
    expect(await program.log()).toMatchObject({
      ...{ status: 200, term: "cD", why: "the client was inactive for 300 ms" },
    });
    await expectIdle(program);
  });
});
