/** Command lines that end by themselves: what is on standard output, what on standard error, and the exit code. @module */
import { describe, expect, it } from "vitest";
import { fullHelp, shortHelp } from "../../../src/cli/help.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { runSource } from "../../support/cli/run_source.ts";

/** What `hadro … --dry-run` prints of these kinds of lines, which do not depend on the machine. */
async function dryRun(line: string, env: Record<string, string> = {}): Promise<string[]> {
  const { code, stdout, stderr } = await runSource([...line.split(" "), "--dry-run", "--maxconn", "10"], {
    env,
  });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").filter((text) => /^(listen|route|server)/.test(text));
}

describe("asking", () => {
  it("without a word gets the short help on standard error, and is a wrong call", async () => {
    expect(await runSource([])).toEqual({ code: 2, stdout: "", stderr: shortHelp() });
  });
  it.each(["--help", "-h"])("with %s gets the full help on standard output", async (flag) => {
    expect(await runSource(["8080", flag])).toEqual({ code: 0, stdout: fullHelp(), stderr: "" });
  });
  it.each(["--version", "-V"])("with %s gets the version", async (flag) => {
    expect(await runSource([flag])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("a wrong call says what is wrong on standard error, and exits with 2", () => {
  it.each<[string, string]>([
    [
      "8080 :3000 --lisen",
      "Cannot read the command line: unknown option '--lisen' (Did you mean --listen?); see hadro --help",
    ],
    ["8080 :3000 -x", "Cannot read the command line: unknown option '-x'; see hadro --help"],
    [
      "8080 :3000 --dry-run=1",
      "Cannot read the command line: unknown option '--dry-run=1' (Did you mean --dry-run?); see hadro --help",
    ],
    [
      "-l :8080 -b",
      "Cannot read the command line: option '-b, --backend <backend...>' argument missing; see hadro --help",
    ],
    [
      "8080 :3000 --maxconn",
      "Cannot read the command line: option '--maxconn <count>' argument missing; see hadro --help",
    ],
    [
      "-l :8080 -b :3000 -- :3001",
      'Cannot use ":3001" beside -l, -b or -r: write -b :3001 or leave the flags',
    ],
    ["8080", 'Cannot start: "8080" is a listener without a server; write hadro 8080 localhost:3000'],
    ["--drain 1s", "Cannot start: no listener; write hadro 8080 localhost:3000, or -l http://:8080 -b :3000"],
    ["--listen :8080 8081", 'Cannot use "8081" beside -l, -b or -r: write -b 8081 or leave the flags'],
    [
      "-l :8080 --backend :3000,backup=1",
      "Cannot use backup=1 in -b: backup has no value; write just backup\n  -b :3000,backup=1\n           ^",
    ],
    [
      "8080 :3000 --lb best",
      'Cannot use lb "best": no such choice; known: roundrobin, leastconn, random, first, least-time, source, sni, uri, hdr, cookie, url_param\n  --lb best\n       ^',
    ],
    [
      "8080 :3000,wieght=2",
      'Cannot use key "wieght" in <backend> at column 7: no such key; did you mean "weight"?\n  <backend> :3000,wieght=2\n                  ^',
    ],
    [
      "8080 :3000 --max-mem 1k --maxconn 1",
      "Cannot start: max-mem leaves 0 buffers beside 1 connections; it must be at least 1m, or maxconn lower",
    ],
    ["8080 :3000 --log %{zz", 'Cannot use log format at column 1: "{" without "}"'],
  ])("%s", async (line, message) => {
    expect(await runSource(line.split(" "))).toEqual({ code: 2, stdout: "", stderr: `hadro: ${message}\n` });
  });
});

describe("the order of words", () => {
  it("decides which listener a backend belongs to, across -l, -b and -r", async () => {
    expect(await dryRun("-l :81 -b a:1 b:2 -r /x=c:3 -l :82 --lb first -b d:4 -b e:5")).toEqual([
      expect.stringContaining("(http-81)"),
      "route    http-81  any host /x -> app2",
      "route    http-81  default -> app",
      expect.stringContaining("(http-82)"),
      "route    http-82  default -> app3",
      "server   app/s1  http://a:1  weight 1",
      "server   app/s2  http://b:2  weight 1",
      "server   app2/s1  http://c:3  weight 1",
      "server   app3/s1  http://d:4  weight 1",
      "server   app3/s2  http://e:5  weight 1",
    ]);
  });
  it("does not matter between flags and shorthand", async () => {
    const servers = ["server   app/s1  http://a:1  weight 1", "server   app/s2  http://b:2  weight 1"];
    expect((await dryRun("8080 a:1 b:2 --lb first")).slice(2)).toEqual(servers);
    expect((await dryRun("--lb first 8080 a:1 b:2")).slice(2)).toEqual(servers);
    expect((await dryRun("8080 --lb first a:1 --drain 1s b:2")).slice(2)).toEqual(servers);
  });
});

describe("--dry-run", () => {
  it("prints a listener that only redirects, in shorthand too", async () => {
    expect(await dryRun("8080,redirect=https,code=301")).toEqual([
      expect.stringContaining("(http-8080)"),
      "route    http-8080  default -> redirect 301 https",
    ]);
  });
  it("prints what would run on standard output, binds nothing and exits with 0", async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const words = [`127.0.0.1:${taken.addr.port}`, ":3000", "--dry-run", "--maxconn", "10"];
    const options = { fdLimit: 1_024 };
    expect(await runSource([...words, "--header-up", "-X-A", "--log", "%ci"], options)).toEqual({
      code: 0,
      stderr: "",
      stdout: `\
listen   http 127.0.0.1:${taken.addr.port}  (http-${taken.addr.port})  timeouts client 1m request 10s keepalive 1m
route    http-${taken.addr.port}  default -> app
backend  app  roundrobin  retries 3  host=client  timeouts connect 5s server 1m tunnel 1h
server   app/s1  http://localhost:3000  weight 1
headers  up   delete X-A
log      "%ci" to standard output, drop when full
limits   maxconn 10   mem ceiling 256m = 10 x 2 x 6k + 15802 buffers x 16448 + 32 pipes x 256k   drain 30s
`,
    });
  });
  it("prints what the demo would run, and ends its servers", async () => {
    expect(await dryRun("demo")).toEqual([
      expect.stringMatching(/^listen {3}http 127\.0\.0\.1:8080 {2}\(demo\)/),
      "route    demo  default -> app",
      expect.stringMatching(/^server {3}app\/s1 {2}http:\/\/127\.0\.0\.1:\d+ {2}weight 1$/),
      expect.stringMatching(/^server {3}app\/s2 {2}http:\/\/127\.0\.0\.1:\d+ {2}weight 1$/),
    ]);
    expect((await dryRun("demo 127.0.0.1:9"))[0]).toMatch(/^listen {3}http 127\.0\.0\.1:9 {2}\(http-9\)/);
  });
});

describe("the environment", () => {
  it("is enough to run without a word", async () => {
    const env = {
      HADRO_LISTEN: "127.0.0.1:8080",
      HADRO_BACKEND: "a:1 b:2",
      HADRO_DRY_RUN: "1",
      HADRO_MAXCONN: "10",
    };
    const { code, stdout, stderr } = await runSource([], { env });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^listen {3}http 127\.0\.0\.1:8080 [^]*^server {3}app\/s2 {2}http:\/\/b:2 /m);
  });
  it("gives way to words, whose items replace all of its items", async () => {
    const env = { HADRO_LISTEN: ":1 :2", HADRO_BACKEND: "a:1" };
    expect((await dryRun("8080 :3000", env)).map((text) => text.split(" ")[0])).toEqual([
      "listen",
      "route",
      "server",
    ]);
  });
  it("reaches the demo", async () => {
    const { code, stdout } = await runSource(["demo", "--dry-run"], { env: { HADRO_LB: "first" } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^backend {2}app {2}first /m);
  });
  it("is shown in a refusal", async () => {
    const { code, stderr } = await runSource(["8080", ":3000"], { env: { HADRO_DRAIN: "soon" } });
    expect([code, stderr]).toEqual([
      2,
      'hadro: Cannot use --drain: "soon" is no duration; write 500ms, 5s, 1m, 2h or 1d\n  HADRO_DRAIN soon\n              ^\n',
    ]);
  });
});

describe("a failure while starting says what is wrong on standard error, and exits with 1", () => {
  it("an address that is in use", async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    expect(await runSource([`127.0.0.1:${port}`, ":3000"])).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `hadro: Cannot listen on 127.0.0.1:${port} for http-${port}: the address is in use (EADDRINUSE); ` +
        "stop what uses it or choose another port\n",
    });
  });
  it("a log file that cannot be opened", async () => {
    const { code, stdout, stderr } = await runSource(["127.0.0.1:0", ":3000", "--log-file", "/dev/null/x"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^hadro: Cannot open log file "\/dev\/null\/x": .+\n$/);
  });
});
