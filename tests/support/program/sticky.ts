/**
 * Clients and servers of tests of stickiness.
 *
 * @module
 */
import { connect, keep, startHadro } from "./keep.ts";
import { httpServer, response, type ScriptedServer } from "./peers.ts";
import type { Program } from "./program.ts";

/** A hadro, and who is behind it. */
export interface Farm {
  readonly program: Program;
  readonly port: number;
  readonly servers: readonly ScriptedServer[];
  /** What servers got, without what hadro adds. */
  readonly heads: string[];
}

/** Servers s1 and s2 that answer their names, with these fields. */
export async function startFarm(fields: string, ...flags: string[]): Promise<Farm> {
  const heads: string[] = [];
  const servers = ["s1", "s2"].map((name) =>
    keep(httpServer((head) => {
      heads.push(head.replace(/X-Forwarded-.*\r\n/g, ""));
      return response(name, fields);
    }))
  );
  const { program, port } = await startHadro("http", servers.map((server) => server.port), ...flags);
  return { program, port, servers, heads };
}

/** One request on a connection of its own; the whole answer. */
export async function ask(port: number, cookie: string | null, line = "GET / HTTP/1.1"): Promise<string> {
  const peer = await connect(port);
  const field = cookie === null ? "" : `Cookie: ${cookie}\r\n`;
  await peer.send(`${line}\r\nHost: h\r\n${field}Connection: close\r\n\r\n`);
  return await peer.readAll();
}

/** An answer to {@linkcode ask}: who answered, and its fields. */
export const answer = (name: string, fields: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields}\r\n${name}`;
/** What each answer to {@linkcode ask} has. */
export const CLOSE = "Connection: close\r\n";
/** The cookie letters of a log line. */
export const letters = async (program: Program, index: number) => (await program.log(index)).term_cookie;
