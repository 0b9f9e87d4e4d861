/** The access log of the built program: each format to the letter, files, and readers that leave or stall. @module */
import { describe, expect, it } from "vitest";
import { connect, keep, type Running, startHadro, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, type Peer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { type LogLine, Program } from "../support/program/program.ts";

const DATE = String.raw`\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d`;
const CLIENT = String.raw`127\.0\.0\.1:\d{1,5}`;

const GREEN = "\x1b\\[32m";
const RESET = "\x1b\\[0m";
const hasScript = await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

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

describe("--log json", () => {
  it("is what a pipe gets without a flag: one object a line, with every documented key in order", async () => {
    const server = keep(httpServer(() => response("hello")));
    const backend = `127.0.0.1:${server.port}`;
    const args = ["-l", "http://127.0.0.1:0,name=fe", "-l", "tcp://127.0.0.1:0,name=raw"];
    args.splice(2, 0, "-b", backend);
    const program = keep(await Program.start([...args, "-b", backend]));
    await ask(program.port("fe"), get("/"));
    await ask(program.port("raw"), get("/"));
    await program.log(1);
    const [http, tcp] = program.stdout.lines.map((text) => JSON.parse(text) as LogLine);
    const documented = await documentedKeys();
    expect(Object.keys(http)).toEqual(documented.map(({ key }) => key));
    expect(Object.keys(tcp)).toEqual(documented.filter(({ isHttp }) => !isHttp).map(({ key }) => key));
  });

  it("escapes what a client sends, and makes U+FFFD of what is not UTF-8", async () => {
    const { program, port } = await startBeforeHello();
    const client = await connect(port);
    const fields = 'User-Agent: "\\\té\x80\r\nReferer: ünï\r\n';
    await client.send(Uint8Array.from(get('/"<>\\', fields), (char) => char.charCodeAt(0)));
    await client.readUntil("hello");
    const line = await program.log();
    expect(line.uri).toBe('/"<>\\');
    expect(line.user_agent).toBe('"\\\t\ufffd\ufffd');
    expect(line.referer).toBe("\ufffdn\ufffd");
  });

  it("tells time to the millisecond, in UTC, and the phases add up", async () => {
    const { program, port } = await startBeforeHello();
    const beganMs = Date.now();
    await ask(port, get("/"));
    const line = await program.log();
    const number = (key: string) => Number(line[key]);
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(String(line.time))).toBeGreaterThanOrEqual(beganMs - 50);
    expect(Date.parse(String(line.time))).toBeLessThanOrEqual(Date.now());
    const phases = ["t_req_ms", "t_queue_ms", "t_conn_ms", "t_resp_ms", "t_data_ms"];
    const sumMs = phases.reduce((sum, key) => sum + number(key), 0);
    // Each phase is rounded by itself.
    expect(Math.abs(sumMs - number("t_active_ms"))).toBeLessThanOrEqual(phases.length);
    expect(number("t_total_ms")).toBe(number("t_idle_ms") + number("t_active_ms"));
  });
});

describe("--log haproxy", () => {
  it("is httplog to the letter", async () => {
    const { program, port } = await startBeforeHello("--log", "haproxy");
    const answer = await ask(port, get('/a?b="c"'));
    const size = answer.length;
    expect(await firstLine(program)).toMatch(
      new RegExp(
        String
          .raw`^${CLIENT} \[${DATE}\.\d{3}\] fe app/s1 \d+/0/\d+/\d+/\d+ 200 ${size} - - ---- 1/1/1/1/0 0/0 "GET /a\?b=#22c#22 HTTP/1\.1"$`,
      ),
    );
  });

  it("has -1 for what was not reached, the state, and <NOSRV> and <BADREQ>", async () => {
    const { program, port } = await startHadro("http", [refusedPort()], "--log", "haproxy", "--retries", "0");
    const refused = await ask(port, get("/"));
    const bad = await ask(port, "what?\r\n\r\n");
    await program.stdout.waitFor(/./, undefined, 1);
    expect(program.stdout.lines[0]).toMatch(
      new RegExp(
        String
          .raw`^${CLIENT} \[${DATE}\.\d{3}\] fe app/s1 \d+/0/-1/-1/\d+ 503 ${refused.length} - - SC-- 1/1/1/[01]/0 0/0 "GET / HTTP/1\.1"$`,
      ),
    );
    expect(program.stdout.lines[1]).toMatch(
      new RegExp(
        String
          .raw`^${CLIENT} \[${DATE}\.\d{3}\] fe fe/<NOSRV> -1/-1/-1/-1/\d+ 400 ${bad.length} - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"$`,
      ),
    );
  });
});

describe("--log combined", () => {
  const line = (tail: string) => new RegExp(String.raw`^127\.0\.0\.1 - - \[${DATE} [+-]\d{4}\] ${tail}$`);

  it("is nginx's combined, quotes and all", async () => {
    const { program, port } = await startBeforeHello("--log", "combined");
    await ask(port, get("/x?y", "Referer: http://a.test/\r\nUser-Agent: curl/8\r\n"));
    await ask(port, get("/", 'User-Agent: "\\\r\n'));
    await program.stdout.waitFor(/./, undefined, 1);
    expect(program.stdout.lines[0]).toMatch(
      line(String.raw`"GET /x\?y HTTP/1\.1" 200 \d+ "http://a\.test/" "curl/8"`),
    );
    expect(program.stdout.lines[1]).toMatch(line(String.raw`"GET / HTTP/1\.1" 200 \d+ "-" "\\x22\\x5C"`));
  });

  it("counts the bytes of the body, without the head", async () => {
    const { program, port } = await startBeforeHello("--log", "combined");
    await ask(port, get("/"));
    expect(await firstLine(program)).toMatch(line(String.raw`"GET / HTTP/1\.1" 200 5 "-" "-"`));
  });

  it("has 499 when the client left before an answer", async () => {
    const hasArrived = Promise.withResolvers<void>();
    const server = keep(
      new ScriptedServer(async (peer) => {
        await peer.readUntil("abc");
        hasArrived.resolve();
        await peer.readAll();
      }),
    );
    const { program, port } = await startHadro("http", [server.port], "--log", "combined");
    const client = await connect(port);
    await client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await hasArrived.promise;
    client.close();
    expect(await firstLine(program)).toMatch(line(String.raw`"POST /p HTTP/1\.1" 499 0 "-" "-"`));
  });
});

describe("other formats", () => {
  it("--log tty is a short line without colour codes when standard output is no terminal", async () => {
    const dead = refusedPort();
    const server = keep(httpServer(() => response("hello")));
    const up = await startHadro("http", [server.port], "--log", "tty");
    const size = (await ask(up.port, get("/x"))).length;
    expect(await firstLine(up.program)).toMatch(
      new RegExp(String.raw`^\d\d:\d\d:\d\d 200 GET /x  fe -> app/s1  \d+ ms  ${size} B  127\.0\.0\.1$`),
    );
    const down = await startHadro("http", [dead], "--log", "tty", "--retries", "0");
    await ask(down.port, get("/x"));
    expect(await firstLine(down.program)).toMatch(
      new RegExp(
        String
          .raw`^\d\d:\d\d:\d\d 503 GET /x  fe -> app/s1  \d+ ms  \d+ B  127\.0\.0\.1  SC 127\.0\.0\.1:${dead} refused the connection \(ECONNREFUSED\)$`,
      ),
    );
  });

  it.skipIf(!hasScript)("a terminal gets the short line with colours when no format is named", async () => {
    const server = keep(httpServer(() => response("hello")));
    const command = `"$HADRO" -l http://127.0.0.1:0,name=fe -b 127.0.0.1:${server.port}`;
    // script(1) runs it at a terminal of its own, where both outputs arrive.
    const program = keep(Program.spawnShell(`unset NO_COLOR; exec script -qfec '${command}' /dev/null`));
    const banner = await program.stdout.waitFor(/listening on/);
    await ask(Number(/:(\d+) \(fe\)/.exec(banner)?.[1]), get("/x"));
    expect((await program.stdout.waitFor(/GET/)).trimEnd()).toMatch(
      new RegExp(
        String.raw`^\d\d:\d\d:\d\d ${GREEN}200${RESET} GET /x  fe -> app/s1  \d+ ms  \d+ B  127\.0\.0\.1$`,
      ),
    );
  });

  it("--log off writes nothing on standard output", async () => {
    const { program, port } = await startBeforeHello("--log", "off");
    expect(await ask(port, get("/"))).toContain("hello");
    program.signal("SIGTERM");
    expect(await program.exitCode()).toBe(0);
    await program.stdout.ended;
    expect(program.stdout.lines).toEqual([]);
  });

  it("a format of one's own has HAProxy's variables", async () => {
    const format = "%ci|%ft|%b/%s|%HM|%HP|%HQ|%HU|%HV|%ST|%B|%U|%ts|%tsc|%rc|%{+Q}r|%{+X}cp|%si|%sp|%%|%lc";
    const { program, port } = await startBeforeHello("--log", format);
    const request = get("/p?q=1");
    const client = await connect(port);
    const clientPort = (client.conn.localAddr as Deno.NetAddr).port;
    await client.send(request);
    const size = (await client.readUntil("hello")).length;
    const words = (await firstLine(program)).split("|");
    expect(words.slice(0, 16)).toEqual([
      "127.0.0.1",
      "fe",
      "app/s1",
      "GET",
      "/p",
      "?q=1",
      "/p?q=1",
      "HTTP/1.1",
      "200",
      String(size),
      String(request.length),
      "--",
      "----",
      "0",
      '"GET /p?q=1 HTTP/1.1"',
      clientPort.toString(16).toUpperCase(),
    ]);
    expect(words.slice(16)).toEqual(["127.0.0.1", expect.stringMatching(/^\d+$/), "%", "1"]);
  });

  it("a variable that does not exist is refused with its column and a suggestion", async () => {
    const program = keep(Program.spawn(["8080", ":3000", "--log", "%ci %St"]));
    expect(await program.exitCode()).toBe(2);
    await program.stderr.ended;
    expect(program.stderr.lines[0]).toMatch(
      /^hadro: Cannot use log variable "%St" at column 5: no such variable; did you mean "%ST"\?/,
    );
  });
});

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

/** The keys of docs/reference/log-json.md, in order; those of HTTP only are marked. */
async function documentedKeys(): Promise<{ key: string; isHttp: boolean }[]> {
  const text = await Deno.readTextFile(new URL("../../docs/reference/log-json.md", import.meta.url));
  const rows = [...text.matchAll(/^\| (`.*?`) \| (.*?) \|/gm)];
  return rows.flatMap(([, keys, meaning]) =>
    [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => ({
      key,
      isHttp: meaning.includes("(HTTP)") || ["method", "host", "uri", "version", "status"].includes(key),
    }))
  );
}
