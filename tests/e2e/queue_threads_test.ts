/** Queues over several threads of the built program: one limit for all, slots that go from thread to thread, a thread that dies. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { HeldServer } from "../support/program/held_server.ts";
import { response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";

const MAIN = new URL("../support/threads/mortal_main.ts", import.meta.url).pathname;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A server that takes a little time for each request, and counts how many it has at once. */
function countingServer(workMs: number) {
  const seen = { now: 0, max: 0, all: 0 };
  const server = new ScriptedServer(async (peer) => {
    for (;;) {
      await peer.readUntil("\r\n\r\n");
      if (!peer.received.includes("\r\n\r\n")) return peer.close();
      peer.take();
      seen.now++;
      seen.all++;
      seen.max = Math.max(seen.max, seen.now);
      await new Promise((resolve) => setTimeout(resolve, workMs));
      seen.now--;
      await peer.send(response("ok"));
    }
  });
  return { seen, port: server.port, stop: () => server.stop() };
}

describe.each([["epoll", 2], ["deno", 2], ["epoll", 4]])("on %s, --threads %d", (poller, threads) => {
  it("never passes a server's maxconn, and keeps its slots busy", async () => {
    const server = keep(countingServer(2));
    const { program, port } = await startHadro(
      "http",
      [`127.0.0.1:${server.port},maxconn=3`],
      ...["--threads", String(threads), "--poller", poller],
    );
    const beganMs = performance.now();
    const [clientCount, requestCount] = [30, 10];
    await Promise.all(Array.from({ length: clientCount }, async () => {
      const client = await connect(port);
      for (let i = 0; i < requestCount; i++) {
        await client.send(GET);
        expect(await client.readUntil("ok")).toContain("200 OK");
        client.take();
      }
      client.close();
    }));
    const elapsedMs = performance.now() - beganMs;
    expect(server.seen).toEqual({ now: 0, max: 3, all: clientCount * requestCount });
    // At best 200 ms; a slot that waited for a look each time would make it ten seconds.
    expect(elapsedMs).toBeLessThan(5_000);
    await program.log(clientCount * requestCount - 1);
    const lines = program.stdout.lines.map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ term, status }) => `${term} ${status}`))).toEqual(new Set(["-- 200"]));
    expect(lines.filter(({ queue_backend }) => queue_backend > 0).length).toBeGreaterThan(clientCount);
    await expectIdle(program);
    const counters = await program.counters();
    expect(counters).toMatchObject({ threads, queued: 0 });
    if (poller === "epoll") expect(counters.queueHandovers).toBeGreaterThan(0);
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
  });
});

describe("a thread that dies", () => {
  it.each([0, 1])("number %d: its slots and its places in the queue are free again", async (thread) => {
    const server = keep(new HeldServer());
    const folder = await temporaryFolder();
    const words = `-l http://127.0.0.1:0,name=fe -b 127.0.0.1:${server.port},maxconn=2`;
    const line = `exec "$DENO" run -A --unstable-net "${MAIN}" ${words} --threads 2 --log json`;
    const env = { DENO: Deno.execPath(), MORTAL_ORDERS: folder };
    const program = keep(Program.spawnShell(line, { env }));
    await program.listening(1);
    const port = program.port("fe");
    const askAll = async () => {
      const clients = await Promise.all(Array.from({ length: 16 }, () => connect(port)));
      for (const client of clients) await client.send(GET);
      return clients;
    };
    const clients = await askAll();
    await program.countersWhen((c) => c.queued === 14);
    await Deno.writeTextFile(`${folder}/hadro-${thread}`, "");
    await program.stderr.waitFor(new RegExp(`hadro: thread ${thread} ended: .*told to die`));
    server.open();
    const answers = await Promise.all(clients.map((client) => client.readUntil("ok")));
    const servedCount = answers.filter((text) => text.includes("200 OK")).length;
    expect(servedCount).toBeGreaterThan(0);
    expect(servedCount).toBeLessThan(16);
    await program.countersWhen((c) => c.threads === 2 && c.queued === 0);
    const others = await askAll();
    for (const client of others) expect(await client.readUntil("ok")).toContain("200 OK");
    const lines = program.stdout.lines.map((text) => JSON.parse(text));
    for (const { conns_server } of lines) expect(conns_server).toBeLessThanOrEqual(2);
    program.signal("SIGTERM");
    for (const client of [...clients, ...others]) client.close();
    expect(await program.exitCode()).toBe(0);
  });
});
