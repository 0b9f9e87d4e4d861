/** The access log of the built program: each format to the letter. @module */
import { describe, expect, it } from "vitest";
import { connect, keep, type Running, startHadro } from "../support/program/keep.ts";
import { httpServer, refusedPort, response, ScriptedServer } from "../support/program/peers.ts";
import { type LogLine, Program } from "../support/program/program.ts";

const DATE = String.raw`\d\d/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d`;
const CLIENT = String.raw`127\.0\.0\.1:\d{1,5}`;

const GREEN = "\x1b\\[32m";
const RESET = "\x1b\\[0m";
const hasScript = await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

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
    const documented = (await documentedKeys()).filter(({ isElsewhere }) => !isElsewhere);
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

/** The keys of docs/reference/log-json.md, in order; those of HTTP only, and those of listeners with TLS or sni only, are marked. */
async function documentedKeys(): Promise<{ key: string; isHttp: boolean; isElsewhere: boolean }[]> {
  const text = await Deno.readTextFile(new URL("../../docs/reference/log-json.md", import.meta.url));
  const rows = [...text.matchAll(/^\| (`.*?`) \| (.*?) \|/gm)];
  return rows.flatMap(([, keys, meaning]) =>
    [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => ({
      key,
      isElsewhere: /\((sni listener|`https`, `tls`)\)$/.test(meaning),
      isHttp: meaning.includes("(HTTP)") || ["method", "host", "uri", "version", "status"].includes(key),
    }))
  );
}
