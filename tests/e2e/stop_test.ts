/** How the built program ends: drain, deadlines, second signals; whom it lets finish and whom it cuts. @module */
import { describe, expect, it } from "vitest";
import { connect, keep, startHadro } from "../support/program/keep.ts";
import { httpServer, Peer, response, ScriptedServer } from "../support/program/peers.ts";
import type { Program } from "../support/program/program.ts";
import { exitSoon } from "../support/program/run_to_end.ts";

const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";
const CLOSED_MS_MAX = 3_000;

/** A server that holds its answer back: `first`, then, once told to, `rest`. */
function heldServer(first: string, rest: string) {
  const hasAsked = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const server = keep(
    new ScriptedServer(async (peer) => {
      await peer.readUntil("\r\n\r\n");
      await peer.send(first);
      hasAsked.resolve();
      await mayAnswer.promise;
      await peer.send(rest);
      await peer.readAll();
      peer.close();
    }),
  );
  keep({ stop: () => mayAnswer.resolve() });
  return { port: server.port, hasAsked: hasAsked.promise, answer: mayAnswer.resolve };
}

/** Sends the signal and waits until the listener is closed, with `fds` descriptors left. */
async function beginDrain(program: Program, signal: Deno.Signal, fds: number): Promise<void> {
  program.signal(signal);
  await program.countersWhen((c) => c.fds === fds);
}

/** Waits until connections are refused: the kernel may take one more between the close and its end. */
async function refuses(port: number): Promise<void> {
  const untilMs = performance.now() + CLOSED_MS_MAX;
  while (performance.now() < untilMs) {
    try {
      (await Peer.connect(port)).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
    }
  }
  throw new Error(`Port ${port} still accepts`);
}

describe("the first signal", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s lets the running request finish, then hadro exits 0",
    async (signal) => {
      const server = heldServer("", response("hello"));
      const { program, port } = await startHadro("http", [server.port]);
      const client = await connect(port);
      await client.send(GET);
      await server.hasAsked;
      await beginDrain(program, signal, 2);
      expect(program.stderr.lines).toContain("hadro: stopping: 1 connections may end within 30000 ms");
      await refuses(port);
      server.answer();
      expect(await client.readAll()).toBe(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
      );
      expect(client.error).toBeNull();
      expect(await exitSoon(program)).toBe(0);
      expect(await program.log()).toMatchObject({ status: 200, term: "--", why: null });
      expect(program.stdout.lines.length).toBe(1);
    },
  );

  it("lets a response that has begun finish", async () => {
    const server = heldServer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst", "rest");
    const { program, port } = await startHadro("http", [server.port]);
    const client = await connect(port);
    await client.send(GET);
    await client.readUntil("first");
    await beginDrain(program, "SIGTERM", 2);
    server.answer();
    expect(await client.readAll()).toBe("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirstrest");
    expect(await exitSoon(program)).toBe(0);
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });

  it("lets a request that is still coming in finish", async () => {
    const server = keep(httpServer(() => response("got it")));
    const { program, port } = await startHadro("http", [server.port]);
    const client = await connect(port);
    await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    await program.countersWhen((c) => c.connects === 1 && c.fds === 3);
    await beginDrain(program, "SIGTERM", 2);
    await client.send("cd");
    expect(await client.readAll()).toContain("\r\n\r\ngot it");
    expect(await exitSoon(program)).toBe(0);
    expect(await program.log()).toMatchObject({ status: 200, term: "--" });
  });

  it("lets a TCP connection live until it ends", async () => {
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("ping");
        await peer.send("pong");
        await peer.readAll();
        peer.close();
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port]);
    const client = await connect(port);
    await program.countersWhen((c) => c.fds === 3);
    await beginDrain(program, "SIGTERM", 2);
    await client.send("ping");
    expect(await client.readUntil("pong")).toBe("pong");
    client.close();
    expect(await exitSoon(program)).toBe(0);
    expect(await program.log()).toMatchObject({ term: "--", bytes_in: 4, bytes_out: 4 });
  });

  it("closes idle keep-alive connections at once, in order, without a line", async () => {
    const server = keep(httpServer(() => response("hello")));
    const { program, port } = await startHadro("http", [server.port]);
    const silent = await connect(port);
    const client = await connect(port);
    await client.send(GET);
    await client.readUntil("hello");
    client.take();
    await program.log();
    await program.countersWhen((c) => c.connections === 2);
    program.signal("SIGTERM");
    expect(await client.readAll()).toBe("");
    expect(client.error).toBeNull();
    expect(await silent.readAll()).toBe("");
    expect(await exitSoon(program)).toBe(0);
    expect(program.stdout.lines.length).toBe(1);
  });

  it("ends hadro when nothing runs, with no word but its banner", async () => {
    const { program } = await startHadro("http", [9]);
    program.signal("SIGTERM");
    expect(await exitSoon(program)).toBe(0);
    expect(program.stderr.lines.length).toBe(1);
    expect(program.stdout.lines).toEqual([]);
  });
});

describe("the deadline", () => {
  it("--drain 200ms cuts what still runs, says how many, and logs each: K", async () => {
    const server = heldServer("", "");
    const { program, port } = await startHadro("http", [server.port], "--drain", "200ms");
    const client = await connect(port);
    await client.send(GET);
    await server.hasAsked;
    const beganMs = performance.now();
    program.signal("SIGTERM");
    await client.readAll();
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(199);
    expect(await exitSoon(program)).toBe(0);
    expect(client.received).toBe("");
    expect(program.stderr.lines.at(-1)).toBe(
      "hadro: stopped; 1 connections did not end in time and were cut",
    );
    const line = await program.log();
    expect(line).toMatchObject({ status: null, why: "hadro was stopped", server: "s1" });
    expect(line.term).toMatch(/^K/);
  });

  it("tells in the second letter where a cut request was: KH", async () => {
    const server = heldServer("", "");
    const { program, port } = await startHadro("http", [server.port], "--drain", "1ms");
    const client = await connect(port);
    await client.send(GET);
    await server.hasAsked;
    program.signal("SIGTERM");
    await program.exitCode();
    expect(await program.log()).toMatchObject({ term: "KH" });
  });

  it("cuts a TCP connection with a reset to both sides, so that neither takes a part for the whole", async () => {
    const hasArrived = Promise.withResolvers<void>();
    const serverError = Promise.withResolvers<string | null>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("half");
        hasArrived.resolve();
        await peer.readAll();
        serverError.resolve(peer.error);
      }),
    );
    const { program, port } = await startHadro("tcp", [server.port], "--drain", "50ms");
    const client = await connect(port);
    await client.send("half");
    await hasArrived.promise;
    program.signal("SIGTERM");
    await client.readAll();
    expect(client.error).toBe("ConnectionReset");
    expect(await serverError.promise).toBe("ConnectionReset");
    expect(await exitSoon(program)).toBe(0);
    expect(await program.log()).toMatchObject({ term: "KD", why: "hadro was stopped", bytes_in: 4 });
  });
});

describe("the second signal", () => {
  it.each([["SIGTERM", "SIGTERM"], ["SIGINT", "SIGTERM"], ["SIGINT", "SIGINT"]] as const)(
    "%s, then %s ends hadro at once",
    async (first, second) => {
      const server = heldServer("", "");
      const { program, port } = await startHadro("http", [server.port]);
      const client = await connect(port);
      await client.send(GET);
      await server.hasAsked;
      await beginDrain(program, first, 2);
      program.signal(second);
      expect(await exitSoon(program)).toBe(0);
      expect(await client.readAll()).toBe("");
      expect(await program.log()).toMatchObject({ status: null, why: "hadro was stopped" });
      expect(program.stderr.lines.at(-1)).toBe(
        "hadro: stopped; 1 connections did not end in time and were cut",
      );
    },
  );
});
