/** Health checks in the built program: where traffic goes, and the exact lines on standard error. @module */
import { describe, expect, it } from "vitest";
import { connect, expectIdle, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, Peer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import type { Program } from "../support/program/program.ts";
import { SilentServer } from "../support/program/silent_server.ts";
import { pingServer } from "../support/program/tcp_peers.ts";

const FAST = ["--inter", "100ms"];

function status(code: number, body = ""): string {
  return `HTTP/1.1 ${code} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A server that answers checks as `mode` says, and all else with its name. */
function checkedServer(
  name: string,
): { readonly port: number; check: () => string; other: () => string; stop(): Promise<void> } {
  const state = { check: () => response("ready"), other: () => response(name) };
  const server = httpServer((head) => head.startsWith("GET /health ") ? state.check() : state.other());
  return Object.assign(state, { port: server.port, stop: () => server.stop() });
}

async function get(port: number, path = "/"): Promise<string> {
  const client = await Peer.connect(port);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const text = await client.readAll();
  client.close();
  return text;
}

/** The lines about servers so far, without their beginning. */
function news({ stderr }: Program): string[] {
  return stderr.lines.filter((line) => line.startsWith("hadro: server ")).map((line) => line.slice(14));
}

describe("a server that stops answering", () => {
  it("gets no traffic until it answers again, and no request fails for it", async () => {
    const first = keep(checkedServer("one"));
    const second = keep(checkedServer("two"));
    const { program, port } = await startHadro(
      "http",
      [first.port, second.port],
      "--check",
      "/health",
      ...FAST,
    );
    await program.countersWhen((c) => c.checks! >= 4);
    expect(news(program)).toEqual([]);
    first.check = () => status(500);
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    for (let i = 0; i < 6; i++) expect(await get(port)).toMatch(/^HTTP\/1\.1 200 [^]*two$/);
    first.check = () => response("ready");
    await program.stderr.waitFor(/server app\/s1 is UP/);
    const bodies = new Set<string>();
    for (let i = 0; i < 4; i++) bodies.add((await get(port)).slice(-3));
    expect(bodies).toEqual(new Set(["one", "two"]));
    expect(news(program)).toEqual([
      "app/s1 is DOWN: it answered 500, not 200-399, 3 checks failed; 1 of 2 servers left",
      "app/s1 is UP: 2 checks passed; 2 of 2 servers up",
    ]);
    expect(await program.counters()).toMatchObject({ marksDown: 1, ejections: 0 });
    await expectIdle(program);
  });

  it("is down at the first check when it never answered; the backup has the traffic then", async () => {
    const backup = keep(checkedServer("spare"));
    const words = [refusedPort(), `127.0.0.1:${backup.port},backup`];
    const { program, port } = await startHadro("http", words, "--check", "tcp", ...FAST);
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(news(program)).toEqual([
      "app/s1 is DOWN: connection refused (ECONNREFUSED), 1 check failed; 0 of 1 servers left, 1 of 1 backups",
    ]);
    expect(await get(port)).toMatch(/spare$/);
    expect(await program.log()).toMatchObject({ server: "s2", retries: 0, status: 200 });
  });

  it("leaves 503 and the reason in the log when it was the last", async () => {
    const dead = refusedPort();
    const { program, port } = await startHadro("http", [dead], "--check", "http", ...FAST);
    await program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(await get(port)).toMatch(/^HTTP\/1\.1 503 /);
    expect(await program.log()).toMatchObject({
      status: 503,
      term: "SC",
      server: null,
      retries: 0,
      why: "no server of backend app can be used (s1: DOWN, connection refused (ECONNREFUSED))",
    });
  });

  it.each([
    ["its listener never accepts", "it did not accept a connection within 100 ms", "tcp", SilentServer.start],
    [
      "it accepts and never answers",
      "it did not answer within 100 ms",
      "/health",
      () => Promise.resolve(new ScriptedServer(async (peer) => void await peer.readAll())),
    ],
    [
      "it closes at once",
      "it closed the connection before its answer was complete",
      "/health",
      () => Promise.resolve(new ScriptedServer(async (peer) => void (await peer.closeWrite()))),
    ],
    [
      "it speaks another protocol",
      "bad answer: malformed version",
      "/health",
      () => Promise.resolve(new ScriptedServer((peer) => peer.send("SSH-2.0-x\r\n"))),
    ],
  ])("says when %s", async (_what, words, check, start) => {
    const server = keep(await start());
    const { program } = await startHadro("http", [server.port], "--check", check, ...FAST);
    const line = await program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(line).toBe(`hadro: server app/s1 is DOWN: ${words}, 1 check failed; 0 of 1 servers left`);
  });

  it("says when its name does not resolve", async () => {
    const { program } = await startHadro("tcp", ["no-such-name.invalid:80"], "--check", "tcp", ...FAST);
    const line = await program.stderr.waitFor(/server app\/s1 is DOWN/);
    expect(line).toMatch(
      /DOWN: (name no-such-name\.invalid does not resolve \(.*\)|its name is not resolved yet), 1 check failed; 0 of 1 servers left$/,
    );
  });
});

describe("what a check asks and expects", () => {
  it("is a GET of the path with Host, closed behind the answer", async () => {
    const heads: string[] = [];
    const server = keep(httpServer((head) => {
      heads.push(head);
      return response("x");
    }));
    const flags = ["--check", "/health?a=b", "--check-header", "X-Probe: 1", "--check-host", "app.test"];
    const { program } = await startHadro("http", [server.port], ...flags, ...FAST);
    await program.countersWhen((c) => c.checks! >= 1);
    expect(heads[0]).toBe(
      "GET /health?a=b HTTP/1.1\r\nHost: app.test\r\nX-Probe: 1\r\nUser-Agent: hadro\r\nConnection: close\r\n\r\n",
    );
  });

  it("may be a text in the body", async () => {
    const server = keep(checkedServer("one"));
    const flags = ["--check", "/health", "--expect", "body:ready", ...FAST];
    const { program } = await startHadro("http", [server.port], ...flags);
    await program.countersWhen((c) => c.checks! >= 2);
    server.check = () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n";
    expect(await program.stderr.waitFor(/DOWN/)).toBe(
      'hadro: server app/s1 is DOWN: its answer has no "ready", 3 checks failed; 0 of 1 servers left',
    );
  });

  it("takes a server out for new traffic at 404 with disable-on-404, and back at 200", async () => {
    const server = keep(checkedServer("one"));
    const other = keep(checkedServer("two"));
    const flags = ["--check", "/health", "--disable-on-404", ...FAST];
    const { program, port } = await startHadro("http", [server.port, other.port], ...flags);
    await program.countersWhen((c) => c.checks! >= 2);
    server.check = () => status(404);
    await program.stderr.waitFor(/NOLB/);
    for (let i = 0; i < 3; i++) expect(await get(port)).toMatch(/two$/);
    server.check = () => response("ready");
    await program.stderr.waitFor(/UP/);
    expect(news(program)).toEqual([
      "app/s1 is NOLB: it answered 404, not 200-399; 1 of 2 servers left",
      "app/s1 is UP: 1 check passed; 2 of 2 servers up",
    ]);
  });

  it("goes to check-port", async () => {
    const traffic = keep(pingServer());
    const health = keep(checkedServer("health"));
    const words = [`127.0.0.1:${traffic.port},check-port=${health.port}`];
    const { program } = await startHadro("tcp", words, "--check", "/health", ...FAST);
    await program.countersWhen((c) => c.checks! >= 2);
    health.check = () => status(503);
    expect(await program.stderr.waitFor(/DOWN/)).toContain("it answered 503, not 200-399, 3 checks failed");
  });
});

describe("errors of traffic", () => {
  it("take a server down with observe=l7, and checks bring it back", async () => {
    const server = keep(checkedServer("one"));
    const other = keep(checkedServer("two"));
    const flags = ["--check", "/health", "--observe", "l7", "--error-limit", "3", "--on-error", "mark-down"];
    // A check that passes ends the row of errors: none may come while it grows.
    const times = ["--inter", "10s", "--fastinter", "100ms", "--downinter", "100ms"];
    const { program, port } = await startHadro("http", [server.port, other.port], ...flags, ...times);
    await program.countersWhen((c) => c.checks! >= 2);
    server.other = () => status(503);
    for (let i = 0; i < 6; i++) await get(port);
    expect(await program.stderr.waitFor(/DOWN/)).toBe(
      "hadro: server app/s1 is DOWN: 3 errors in a row, the last one status 503; 1 of 2 servers left",
    );
    expect(await program.stderr.waitFor(/UP/)).toBe(
      "hadro: server app/s1 is UP: 2 checks passed; 2 of 2 servers up",
    );
  });

  it("eject a server without checks, longer each time, and never the last one", async () => {
    const server = keep(checkedServer("one"));
    const other = keep(checkedServer("two"));
    const flags = ["--eject", "200ms", "--error-limit", "2"];
    const { program, port } = await startHadro("http", [server.port, other.port], ...flags);
    server.other = other.other = () => status(500);
    for (let i = 0; i < 8; i++) await get(port);
    await program.stderr.waitFor(/s\d is UP/);
    for (let i = 0; i < 8; i++) await get(port);
    await program.stderr.waitFor(/s\d is EJECTED/, 10_000, 1);
    const lines = news(program);
    expect(lines[0]).toMatch(
      /^app\/s\d is EJECTED for 200 ms: 2 errors in a row, the last one status 500; 1 of 2 servers left$/,
    );
    expect(lines[1]).toMatch(/^app\/s\d is UP: its ejection is over; 2 of 2 servers up$/);
    expect(lines.filter((line) => line.includes("0 of 2"))).toEqual([]);
  });
});

describe("a server that goes down", () => {
  it("ends its sessions with on-marked-down=shutdown-sessions: D", async () => {
    const health = keep(checkedServer("health"));
    const traffic = keep(pingServer());
    const words = [`127.0.0.1:${traffic.port},check-port=${health.port}`];
    const flags = ["--check", "/health", "--on-marked-down", "shutdown-sessions", ...FAST];
    const { program, port } = await startHadro("tcp", words, ...flags);
    await program.countersWhen((c) => c.checks! >= 1);
    const client = await connect(port);
    await client.send("ping");
    await client.readUntil("pong");
    health.check = () => status(500);
    await client.readAll();
    expect(await program.log()).toMatchObject({
      term: "DD",
      why: "the server went DOWN: it answered 500, not 200-399",
    });
    await expectIdle(program);
  });
});

describe("SIGTERM", () => {
  it("ends the checks at once, while a session goes on", async () => {
    const server = keep(checkedServer("one"));
    const mayAnswer = Promise.withResolvers<void>();
    const slow = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("\r\n\r\n");
        await mayAnswer.promise;
        await peer.send(response("late", "Connection: close\r\n"));
        peer.close();
      }),
    );
    keep({ stop: () => mayAnswer.resolve() });
    const words = [`127.0.0.1:${slow.port},check-port=${server.port}`];
    const { program, port } = await startHadro("http", words, "--check", "/health", ...FAST);
    const client = await connect(port);
    await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await program.countersWhen((c) => c.checks! >= 2 && c.connections === 1);
    program.signal("SIGTERM");
    await program.stderr.waitFor(/stopping/);
    const { checks, turns } = await program.counters();
    server.check = () => status(500);
    const later = await program.countersWhen((c) => c.turns! >= turns! + 10);
    expect(later.checks).toBe(checks);
    mayAnswer.resolve();
    expect(await client.readAll()).toContain("late");
    expect(await program.exitCode()).toBe(0);
    expect(news(program)).toEqual([]);
  });
});
