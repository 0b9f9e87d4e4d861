/** Where the built program's access log goes: files and their rotation, readers that leave or stall. @module */
import { describe, expect, it } from "vitest";
import { fileWhen } from "../support/program/file_when.ts";
import { connect, keep, type Running, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, type Peer, response } from "../support/program/peers.ts";
import { type LogLine, Program } from "../support/program/program.ts";

/** Fills the log fast: its line is longer than a kilobyte. */
const LONG_PATH = "/".padEnd(900, "x");

function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`;
}

async function ask(port: number, request: string): Promise<string> {
  const client = await connect(port);
  await client.send(request);
  await client.closeWrite();
  return await client.readAll();
}

/** A hadro before a server that answers `hello`. */
function startBeforeHello(...flags: string[]): Promise<Running> {
  const server = keep(httpServer(() => response("hello")));
  return startHadro("http", [server.port], ...flags);
}

/** The first line of standard output, of any format. */
function firstLine(program: Program): Promise<string> {
  return program.stdout.waitFor(/./);
}

describe("--log-file", () => {
  it("goes to the file and is opened again by SIGUSR1 after a rename: no line is lost", async () => {
    const folder = await temporaryFolder();
    const file = `${folder}/access.log`;
    await Deno.writeTextFile(file, "an old line\n");
    const { program, port } = await startBeforeHello("--log", "%HU", "--log-file", file);
    await ask(port, get("/1"));
    await fileWhen(file, "an old line\n/1\n");
    await Deno.rename(file, `${file}.1`);
    await ask(port, get("/2"));
    await fileWhen(`${file}.1`, "an old line\n/1\n/2\n");
    program.signal("SIGUSR1");
    await fileWhen(file, "");
    await ask(port, get("/3"));
    await fileWhen(file, "/3\n");
    expect(await Deno.readTextFile(`${file}.1`)).toBe("an old line\n/1\n/2\n");
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
    expect(program.stdout.lines).toEqual([]);
  });

  it("goes on with the old file when the new one cannot be opened, and says so", async () => {
    const folder = await temporaryFolder();
    await Deno.mkdir(`${folder}/logs`);
    const file = `${folder}/logs/access.log`;
    const { program, port } = await startBeforeHello("--log", "%HU", "--log-file", file);
    await Deno.rename(`${folder}/logs`, `${folder}/moved`);
    program.signal("SIGUSR1");
    expect(await program.stderr.waitFor(/Cannot open log file/)).toContain("going on with the old file");
    await ask(port, get("/1"));
    await fileWhen(`${folder}/moved/access.log`, "/1\n");
  });

  it("exits 1 at the start when the file cannot be opened, and names it", async () => {
    const args = ["-l", "http://127.0.0.1:0", "-b", ":9", "--log-file", "/no/such/folder/access.log"];
    const program = keep(Program.spawn(args));
    expect(await program.exitCode()).toBe(1);
    await program.stderr.ended;
    expect(program.stderr.lines[0]).toMatch(
      /^hadro: Cannot open log file "\/no\/such\/folder\/access\.log": /,
    );
  });
});

describe("readers of standard output", () => {
  it("one that leaves (hadro … | head -1) does not stop traffic; it is told once", async () => {
    const server = keep(httpServer(() => response("hello")));
    const args = `-l http://127.0.0.1:0,name=fe -b 127.0.0.1:${server.port} --log %HU`;
    // As `hadro … | head -1`, with hadro's own pid for the signals.
    const program = keep(Program.spawnShell(`exec "$HADRO" ${args} > >(head -1)`));
    await program.listening(1);
    const client = await connect(program.port("fe"));
    await exchange(client, "/1");
    expect(await firstLine(program)).toBe("/1");
    await program.stdout.ended;
    for (let i = 2; i < 200; i++) await exchange(client, `/${i}`);
    await program.stderr.waitFor(/access log: the reader is gone .*; lines are dropped from now on/);
    await exchange(client, "/last");
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
    await program.stderr.ended;
    expect(program.stderr.lines.filter((text) => text.includes("the reader is gone")).length).toBe(1);
    expect(program.stdout.lines).toEqual(["/1"]);
  });

  it("one that stalls does not stall traffic; what was dropped is counted in the log itself", async () => {
    const server = keep(httpServer(() => response("hello")));
    const program = keep(await startUnread(server.port));
    const client = await connect(program.port("fe"));
    const count = 3_000;
    // Standard output is not read: a pipe takes 64 kB, hadro keeps 1 MB, and these are more than 3 MB.
    await exchangeMany(client, count);
    program.stdout.start();
    await program.stdout.waitFor(/"event":"log_dropped"/);
    // The next line comes behind the note: the log has caught up.
    await exchange(client, "/after");
    await program.stdout.waitFor(/"uri":"\/after"/);
    const lines = program.stdout.lines.map((text) => JSON.parse(text) as LogLine);
    const dropped = lines.filter((line) => line.event === "log_dropped");
    const droppedCount = dropped.reduce((sum, line) => sum + Number(line.lines), 0);
    expect(dropped.every((line) => line.v === 1 && Object.keys(line).length === 3)).toBe(true);
    expect(droppedCount).toBeGreaterThan(0);
    expect(lines.length - dropped.length - 1 + droppedCount).toBe(count);
    // Those that were kept are the first ones, in order.
    const kept = lines.filter((line) => String(line.uri).startsWith("/x")).map((line) => line.user_agent);
    expect(kept).toEqual(kept.map((_, index) => String(index)));
  });

  it("one that stalls does not keep hadro from ending", async () => {
    const server = keep(httpServer(() => response("hello")));
    const program = keep(await startUnread(server.port));
    const client = await connect(program.port("fe"));
    await exchangeMany(client, 3_000);
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
  });

  it("one that stalls stops traffic with --log-full block, and no line is lost", async () => {
    const server = keep(httpServer(() => response("hello")));
    const program = keep(await startUnread(server.port, "--log-full", "block"));
    const client = await connect(program.port("fe"));
    const count = 500;
    const exchanging = exchangeMany(client, count);
    await writesToPipe(program.pid);
    expect(client.received.split("hello").length - 1).toBeLessThan(count);
    program.stdout.start();
    await exchanging;
    await program.log(count - 1);
    const lines = program.stdout.lines.map((text) => JSON.parse(text) as LogLine);
    expect(lines.map((line) => line.user_agent)).toEqual(lines.map((_, index) => String(index)));
    expect(lines.length).toBe(count);
  });
});

/** A hadro whose standard output nobody reads until told to. */
function startUnread(serverPort: number, ...flags: string[]): Promise<Program> {
  const args = ["-l", "http://127.0.0.1:0,name=fe", "-b", `127.0.0.1:${serverPort}`, ...flags];
  return Program.start(args, { readsLog: false });
}

/** One request and its answer on a connection that stays open. */
async function exchange(client: Peer, path: string): Promise<void> {
  client.take();
  await client.send(get(path));
  expect(await client.readUntil("hello")).toBe(response("hello"));
}

/** `count` requests, numbered in their User-Agent, as fast as their answers come. */
async function exchangeMany(client: Peer, count: number): Promise<void> {
  client.take();
  const requests = Array.from({ length: count }, (_, i) => get(LONG_PATH, `User-Agent: ${i}\r\n`));
  const sending = client.send(requests.join(""));
  await client.readBytes(count * response("hello").length);
  await sending;
  expect(client.received === response("hello").repeat(count)).toBe(true);
}

/** Waits until a process hangs in a write to a pipe that is full (Linux). */
async function writesToPipe(pid: number): Promise<void> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    const place = await Deno.readTextFile(`/proc/${pid}/wchan`);
    if (place.includes("pipe_write")) return;
    if (performance.now() > untilMs) throw new Error(`Process ${pid} never waited for its pipe: ${place}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
