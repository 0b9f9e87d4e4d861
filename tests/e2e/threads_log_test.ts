/** The access log of the built program with --threads: one log, whole lines, whatever its reader does. @module */
import { describe, expect, it } from "vitest";
import { expectIdle, keep, temporaryFolder } from "../support/program/keep.ts";
import { fileWhen } from "../support/program/file_when.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { Program } from "../support/program/program.ts";
import { exitSoon } from "../support/program/run_to_end.ts";
import { CLIENTS, connectAll, exchange, get, startThreads } from "../support/program/two_threads.ts";

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
      await expectIdle(program);
      program.signal("SIGTERM");
      expect(await exitSoon(program)).toBe(0);
      const next = new Array<number>(CLIENTS).fill(0);
      for (const line of program.stdout.lines) {
        const [, client, exchange] = /^\/(\d+)\/(\d+) 200 end$/.exec(line) ?? [];
        expect(Number(exchange), line).toBe(next[Number(client)]++);
      }
      expect(next).toEqual(new Array(CLIENTS).fill(EXCHANGES));
      expect(program.stderr.lines.filter((line) => !line.startsWith("{")).length).toBe(1);
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
