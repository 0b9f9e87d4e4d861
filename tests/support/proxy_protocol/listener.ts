/**
 * A hadro whose listener awaits PROXY protocol headers, and what its tests send to it.
 *
 * @module
 */
import { keep, type Running } from "../program/keep.ts";
import { httpServer, response, type ScriptedServer } from "../program/peers.ts";
import { type LogLine, Program } from "../program/program.ts";

/** Trusts the clients of a test. */
export const TRUST = ["--trust", "127.0.0.0/8"];
export const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Answers with the head that it received. */
export function echoServer(): ScriptedServer {
  return keep(httpServer((head) => response(head)));
}

/** Starts it in front of one server; the log is JSON unless `flags` say otherwise. */
export async function startProxied(
  scheme: "tcp" | "http",
  serverPort: number,
  ...flags: string[]
): Promise<Running> {
  const log = flags.includes("--log") ? [] : ["--log", "json"];
  const listen = ["-l", `${scheme}://127.0.0.1:0,name=fe,proxy`];
  const program = keep(await Program.start([...listen, "-b", `127.0.0.1:${serverPort}`, ...log, ...flags]));
  return { program, port: program.port("fe") };
}

/** The client as the log has it. */
export function clientOf(line: LogLine): string {
  return `${line.client} ${line.client_port}`;
}
