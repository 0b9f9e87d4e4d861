/** The built program with --threads: one proxy to everybody outside, whatever thread has a connection. @module */
import { describe, expect, it } from "vitest";
import {
  connect,
  expectIdle,
  keep,
  type Running,
  startHadro,
  temporaryFolder,
} from "../support/program/keep.ts";
import { listeningSockets } from "../support/program/listening_sockets.ts";
import { httpServer, Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

const THREADS = 2;
const CLIENTS = 40;
const STOPPED_MS_MAX = 5_000;

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
}

async function exchange(client: Peer, path = "/"): Promise<void> {
  client.take();
  await client.send(get(path));
  expect(await client.readUntil("hello")).toBe(response("hello"));
}

function connectAll(port: number, count = CLIENTS): Promise<Peer[]> {
  return Promise.all(Array.from({ length: count }, () => connect(port)));
}

/** A hadro of two threads before a server that answers `hello`. */
function startThreads(...flags: string[]): Promise<Running> {
  const server = keep(httpServer(() => response("hello")));
  return startHadro("http", [server.port], "--threads", String(THREADS), ...flags);
}

async function exitSoon(program: Program): Promise<number> {
  const beganMs = performance.now();
  const code = await program.exitCode();
  expect(performance.now() - beganMs).toBeLessThan(STOPPED_MS_MAX);
  await program.stderr.ended;
  await program.stdout.ended;
  return code;
}

describe.each(["epoll", "deno"])("connections of two threads on %s", (poller) => {
  it("go to both: each has a listening socket at the one port that was announced", async () => {
    const { program, port } = await startThreads("--poller", poller);
    expect(program.stderr.lines).toEqual([`hadro: listening on http://127.0.0.1:${port} (fe)`]);
    expect(await listeningSockets(port)).toBe(THREADS);
    // The kernel spreads them by their ports: each socket's share would wait for ever for a thread that does not accept.
    const clients = await connectAll(port);
    await Promise.all(clients.map((client) => exchange(client)));
    const counters = await program.countersWhen((c) => c.connections === CLIENTS);
    expect(counters).toMatchObject({ threads: THREADS, accepts: CLIENTS });
    for (const client of clients) client.close();
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ threads: THREADS, accepts: CLIENTS, acceptErrors: 0 });
  });

  it("come over a unix socket as well, whose file is gone at the end", async () => {
    const server = keep(httpServer(() => response("hello")));
    const path = `${await temporaryFolder()}/a.sock`;
    const listen = ["-l", `http://unix:${path},name=fe`, "-b", `127.0.0.1:${server.port}`];
    const program = keep(await Program.start([...listen, "--threads", "2", "--poller", poller]));
    const conns = Array.from({ length: CLIENTS }, () => Deno.connect({ transport: "unix", path }));
    const clients = (await Promise.all(conns)).map((conn) =>
      keep({ peer: new Peer(conn), stop: () => close(conn) })
    );
    await Promise.all(clients.map(({ peer }) => exchange(peer)));
    expect(await program.counters()).toMatchObject({ threads: THREADS, accepts: CLIENTS });
    program.signal("SIGTERM");
    expect(await exitSoon(program)).toBe(0);
    expect(() => Deno.lstatSync(path)).toThrow(Deno.errors.NotFound);
  });

  it("exits 1 with the usual message when the port is in use, also by another hadro with threads", async () => {
    const { program, port } = await startThreads("--poller", poller);
    const args = ["-l", `http://127.0.0.1:${port}`, "-b", ":9", "--threads", "2", "--poller", poller];
    const { code, stderr, stdout } = await runToEnd(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
    expect(stderr.length).toBe(1);
    expect(stderr[0]).toContain(
      `hadro: Cannot listen on 127.0.0.1:${port} for http-${port}: the address is in use (EADDRINUSE)`,
    );
    expect(await listeningSockets(port)).toBe(THREADS);
    await exchange(await connect(program.port("fe")));
  });
});

function close(conn: Deno.Conn): void {
  new Peer(conn).close();
}

describe("--maxconn", () => {
  it("is counted over all threads: at most one connection a thread more", async () => {
    const maxconn = 6;
    const { program, port } = await startThreads("--maxconn", String(maxconn));
    const clients = await connectAll(port);
    const full = await program.countersWhen((c) => c.connections >= maxconn);
    // Places are looked for ten times a second: a while later there are no more.
    const later = await program.countersWhen((c) => c.timersExpired >= full.timersExpired + 10);
    expect(later.connections).toBeGreaterThanOrEqual(maxconn);
    expect(later.connections).toBeLessThanOrEqual(maxconn + THREADS - 1);
    // Each that leaves makes room for one that waits, in whichever thread.
    await Promise.all(clients.map(async (client) => {
      await exchange(client);
      client.close();
    }));
    await expectIdle(program);
    expect(await program.counters()).toMatchObject({ accepts: CLIENTS });
  });
});

describe("the log of two threads", () => {
  const EXCHANGES = 100;

  /** Many connections at once, with requests that tell which they are. */
  async function runClients(port: number): Promise<void> {
    const clients = await connectAll(port);
    await Promise.all(clients.map(async (client, index) => {
      for (let i = 0; i < EXCHANGES; i++) await exchange(client, `/${index}/${i}`);
      client.close();
    }));
  }

  it.each(["block", "drop"])(
    "has whole lines, each connection's in order, with --log-full %s",
    async (full) => {
      const { program, port } = await startThreads("--log", "%HU %ST end", "--log-full", full);
      await runClients(port);
      program.signal("SIGTERM");
      expect(await exitSoon(program)).toBe(0);
      const next = new Array<number>(CLIENTS).fill(0);
      for (const line of program.stdout.lines) {
        const [, client, exchange] = /^\/(\d+)\/(\d+) 200 end$/.exec(line) ?? [];
        expect(Number(exchange), line).toBe(next[Number(client)]++);
      }
      expect(next).toEqual(new Array(CLIENTS).fill(EXCHANGES));
      expect(program.stderr.lines.length).toBe(1);
    },
  );

  it("counts what was dropped while nobody read it, in the log itself", async () => {
    const server = keep(httpServer(() => response("hello")));
    const args = ["-l", "http://127.0.0.1:0,name=fe", "-b", `127.0.0.1:${server.port}`, "--threads", "2"];
    const program = keep(await Program.start(args, { readsLog: false }));
    const clients = await connectAll(program.port("fe"), 4);
    const path = "/".padEnd(7_000, "x");
    const count = 2_000;
    // Each thread keeps 4 MiB; these lines have more than 50.
    await Promise.all(clients.map(async (client) => {
      client.take();
      const sending = client.send(get(path).repeat(count));
      await client.readBytes(count * response("hello").length);
      await sending;
    }));
    program.stdout.start();
    program.signal("SIGTERM");
    expect(await exitSoon(program)).toBe(0);
    const lines = program.stdout.lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    const dropped = lines.filter((line) => line.event === "log_dropped");
    const droppedCount = dropped.reduce((sum, line) => sum + Number(line.lines), 0);
    expect(droppedCount).toBeGreaterThan(0);
    expect(lines.length - dropped.length + droppedCount).toBe(clients.length * count);
    expect(program.stderr.lines.at(-1)).toBe(`hadro: access log: ${droppedCount} lines were dropped`);
  });

  it("goes to the file, which SIGUSR1 opens again after a rename", async () => {
    const file = `${await temporaryFolder()}/access.log`;
    const { program, port } = await startThreads("--log", "%HU", "--log-file", file);
    const clients = await connectAll(port);
    await Promise.all(clients.map((client) => exchange(client, "/old")));
    await fileWhen(file, "/old\n".repeat(CLIENTS));
    await Deno.rename(file, `${file}.1`);
    program.signal("SIGUSR1");
    await fileWhen(file, "");
    await Promise.all(clients.map((client) => exchange(client, "/new")));
    await fileWhen(file, "/new\n".repeat(CLIENTS));
    expect(await Deno.readTextFile(`${file}.1`)).toBe("/old\n".repeat(CLIENTS));
  });

  it.each(["block", "drop"])(
    "is told once to have no reader any more, and traffic goes on, with --log-full %s",
    async (full) => {
      const server = keep(httpServer(() => response("hello")));
      const args = `-l http://127.0.0.1:0,name=fe -b 127.0.0.1:${server.port} --threads 2 --log-full ${full}`;
      const program = keep(Program.spawnShell(`exec "$HADRO" ${args} > >(head -1)`));
      await program.listening(1);
      const clients = await connectAll(program.port("fe"));
      await exchange(clients[0]);
      await program.stdout.ended;
      for (let i = 0; i < 10; i++) await Promise.all(clients.map((client) => exchange(client)));
      await program.stderr.waitFor(/access log: the reader is gone .*; lines are dropped from now on/);
      await Promise.all(clients.map((client) => exchange(client)));
      program.signal("SIGTERM");
      expect(await exitSoon(program)).toBe(0);
      expect(program.stderr.lines.filter((text) => text.includes("the reader is gone")).length).toBe(1);
      expect(program.stderr.lines.at(-1)).toMatch(/^hadro: access log: \d+ lines were dropped$/);
      expect(program.stdout.lines.length).toBe(1);
    },
  );

  it("without a reader that moves does not keep hadro from ending at once, even with --log-full block", async () => {
    const server = keep(httpServer(() => response("hello")));
    const flags = ["--threads", "2", "--log-full", "block"];
    const args = ["-l", "http://127.0.0.1:0,name=fe", "-b", `127.0.0.1:${server.port}`, ...flags];
    const program = keep(await Program.start(args, { readsLog: false }));
    const clients = await connectAll(program.port("fe"));
    const path = "/".padEnd(7_000, "x");
    for (const client of clients) void client.send(get(path).repeat(50)).catch(() => {});
    // Threads that wait for the log answer no question.
    for (let i = 0; !program.stderr.lines.some((line) => line.startsWith('{"threads":0')); i++) {
      program.signal("SIGQUIT");
      await program.stderr.waitFor(/^\{/, undefined, i);
    }
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
  });
});

describe("signals", () => {
  it("SIGTERM lets what runs in both threads end, then hadro exits 0", async () => {
    const mayAnswer = Promise.withResolvers<void>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await mayAnswer.promise;
        await peer.send(response("hello"));
        await peer.readAll();
        peer.close();
      }),
    );
    keep({ stop: () => mayAnswer.resolve() });
    const { program, port } = await startHadro("http", [server.port], "--threads", "2");
    const clients = await connectAll(port);
    await Promise.all(clients.map((client) => client.send(get("/"))));
    await program.countersWhen((c) => c.connects === CLIENTS);
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    expect(program.stderr.lines.at(-1)).toBe(
      `hadro: stopping: ${CLIENTS} connections may end within 30000 ms`,
    );
    while (await listeningSockets(port) > 0) await program.counters();
    mayAnswer.resolve();
    for (const client of clients) {
      expect(await client.readAll()).toContain("hello");
      client.close();
    }
    expect(await exitSoon(program)).toBe(0);
    expect(program.stdout.lines.length).toBe(CLIENTS);
  });

  it("SIGTERM twice ends both threads at once, and says how many connections were cut", async () => {
    const server = keep(new ScriptedServer(async (peer) => void await peer.readAll()));
    const { program, port } = await startHadro("http", [server.port], "--threads", "2");
    const clients = await connectAll(port);
    await Promise.all(clients.map((client) => client.send(get("/"))));
    await program.countersWhen((c) => c.connects === CLIENTS);
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    program.signal("SIGTERM");
    expect(await exitSoon(program)).toBe(0);
    expect(program.stderr.lines.at(-1)).toBe(
      `hadro: stopped; ${CLIENTS} connections did not end in time and were cut`,
    );
    expect(program.stdout.lines.length).toBe(CLIENTS);
  });

  it("SIGTERM right at the start ends hadro as well", async () => {
    const program = keep(Program.spawn(["-l", "http://127.0.0.1:0", "-b", ":9", "--threads", "8"]));
    await program.stderr.waitFor(/listening on/);
    program.signal("SIGTERM");
    expect(await exitSoon(program)).toBe(0);
    expect(program.stderr.lines.length).toBe(1);
  });

  it("SIGQUIT many times at once is answered, and does not mix answers", async () => {
    const { program, port } = await startThreads();
    const clients = await connectAll(port);
    await Promise.all(clients.map((client) => exchange(client)));
    for (let i = 0; i < 20; i++) program.signal("SIGQUIT");
    for (let i = 0; i < 5; i++) {
      expect(await program.counters()).toMatchObject({ threads: THREADS, connections: CLIENTS });
    }
    const answers = program.stderr.lines.filter((line) => line.startsWith("{"));
    for (const line of answers) {
      expect(JSON.parse(line)).toMatchObject({ threads: THREADS, accepts: CLIENTS });
    }
  });
});

describe("--threads", () => {
  it("auto is one for each processor", async () => {
    const { program, port } = await startHadro("http", [9], "--threads", "auto");
    const counters = await program.counters();
    const count = navigator.hardwareConcurrency;
    expect(counters.threads ?? 1).toBe(count);
    expect(await listeningSockets(port)).toBe(count);
  });

  it.each(["0", "65", "x", "-1", "1.5", ""])('"%s" is refused with exit code 2, and why', async (count) => {
    const { code, stderr } = await runToEnd(["-l", "http://127.0.0.1:0", "-b", ":9", `--threads=${count}`]);
    expect(code).toBe(2);
    expect(stderr[0]).toBe(
      `hadro: Cannot use --threads "${count}": it must be auto or a whole number from 1 to 64`,
    );
  });
});

/** Waits until a file has this content. */
async function fileWhen(path: string, content: string): Promise<void> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    const found = await Deno.readTextFile(path).catch(() => null);
    if (found === content) return;
    if (performance.now() > untilMs) throw new Error(`${path} has ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
