/** The built program when something runs out or dies: descriptors, connections, memory, a server under load. @module */
import { describe, expect, it } from "vitest";
import { BackendProcess } from "../support/program/backend_process.ts";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, Peer, response } from "../support/program/peers.ts";
import { type LogLine, Program } from "../support/program/program.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLIENTS = 60;
const LOAD_CLIENTS = 8;
/** Turns that a loop may make while nothing happens to it but SIGQUITs and timers; one that spins makes thousands. */
const IDLE_TURNS_MAX = 200;

const hasPrlimit = await new Deno.Command("prlimit", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

async function exchange(client: Peer): Promise<void> {
  client.take();
  await client.send(GET);
  expect(await client.readUntil("hello")).toBe(response("hello"));
}

describe("descriptors", () => {
  it("too few to start with are refused with the numbers", async () => {
    const program = keep(Program.spawnShell(`ulimit -n 40; exec "$HADRO" -l http://127.0.0.1:0 -b :9`));
    expect(await program.exitCode()).toBe(2);
    await program.stderr.ended;
    expect(program.stderr.lines).toEqual([
      "hadro: Cannot start: the descriptor limit 40 is too low; at least 66 are needed",
    ]);
  });

  it("few of them limit the connections: the others wait in the backlog, nothing spins, and all are served", async () => {
    const server = keep(httpServer(() => response("hello")));
    const flags = `-l http://127.0.0.1:0,name=fe -b 127.0.0.1:${server.port} --log json`;
    const program = keep(Program.spawnShell(`ulimit -n 100; exec "$HADRO" ${flags}`));
    await program.listening(1);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(program.port("fe"))));
    // (100 - 64 for hadro itself) / 2 descriptors a connection.
    const full = await program.countersWhen((c) => c.connections === 18);
    // hadro looks after its memory once a second: a while later.
    const later = await program.countersWhen((c) => c.timersExpired > full.timersExpired);
    expect(later).toMatchObject({ connections: 18, accepts: 18, acceptErrors: 0 });
    expect(later.turns - full.turns).toBeLessThan(IDLE_TURNS_MAX);
    // Each that leaves makes room for one that waits: in the end all have been served.
    for (const client of clients) {
      await exchange(client);
      client.close();
    }
    expect(program.stdout.lines.length).toBeLessThanOrEqual(CLIENTS);
    await program.log(CLIENTS - 1);
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ accepts: CLIENTS });
  });

  it.skipIf(!hasPrlimit)(
    "that run out (EMFILE) pause the listener, said once; it recovers when some are closed",
    async () => {
      const server = keep(httpServer(() => response("hello")));
      const { program, port } = await startHadro("http", [server.port]);
      await exchange(await connect(port));
      const limit = await limitWithFree(program.pid, 12);
      const { success } = await new Deno.Command("prlimit", {
        args: ["--pid", String(program.pid), `--nofile=${limit}:`],
      }).output();
      expect(success).toBe(true);
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
      expect(await program.stderr.waitFor(/cannot accept/)).toBe(
        "hadro: listener fe: cannot accept (EMFILE); pausing",
      );
      const paused = await program.countersWhen((c) => c.acceptErrors >= 2);
      const later = await program.countersWhen((c) => c.acceptErrors >= paused.acceptErrors + 2);
      expect(later.turns - paused.turns).toBeLessThan(IDLE_TURNS_MAX);
      for (const client of clients.slice(3)) client.close();
      for (const client of clients.slice(0, 3)) await exchange(client);
      const more = await connect(port);
      await exchange(more);
      expect(program.stderr.lines.filter((line) => line.includes("cannot accept")).length).toBe(1);
    },
  );
});

describe("--maxconn", () => {
  it("makes further connections wait in the backlog until one leaves", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro("http", [server.port], "--maxconn", "2");
    const [one, two, three] = [await connect(port), await connect(port), await connect(port)];
    await exchange(one);
    await exchange(two);
    await three.send(GET);
    expect(await program.countersWhen((c) => c.connections === 2)).toMatchObject({ accepts: 2 });
    one.close();
    expect(await three.readUntil("hello")).toBe(response("hello"));
    expect(await program.counters()).toMatchObject({ accepts: 3, connections: 2 });
  });
});

describe("--max-mem", () => {
  it("small, with many big answers at once: all arrive, and no more buffers are used than planned", async () => {
    const body = "0123456789".repeat(20_000);
    const server = keep(httpServer(() => response(body)));
    const flags = ["--max-mem", "2m", "--maxconn", "50"];
    const { program, port } = await startHadro("http", [server.port], ...flags);
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect(port)));
    await Promise.all(clients.map((client) => client.send(GET)));
    await Promise.all(clients.map((client) => client.readBytes(response(body).length)));
    expect(clients.every((client) => client.received === response(body))).toBe(true);
    for (const client of clients) client.close();
    await expectIdle(program);
    const counters = await program.counters();
    expect(counters.buffersInUseMax).toBeLessThanOrEqual(counters.bufferLimit);
    expect(counters.bufferLimit * 16_448).toBeLessThanOrEqual(2 * 1_024 * 1_024);
  });
});

describe("a server killed under load", () => {
  it("fails no request but those on connections it had; then all go to the one that answers", async () => {
    const killed = keep(await BackendProcess.start("killed"));
    const lives = keep(await BackendProcess.start("lives"));
    const { program, port } = await startHadro("http", [killed.port, lives.port], "--log-full", "block");
    const load = new Load(port);
    const running = Promise.all(Array.from({ length: LOAD_CLIENTS }, () => load.runClient()));
    await load.until(400);
    expect(new Set(load.answers)).toEqual(new Set(["killed", "lives"]));
    await killed.stop();
    await load.until(load.answers.length + 400);
    load.hasSettled = true;
    await load.until(load.answers.length + 400);
    load.isOver = true;
    await running;
    expect(load.failedLater).toEqual([]);
    // A request under way on each connection, and one for each idle connection whose end was not read yet.
    expect(load.failedSoon).toBeLessThanOrEqual(2 * LOAD_CLIENTS);
    await program.log(load.count - 1);
    const lines = program.stdout.lines.map((text) => JSON.parse(text) as LogLine);
    const failed = lines.filter((line) => line.term !== "--");
    expect(failed.length).toBe(load.failedSoon);
    expect(failed.every((line) => line.server === "s1" && /^S[HD]$/.test(String(line.term)))).toBe(true);
    // New connections to the dead server are refused: the request goes to the other, at once.
    const redispatched = lines.filter((line) => line.redispatched === true);
    expect(redispatched.length).toBeGreaterThan(0);
    expect(redispatched.every((line) => line.server === "s2" && line.retries === 1)).toBe(true);
  });
});

/** Clients that ask one request after another, each on its own connection. */
class Load {
  readonly answers: string[] = [];
  /** The death of a server has been noticed: what fails from now on should not. */
  hasSettled = false;
  failedSoon = 0;
  readonly failedLater: string[] = [];
  isOver = false;
  count = 0;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Asks until the end; connects again when its connection is closed. */
  async runClient(): Promise<void> {
    let client = await Peer.connect(this.#port);
    while (!this.isOver) {
      const isLate = this.hasSettled;
      this.count++;
      const answer = await this.#ask(client);
      if (answer !== null) {
        this.answers.push(answer);
        continue;
      }
      if (isLate) this.failedLater.push(client.received);
      else this.failedSoon++;
      client.close();
      client = await Peer.connect(this.#port);
    }
    client.close();
  }

  /** Waits until so many requests have been answered. */
  async until(count: number): Promise<void> {
    const untilMs = performance.now() + 20_000;
    while (this.answers.length < count) {
      if (performance.now() > untilMs) throw new Error(`Only ${this.answers.length} answers`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The body of a 200, or null. */
  async #ask(client: Peer): Promise<string | null> {
    client.take();
    await client.send(GET).catch(() => {});
    const head = await client.readUntil("\r\n\r\n");
    const size = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    if (!head.startsWith("HTTP/1.1 200 ")) return null;
    const start = head.indexOf("\r\n\r\n") + 4;
    return (await client.readBytes(start + size)).slice(start);
  }
}

/** The descriptor limit that leaves a process `freeCount` more than it has open. */
async function limitWithFree(pid: number, freeCount: number): Promise<number> {
  const open = new Set<number>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) open.add(Number(name));
  let fd = 0;
  for (let found = 0; found < freeCount; fd++) if (!open.has(fd)) found++;
  return fd;
}
