/** The command line of the built program: exit codes, messages, --dry-run, help and banner. @module */
import { describe, expect, it } from "vitest";
import { FLAGS } from "../../src/config/catalogue.ts";
import { keep, startHadro } from "../support/program/keep.ts";
import { runToEnd } from "../support/program/run_to_end.ts";

const DRY_RUN_OF_8080 = [
  "listen   http [::]:8080 + 0.0.0.0:8080  (http-8080)  timeouts client 1m request 10s keepalive 1m",
  "route    http-8080  default -> app",
  "backend  app  roundrobin  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h",
  "server   app/s1  http://localhost:3000  weight 1",
  "log      json to standard output, drop when full",
];

describe("exit code 2: called wrongly", () => {
  it.each([
    ["an unknown key", ["-l", ":8080", "-b", "10.0.0.1:9000,wieght=2"], [
      'hadro: Cannot use key "wieght" in -b at column 15: no such key; did you mean "weight"?',
      "  -b 10.0.0.1:9000,wieght=2",
      "                   ^",
    ]],
    ["an unknown scheme", ["-l", "htp://:8080", "-b", ":9000"], [
      'hadro: Cannot use scheme "htp" in -l htp://:8080: no such scheme; did you mean "http"?',
      "  -l htp://:8080",
      "     ^",
    ]],
    ["a scheme of a later version", ["-l", ":8443", "-b", "h2c://:9000"], [
      'hadro: Cannot use scheme "h2c" in -b h2c://:9000: it comes with a later version; this one has http, https, tcp and tls',
      "  -b h2c://:9000",
      "     ^",
    ]],
    ["a port that cannot be", ["-l", "http://:80800", "-b", ":9000"], [
      'hadro: Cannot use address ":80800" in -l: port 80800 is above 65535; write port, :port, host:port, [ipv6]:port or unix:/path',
      "  -l http://:80800",
      "            ^",
    ]],
    ["IPv6 without brackets", ["-l", ":8080", "-b", "::1:9000"], [
      'hadro: Cannot use address "::1:9000" in -b: an IPv6 address needs brackets; write port, :port, host:port, [ipv6]:port or unix:/path',
      "  -b ::1:9000",
      "     ^",
    ]],
    ["an unknown algorithm", ["8080", ":3000", "--lb", "leastcon"], [
      'hadro: Cannot use lb "leastcon": no such choice; did you mean "leastconn"?',
      "  --lb leastcon",
      "       ^",
    ]],
    ["an unknown log format", ["8080", ":3000", "--log", "jsno"], [
      'hadro: Cannot use --log "jsno": no such format, and one of your own has % variables; did you mean "json"?',
      "  --log jsno",
      "        ^",
    ]],
    ["a duration without a unit it knows", ["8080", ":3000", "--drain", "5x"], [
      'hadro: Cannot use --drain: "5x" is no duration; write 500ms, 5s, 1m, 2h or 1d',
      "  --drain 5x",
      "          ^",
    ]],
    ["a backend without a listener", ["-b", ":9000"], [
      "hadro: Cannot use -b :9000: it has no listener; write -l before it",
    ]],
    ["a listener without a backend", ["-l", ":8080"], [
      "hadro: Cannot start: -l :8080 has no backend; add -b address",
    ]],
    ["a listener alone in the shorthand", ["8080"], [
      'hadro: Cannot start: "8080" is a listener without a server; write hadro 8080 localhost:3000',
    ]],
    ["the same address twice", ["-l", ":8080", "-b", ":1", "-l", "http://:8080", "-b", ":2"], [
      "hadro: Cannot listen twice on :8080: :8080 does already",
      "  -l http://:8080",
      "            ^",
    ]],
    ["memory that does not suffice", ["8080", ":3000", "--max-mem", "1k"], [
      expect.stringMatching(
        /^hadro: Cannot start: max-mem leaves 0 buffers beside 1 connections; .*at least 1m/,
      ),
    ]],
  ])("for %s, with what, where, and what would be right", async (_name, args, stderr) => {
    for (const more of [[], ["--dry-run"]]) {
      expect(await runToEnd([...args, ...more])).toEqual({ code: 2, stdout: [], stderr });
    }
  });

  it("for an unknown flag, with the nearest one", async () => {
    const { code, stdout, stderr } = await runToEnd(["8080", ":3000", "--timeout-conect", "1s"]);
    expect([code, stdout]).toEqual([2, []]);
    expect(stderr.join(" ")).toMatch(/unknown option '--timeout-conect' .*Did you mean --timeout-connect\?/);
  });

  it("for no word at all, with the usage on standard error", async () => {
    const { code, stdout, stderr } = await runToEnd([]);
    expect([code, stdout]).toEqual([2, []]);
    expect(stderr[0]).toMatch(/^Usage: hadro <listen> <backend>/);
  });
});

describe("exit code 1: it failed while running", () => {
  it("when the port is in use, and the message names the address", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    keep({ stop: () => listener.close() });
    const { port } = listener.addr;
    expect(await runToEnd(["-l", `http://127.0.0.1:${port}`, "-b", ":9"])).toEqual({
      code: 1,
      stdout: [],
      stderr: [
        `hadro: Cannot listen on 127.0.0.1:${port} for http-${port}: the address is in use (EADDRINUSE); ` +
        "stop what uses it or choose another port",
      ],
    });
  });

  it("when one of several ports is in use: the others are not served either", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    keep({ stop: () => listener.close() });
    const taken = `http://127.0.0.1:${listener.addr.port},name=taken`;
    const { code, stderr } = await runToEnd([
      "-l",
      "http://127.0.0.1:0",
      "-b",
      ":9",
      "-l",
      taken,
      "-b",
      ":9",
    ]);
    expect(code).toBe(1);
    expect(stderr.length).toBe(1);
    expect(stderr[0]).toContain("for taken: the address is in use");
  });

  it("when the machine has no such address", async () => {
    const { code, stderr } = await runToEnd(["-l", "http://192.0.2.1:0", "-b", ":9"]);
    expect(code).toBe(1);
    expect(stderr).toEqual([
      "hadro: Cannot listen on 192.0.2.1:0 for http-0: this machine has no such address (EADDRNOTAVAIL)",
    ]);
  });
});

describe("--dry-run", () => {
  it("prints what would run on standard output, binds nothing, and exits 0", async () => {
    const { code, stdout, stderr } = await runToEnd(["8080", "localhost:3000", "--dry-run"]);
    expect([code, stderr]).toEqual([0, []]);
    expect(stdout.slice(0, -1)).toEqual(DRY_RUN_OF_8080);
    expect(stdout.at(-1)).toMatch(
      /^limits {3}maxconn \d+ {3}mem ceiling 256m = \d+ x 2 x 6k \+ \d+ buffers x 16448 \+ \d+ pipes x 256k {3}drain 30s$/,
    );
  });

  it("works while the port is in use", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    keep({ stop: () => listener.close() });
    const { code } = await runToEnd([`127.0.0.1:${listener.addr.port}`, ":9", "--dry-run"]);
    expect(code).toBe(0);
  });

  it("names every listener, route, server and header rule", async () => {
    const { stdout } = await runToEnd([
      ...["-l", "http://127.0.0.1:8080,name=web,prio=high", "-r", "/api/=:9001", ".example.com=:9002"],
      ...["-b", "10.0.0.1:9000,weight=2", "10.0.0.2:9000,backup", "--lb", "leastconn"],
      ...["-l", "tcp://[::1]:5432", "-b", "db1:5432,connect=1s", "--header-up", "X-Edge: 1"],
      ...["--trust", "10.0.0.0/8", "--log", "%ci %r", "--log-full", "block", "--dry-run"],
    ]);
    expect(stdout.slice(0, -1)).toEqual([
      "listen   http 127.0.0.1:8080  (web)  prio high  timeouts client 1m request 10s keepalive 1m",
      "route    web  any host /api/ -> app2",
      "route    web  .example.com / -> app3",
      "route    web  default -> app",
      "listen   tcp  [::1]:5432  (tcp-5432)  timeouts client 1m request 10s keepalive 1m",
      "route    tcp-5432  default -> app4",
      "backend  app  leastconn  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h",
      "server   app/s1  http://10.0.0.1:9000  weight 2",
      "server   app/s2  http://10.0.0.2:9000  weight 1  backup",
      "backend  app2  leastconn  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h",
      "server   app2/s1  http://localhost:9001  weight 1",
      "backend  app3  leastconn  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h",
      "server   app3/s1  http://localhost:9002  weight 1",
      "backend  app4  leastconn  retries 3  timeouts connect 1s server 1m tunnel 1h",
      "server   app4/s1  tcp://db1:5432  weight 1",
      "headers  up   set X-Edge: 1",
      "trust    10.0.0.0/8",
      "names    every 10s from the system's resolver  hold nx 30s refused 30s timeout 30s other 30s obsolete 0",
      'log      "%ci %r" to standard output, block when full',
    ]);
  });
});

describe("--version and --help", () => {
  it.each(["--version", "-V"])("%s prints the version alone", async (flag) => {
    const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
    expect(await runToEnd([flag])).toEqual({ code: 0, stdout: [version], stderr: [] });
  });

  it.each(["--help", "-h"])("%s prints every flag with its default, on standard output", async (flag) => {
    const { code, stdout, stderr } = await runToEnd([flag]);
    expect([code, stderr]).toEqual([0, []]);
    for (const { name, default: value } of FLAGS) {
      const line = stdout.find((text) => new RegExp(`^ {2}(-\\w, | {4})--${name}( |$)`).test(text));
      expect(line, name).toBeDefined();
      if (value !== undefined) expect(line!.slice(line!.indexOf("(default "))).toBe(`(default ${value})`);
    }
    expect(stdout.some((text) => text.includes("hadro demo"))).toBe(true);
  });
});

describe("the banner", () => {
  it("tells on standard error what was bound, and nothing else is bound", async () => {
    const { program, port } = await startHadro("http", [9]);
    expect(program.stderr.lines).toEqual([`hadro: listening on http://127.0.0.1:${port} (fe)`]);
    expect(await listeningPorts(program.pid)).toEqual([port]);
  });
});

/** The TCP ports on which a process listens, from /proc. */
async function listeningPorts(pid: number): Promise<number[]> {
  const inodes = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const ports: number[] = [];
  for (const table of ["tcp", "tcp6"]) {
    const text = await Deno.readTextFile(`/proc/${pid}/net/${table}`).catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const words = line.trim().split(/\s+/);
      if (words[3] === "0A" && inodes.has(words[9])) ports.push(parseInt(words[1].split(":")[1], 16));
    }
  }
  return ports;
}

describe("explain", () => {
  it("tells who would serve a request, and exits with 0", async () => {
    const { code, stdout, stderr } = await runToEnd([
      "explain",
      "http://h/api/x",
      "8080",
      ":3000",
      "-H",
      "Te: x",
    ]);
    expect([code, stderr]).toEqual([0, []]);
    expect(stdout.slice(0, 7)).toEqual([
      "request  GET http://h/api/x",
      "listener http-8080  http [::]:8080 + 0.0.0.0:8080",
      "route    http-8080  default -> app",
      DRY_RUN_OF_8080[2],
      DRY_RUN_OF_8080[3],
      "headers  up   Host: h",
      "headers  up   removes Te",
    ]);
  });
  it.each([
    ["nobody would", ["http://h:1/", "8080", ":3000"], "", 2],
    ["it is missing", [], "hadro: Cannot explain: there is no request;", 0],
    ["-H has nothing to explain", ["-H", "A: b"], "hadro: Cannot explain: there is no request;", 0],
  ])("exits with 2 when %s", async (_, words, beginning, lineCount) => {
    const { code, stdout, stderr } = await runToEnd(["explain", ...words]);
    expect([code, stdout.length]).toEqual([2, lineCount]);
    expect((stderr[0] ?? "").startsWith(beginning)).toBe(true);
  });
  it("refuses -H where nothing is explained", async () => {
    const { code, stderr } = await runToEnd(["8080", ":3000", "-H", "A: b"]);
    expect([code, stderr]).toEqual([2, [
      'hadro: Cannot use -H "A: b": it belongs to hadro explain; see --header-up',
    ]]);
  });
});
