/**
 * Queues of the built program: who waits, in which order, for how long, and what the log says of it.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { HeldServer } from "../support/program/held_server.ts";
import { type Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { type LogLine, Program } from "../support/program/program.ts";

async function ask(port: number, path: string): Promise<Peer> {
  const peer = await connect(port);
  await peer.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return peer;
}

/** Waits until so many wait in queues. */
async function queued(program: Program, count: number): Promise<void> {
  await program.countersWhen((counters) => counters.queued === count);
}

/** The lines of the log so far, by the path of the request. */
async function logOf(program: Program, count: number): Promise<Map<string, LogLine>> {
  const lines = await Promise.all(Array.from({ length: count }, (_, i) => program.log(i)));
  return new Map(lines.map((line) => [String(line.uri), line]));
}

/** What a HAProxy log line says from the timers on. */
function tail(line: string): string {
  return line.replace(/^.*\] /, "");
}

describe("a server's maxconn", () => {
  it("is never passed; who waits is served in the order of coming, and the log says how long and behind whom", async () => {
    const server = keep(new HeldServer());
    const { program, port } = await startHadro("http", [`127.0.0.1:${server.port},maxconn=1`]);
    const peers = [await ask(port, "/0")];
    await server.askedCount(1);
    for (let i = 1; i <= 3; i++) {
      peers.push(await ask(port, `/${i}`));
      await queued(program, i);
    }
    for (let i = 0; i <= 3; i++) {
      await server.askedCount(i + 1);
      server.answerOne();
      expect(await peers[i]!.readUntil("ok")).toContain("200 OK");
    }
    expect(server.asked).toEqual(["/0", "/1", "/2", "/3"]);
    const lines = await logOf(program, 4);
    for (let i = 0; i <= 3; i++) {
      expect(lines.get(`/${i}`)).toMatchObject({
        status: 200,
        term: "--",
        server: "s1",
        queue_server: 0,
        queue_backend: i,
        redispatched: false,
        conns_server: 1,
      });
    }
    expect(lines.get("/0")!.t_queue_ms).toBe(0);
    expect(Number(lines.get("/3")!.t_queue_ms)).toBeGreaterThan(0);
    const last = lines.get("/3")!;
    // Waiting, connecting and answering are told apart.
    expect(Number(last.t_queue_ms) + Number(last.t_conn_ms) + Number(last.t_resp_ms) + Number(last.t_data_ms))
      .toBeLessThanOrEqual(Number(last.t_active_ms) + 2);
    expect(await program.counters()).toMatchObject({ queued: 0, queuedMax: 3 });
    for (const peer of peers) peer.close();
    await expectIdle(program);
  });

  it("makes who waits too long go: 503, sQ, and the exact line", async () => {
    const server = keep(new HeldServer());
    const { program, port } = await startHadro(
      "http",
      [`127.0.0.1:${server.port},maxconn=1`],
      "--timeout-queue",
      "150ms",
      "--log",
      "haproxy",
    );
    await ask(port, "/held");
    await server.askedCount(1);
    const late = await ask(port, "/late");
    expect(await late.readUntil("request.\n")).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    const line = await program.stdout.waitFor(/late/);
    const match =
      /^fe app\/<NOSRV> 0\/(\d+)\/-1\/-1\/(\d+) 503 (\d+) - - sQ-- 2\/2\/2\/0\/0 0\/1 "GET \/late HTTP\/1\.1"$/
        .exec(tail(line));
    expect(match, line).not.toBeNull();
    expect(Number(match![1])).toBeGreaterThanOrEqual(150);
    expect(Number(match![1])).toBeLessThanOrEqual(Number(match![2]));
    server.open();
    await queued(program, 0);
  });

  it("says in the JSON log why, and of which server where one was waited for", async () => {
    const server = keep(new HeldServer());
    const { program, port } = await startHadro(
      "http",
      [`127.0.0.1:${server.port},maxconn=1`],
      ...["--timeout-queue", "100ms", "--lb", "source"],
    );
    await ask(port, "/held");
    await server.askedCount(1);
    await (await ask(port, "/late")).readUntil("request.\n");
    expect(await program.log()).toMatchObject({
      uri: "/late",
      status: 503,
      term: "sQ",
      server: "s1",
      t_conn_ms: null,
      conns_server: 1,
      queue_server: 1,
      queue_backend: 0,
      why: "server s1 had no free slot within 100 ms (maxconn, --timeout-queue)",
    });
  });

  it("lets a client that closes go: CQ, no status; the next one is served in its place", async () => {
    const server = keep(new HeldServer());
    const { program, port } = await startHadro("http", [`127.0.0.1:${server.port},maxconn=1`]);
    const held = await ask(port, "/held");
    await server.askedCount(1);
    const leaver = await ask(port, "/leaver");
    await queued(program, 1);
    const stayer = await ask(port, "/stayer");
    await queued(program, 2);
    // One with a body that is not there yet is heard of as well.
    const poster = await connect(port);
    await poster.send("POST /poster HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    await queued(program, 3);
    leaver.close();
    poster.close();
    await queued(program, 1);
    const lines = await logOf(program, 2);
    for (const path of ["/leaver", "/poster"]) {
      expect(lines.get(path)).toMatchObject({
        status: null,
        term: "CQ",
        server: null,
        t_conn_ms: null,
        queue_backend: 1,
        why: "the client closed while its request waited for a server",
      });
    }
    server.open();
    expect(await stayer.readUntil("ok")).toContain("200 OK");
    expect(await held.readUntil("ok")).toContain("200 OK");
    expect(server.asked).toEqual(["/held", "/stayer"]);
    expect((await logOf(program, 4)).get("/stayer")).toMatchObject({ queue_backend: 1, term: "--" });
  });

  it("goes on to the next server that is not full (lb first)", async () => {
    const [one, two] = [keep(new HeldServer()), keep(new HeldServer())];
    const { program, port } = await startHadro(
      "http",
      [`127.0.0.1:${one.port},maxconn=2`, `127.0.0.1:${two.port},maxconn=1`],
      ...["--lb", "first"],
    );
    for (let i = 0; i < 3; i++) {
      await ask(port, `/${i}`);
      await Promise.race([one.askedCount(Math.min(i + 1, 2)), two.askedCount(1)]);
    }
    await two.askedCount(1);
    await ask(port, "/3");
    await queued(program, 1);
    two.answerOne();
    await two.askedCount(2);
    expect([one.asked, two.asked]).toEqual([["/0", "/1"], ["/2", "/3"]]);
  });

  it("with maxqueue sends a key on to another server, and then answers 503, SQ", async () => {
    const servers = [keep(new HeldServer()), keep(new HeldServer())];
    const { program, port } = await startHadro(
      "http",
      servers.map((server) => `127.0.0.1:${server.port},maxconn=1,maxqueue=1`),
      ...["--lb", "source"],
    );
    for (let i = 0; i < 4; i++) {
      await ask(port, `/${i}`);
      await program.countersWhen(({ connects, queued }) => connects! + queued! === i + 1);
    }
    const refused = await ask(port, "/refused");
    expect(await refused.readUntil("request.\n")).toContain("HTTP/1.1 503 ");
    expect(await program.log()).toMatchObject({
      term: "SQ",
      status: 503,
      server: null,
      t_queue_ms: null,
      why: "the queues of backend app are full (maxqueue s1: 1, s2: 1)",
    });
    expect(servers.map(({ asked }) => asked.length)).toEqual([1, 1]);
    for (const server of servers) server.open();
    await queued(program, 0);
  });

  it("gives who waits for a server that goes down to another one: redispatched", async () => {
    const [one, two] = [keep(new HeldServer()), keep(new HeldServer())];
    let isGood = true;
    const health = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send(isGood ? response("ok") : "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
        peer.close();
      }),
    );
    const always = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await peer.send(response("ok"));
        peer.close();
      }),
    );
    const { program, port } = await startHadro(
      "http",
      [
        `127.0.0.1:${one.port},maxconn=1,check-port=${health.port}`,
        `127.0.0.1:${two.port},maxconn=9,check-port=${always.port}`,
      ],
      ...["--lb", "hdr:X-Key", "--check", "/health", "--inter", "50ms", "--fall", "1"],
    );
    // Some key means the first server.
    const byKey = async (key: number, path: string) => {
      const peer = await connect(port);
      await peer.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Key: ${key}\r\n\r\n`);
      return peer;
    };
    let key = 0;
    for (let count = 1; one.asked.length === 0; count++, key++) {
      await byKey(key, `/try${key}`);
      await program.countersWhen(({ connects }) => connects! >= count);
      await Promise.race([one.askedCount(1), two.askedCount(count)]);
    }
    const waiter = await byKey(key - 1, "/waiter");
    await queued(program, 1);
    isGood = false;
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    two.open();
    expect(await waiter.readUntil("ok")).toContain("200 OK");
    const line = JSON.parse(await program.stdout.waitFor(/"\/waiter"/));
    expect(line).toMatchObject({ server: "s2", redispatched: true, queue_server: 1, term: "--", retries: 0 });
  });
});

describe("stopping", () => {
  it("serves who waits while it drains; the rest is cut off at once when told to: KQ", async () => {
    const server = keep(new HeldServer());
    const { program, port } = await startHadro("http", [`127.0.0.1:${server.port},maxconn=1`]);
    await ask(port, "/0");
    await server.askedCount(1);
    const served = await ask(port, "/1");
    await queued(program, 1);
    for (let i = 2; i <= 3; i++) {
      await ask(port, `/${i}`);
      await queued(program, i);
    }
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    server.answerOne();
    await server.askedCount(2);
    server.answerOne();
    expect(await served.readUntil("ok")).toContain("200 OK");
    await server.askedCount(3);
    const lines = await logOf(program, 2);
    expect([...lines.keys()]).toEqual(["/0", "/1"]);
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
    expect((await logOf(program, 4)).get("/3")).toMatchObject({ term: "KQ", status: null, queue_backend: 3 });
  });
});
