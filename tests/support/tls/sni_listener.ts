/**
 * A hadro whose listener reads client hellos, and the servers behind it.
 *
 * @module
 */
import { keep, type Running } from "../program/keep.ts";
import { ScriptedServer } from "../program/peers.ts";
import { Program } from "../program/program.ts";

/** Starts hadro with one sni listener; `words` are those behind -r and -b. */
export async function startSni(words: readonly string[], ...flags: string[]): Promise<Running> {
  const log = flags.includes("--log") ? [] : ["--log", "json"];
  const program = keep(await Program.start(["-l", "sni://127.0.0.1:0,name=fe", ...words, ...log, ...flags]));
  return { program, port: program.port("fe") };
}

/** A server that keeps what it hears. */
export function silentServer(): ScriptedServer {
  return keep(
    new ScriptedServer(async (peer) => {
      await peer.readAll();
      peer.close();
    }),
  );
}

/** Where a server of a test listens. */
export const at = ({ port }: { readonly port: number }) => `127.0.0.1:${port}`;
