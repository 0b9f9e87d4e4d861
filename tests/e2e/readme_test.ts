/**
 * README tells the truth: every command in its `sh` blocks is run as it stands in a shell, but for ports and names of machines.
 *
 *     what stands there                        what is run
 *     a listener's port                        0; the port is read from the banner
 *     10.0.0.1:9000, db1:5432, :9000 …         the port of a server that answers `hello`
 *     an https:// server                       the port of one with a certificate for a.test
 *     cert.pem, key.pem, ca.pem                the ones of tests/fixtures/tls
 *     npx -y deno@VERSION …                    this Deno, when it is that version
 *     hadro                                    the built program, by PATH
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { connect, keep, temporaryFolder } from "../support/program/keep.ts";
import { httpServer, response } from "../support/program/peers.ts";
import { hadroIn, processTree } from "../support/program/process_tree.ts";
import { type LogLine, Program } from "../support/program/program.ts";
import { tlsFile } from "../support/tls/certificates.ts";
import { exchangeTls } from "../support/tls/clients.ts";
import { TlsServer } from "../support/tls/servers.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const README = await Deno.readTextFile(`${ROOT}README.md`);

/** Commands that are not run, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npx -y deno@2.9.6 task test": "it would run this file again",
};

/** What a checkout needs to build. */
const BUILD_INPUTS = ["src", "scripts", "dist", "deno.json", "deno.lock"];
/** When dist/ is not current: the build is part of the command. */
const BUILD_MS_MAX = 60_000;
const SHELLS = ["bash", "dash", "zsh", "fish"].filter(hasCommand);
const GET = "GET /x HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

const blocks = [...README.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]): Block => ({
  language,
  lines: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
}));
const commands = blocks.filter(({ language }) => language === "sh").flatMap(({ lines }) => lines);
const plain = commands.filter((line) => line.startsWith("hadro ") && !/[|>]/.test(line));
const endsAlone = (line: string) => line.endsWith("--dry-run") || line.startsWith("hadro explain ");
const services = plain.filter((line) => !endsAlone(line));

/** Exchanges what belongs to the reader's machines for what is here. */
function adapt(command: string, serverPort: number): string {
  return command
    .replaceAll(/(?<=hadro |-l \w+:\/\/(?:localhost)?:)\d+/g, "0")
    .replaceAll(/(?<=https:\/\/)10\.0\.0\.\d:\d+/g, `127.0.0.1:${serverPort}`)
    .replaceAll(/(?<=[ =])(?:10\.0\.0\.\d|db\d):\d+/g, `127.0.0.1:${serverPort}`)
    .replaceAll(/(?<=[ =])(localhost|):\d+/g, (_, host) => `${host}:${serverPort}`)
    .replaceAll(/task demo$/g, "task demo 127.0.0.1:0");
}

/** Runs a line in bash, `hadro` and `npx` on its PATH; all that it started is gone when the test ends. */
async function runLine(line: string, cwd: string): Promise<Program> {
  const bin = await temporaryFolder();
  await Deno.symlink(Program.path, `${bin}/hadro`);
  const deno = Deno.execPath();
  const npx =
    `#!/bin/sh\n[ "$1 $2" = "-y deno@${Deno.version.deno}" ] || exit 9\nshift 2\nexec "${deno}" "$@"\n`;
  await Deno.writeTextFile(`${bin}/npx`, npx, { mode: 0o755 });
  const program = keep(Program.spawnShell(line, { cwd, env: { PATH: `${bin}:${Deno.env.get("PATH")}` } }));
  keep({
    stop: () => {
      for (const pid of processTree(program.pid).slice(1)) kill(pid, "SIGKILL");
    },
  });
  return program;
}

/** Ctrl-C for the hadro in a line; the exit code of the whole line. */
async function interrupt(program: Program): Promise<number> {
  kill(hadroIn(program.pid), "SIGINT");
  const code = await program.exitCode();
  await Promise.all([program.stdout.ended, program.stderr.ended]);
  return code;
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** The ports that a line's hadro announced. */
async function announcedPorts(program: Program, count: number, timeoutMs?: number): Promise<number[]> {
  await program.listening(count, timeoutMs);
  return program.stderr.lines.flatMap((line) =>
    /listening on .*:(\d+) \(/.exec(line)?.slice(1).map(Number) ?? []
  );
}

async function ask(port: number): Promise<string> {
  const client = await connect(port);
  await client.send(GET);
  await client.closeWrite();
  return await client.readAll();
}

function listenerCount(command: string): number {
  return Math.max(1, command.split(" -l ").length - 1);
}

describe("README's blocks", () => {
  it("that have commands are marked sh, so that none escapes", () => {
    expect(commands.length).toBeGreaterThan(10);
    for (const { language, lines } of blocks) {
      const hasCommand = lines.some((line) => /^(hadro|npx|deno|\.\/dist|apt|curl|sudo) /.test(line));
      expect(hasCommand && language !== "sh", lines.join("\n")).toBe(false);
    }
  });

  it("that are left out are there still, with a reason", () => {
    for (const [command, reason] of Object.entries(NOT_RUN)) {
      expect(commands, command).toContain(command);
      expect(reason).not.toBe("");
    }
  });

  it("have no command that nothing here runs", () => {
    const run = [...services, ...plain, ...tasks(), ...pipes(), ...Object.keys(NOT_RUN)];
    expect(commands.filter((command) => !run.includes(command))).toEqual([]);
  });
});

describe("README's services", () => {
  it.each(services)("%s", async (command) => {
    const server = command.includes(" https://10.")
      ? await TlsServer.start("a", () => response("hello"))
      : keep(httpServer(() => `${response("hello")}`));
    const folder = await temporaryFolder();
    for (const [name, file] of [["cert.pem", "a.crt"], ["key.pem", "a.key"], ["ca.pem", "ca.pem"]]) {
      if (command.includes(name)) await Deno.copyFile(tlsFile(file), `${folder}/${name}`);
    }
    const program = await runLine(adapt(command, server.port), folder);
    const ports = await announcedPorts(program, listenerCount(command));
    expect(ports.length).toBe(listenerCount(command));
    const answer = command.includes(",redirect=https")
      ? "location: https://app.test:8443/x\r\n"
      : "\r\n\r\nhello";
    const isEncrypted = /-l (https|tls):/.test(command);
    for (const port of ports) {
      const asked = isEncrypted
        ? (await exchangeTls(port, { rejectUnauthorized: false })).answer
        : await ask(port);
      expect(asked).toContain(answer);
    }
    expect(await interrupt(program)).toBe(0);
    const file = /--log-file (\S+)/.exec(command)?.[1];
    const log = file === undefined
      ? program.stdout.lines
      : (await Deno.readTextFile(`${folder}/${file}`)).trim().split("\n");
    expect(log.length).toBe(ports.length);
  });
});

describe("README's lines without quotes", () => {
  it.each(plain)("mean the same in every shell here: %s", async (command) => {
    const line = endsAlone(command) ? command : `${command} --dry-run`;
    const outputs = await Promise.all(SHELLS.map(async (shell) => {
      const bin = await temporaryFolder();
      await Deno.symlink(Program.path, `${bin}/hadro`);
      const env = { PATH: `${bin}:${Deno.env.get("PATH")}` };
      const program = keep(Program.spawnShell(line, { shell, cwd: bin, env }));
      expect(await program.exitCode()).toBe(0);
      await program.stdout.ended;
      return program.stdout.lines;
    }));
    expect(outputs[0].length).toBeGreaterThan(3);
    for (const output of outputs) expect(output).toEqual(outputs[0]);
  });
});

function pipes(): string[] {
  return commands.filter((line) => line.startsWith("hadro ") && /[|>]/.test(line));
}

describe("README's pipes", () => {
  const needed = (command: string) => /\| (\w+)/.exec(command)?.[1] ?? "bash";
  it.each(pipes().filter((command) => hasCommand(needed(command))))("%s", async (command) => {
    // A status that a filter for failures lets through.
    const server = keep(httpServer(() => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"));
    const folder = await temporaryFolder();
    const program = await runLine(adapt(command, server.port), folder);
    const [port] = await announcedPorts(program, 1);
    await ask(port);
    expect(await interrupt(program)).toBe(0);
    const file = />> (\S+)/.exec(command)?.[1];
    const log = file === undefined
      ? program.stdout.lines
      : (await Deno.readTextFile(`${folder}/${file}`)).trim().split("\n");
    expect(log.length).toBe(1);
    expect(log[0]).toMatch(
      file === undefined ? /^\{"v":1,.*"status":500/ : / 500 \d+ - - ---- .*"GET \/x HTTP\/1\.1"$/,
    );
  });
});

function tasks(): string[] {
  return commands.filter((line) => line.startsWith("npx ") && !(line in NOT_RUN));
}

describe("README's first minute", () => {
  it.each(tasks())("%s", async (command) => {
    const server = keep(httpServer(() => response("hello")));
    const folder = await temporaryFolder();
    for (const name of BUILD_INPUTS.filter((name) => exists(`${ROOT}${name}`))) {
      await new Deno.Command("cp", { args: ["-r", `${ROOT}${name}`, folder] }).output();
    }
    await Deno.symlink(`${ROOT}node_modules`, `${folder}/node_modules`);
    const program = await runLine(adapt(command, server.port), folder);
    const [port] = await announcedPorts(program, 1, BUILD_MS_MAX);
    const hello = command.endsWith("demo")
      ? /^Hello from demo server (alpha|beta): GET \/x for 127\.0\.0\.1$/m
      : /^hello$/m;
    expect(await ask(port)).toMatch(hello);
    expect(await interrupt(program)).toBe(0);
    expect(program.stdout.lines.length).toBe(1);
  }, 2 * BUILD_MS_MAX);
});

describe("README's log line", () => {
  it("has the keys that hadro writes, in their order", async () => {
    const { example, line } = await exampleAndLine("--retries", "0");
    expect(Object.keys(example)).toEqual(Object.keys(line));
    expect(example.why).toBe(String(line.why).replace("127.0.0.1:1 ", `${example.server_addr} `));
  });

  // conns_server: README (and HAProxy's %sc) has 0, since no connection to the server is open; hadro writes 1.
  it("has the values that hadro writes, but for times, addresses and sizes", async () => {
    const { example, line } = await exampleAndLine();
    const varies = /^(time|client|client_port|server_addr|why|bytes_\w+|t_\w+)$/;
    const constant = (one: LogLine) => Object.entries(one).filter(([key]) => !varies.test(key));
    expect(constant(example)).toEqual(constant(line));
  });
});

/** README's example, and the line of the same request to a server that refuses. */
async function exampleAndLine(...flags: string[]): Promise<{ example: LogLine; line: LogLine }> {
  const json = blocks.find(({ language }) => language === "json")!;
  const args = ["-l", "http://127.0.0.1:0,name=http-8080", "-b", "127.0.0.1:1", ...flags];
  const program = keep(await Program.start(args));
  const client = await connect(program.port("http-8080"));
  await client.send("GET / HTTP/1.1\r\nHost: app.test\r\nUser-Agent: curl/8.5\r\nAccept: */*\r\n\r\n");
  return { example: JSON.parse(json.lines.join("\n")) as LogLine, line: await program.log() };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function hasCommand(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => exists(`${folder}/${name}`));
}
