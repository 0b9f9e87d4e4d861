/** The built program with --threads: one proxy to everybody outside, whatever thread has a connection. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { listeningSockets } from "../support/program/listening_sockets.ts";
import { httpServer, Peer, response, ScriptedServer } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { exitSoon, runToEnd } from "../support/program/run_to_end.ts";
import { CLIENTS, connectAll, exchange, get, startThreads, THREADS } from "../support/program/two_threads.ts";

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
