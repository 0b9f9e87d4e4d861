/** Slow clients of the built program: heads, bodies and answers that come or go byte by byte. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, type Peer, response, ScriptedServer } from "../support/program/peers.ts";

const POST = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
const wait = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** Sends a byte again and again until the connection ends; everything that was answered. */
async function trickle(peer: Peer, pauseMs: number): Promise<string> {
  const answer = peer.readAll();
  while (!peer.isEnded) {
    await peer.send("a").catch(() => {});
    await wait(pauseMs);
  }
  return await answer;
}

describe("a client that is slow", () => {
  it("with its head is answered 408 when timeout-request is over, however it dribbles", async () => {
    const server = keep(httpServer(() => response("never")));
    const { program, port } = await startHadro("http", [server.port], "--timeout-request", "600");
    const peer = await connect(port);
    const beganMs = performance.now();
    await peer.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    expect(await trickle(peer, 50)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(performance.now() - beganMs).toBeLessThan(3_500);
    const why = "the request head was not complete within 600 ms";
    expect(await program.log()).toMatchObject({ status: 408, term: "cR", why });
  });

  it("with its body is answered 408 by --min-rate, while one that is fast enough is served", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("z");
        await peer.send(response("hello"));
      }),
    );
    const { program, port } = await startHadro("http", [server.port], "--min-rate", "100");
    const slow = await connect(port);
    const fast = await connect(port);
    await slow.send(POST);
    await fast.send(POST);
    const ended = trickle(slow, 100);
    // 1,000 bytes in 7 s.
    for (let i = 0; i < 20; i++) {
      await fast.send("a".repeat(49) + (i === 19 ? "z" : "a"));
      await wait(350);
    }
    expect(await fast.readUntil("hello")).toBe(response("hello"));
    expect(await ended).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*connection: close\r\n/);
    const lines = [await program.log(0), await program.log(1)];
    expect(lines.find((line) => line.status === 408)).toMatchObject({
      ...{ term: "cH", server: "s1", why: "the client is slower than min-rate" },
    });
    fast.close();
    slow.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ deniedRequests: 1 });
  });

  it("to take its answer is cut off by --min-rate", async () => {
    const server = keep(httpServer(() => response("x".repeat(60_000_000))));
    const { program, port } = await startHadro("http", [server.port], "--min-rate", "100m");
    const peer = await connect(port);
    await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const buffer = new Uint8Array(65_536);
    let count = 0;
    const untilMs = performance.now() + 20_000;
    while (program.stdout.lines.length === 0 && performance.now() < untilMs) {
      count += await peer.conn.read(buffer).catch(() => 0) ?? 0;
      await wait(20);
    }
    expect(count).toBeLessThan(60_000_000);
    expect(await program.log()).toMatchObject({
      ...{ status: 200, term: "cD", why: "the client is slower than min-rate" },
    });
    await expectIdle(program);
  });
});
