/**
 * Peers of TCP tests.
 *
 * @module
 */
import { connect } from "./keep.ts";
import { ScriptedServer } from "./peers.ts";

/** Answers `pong` to `ping`, then waits for the end and ends as well. */
export function pingServer(): ScriptedServer {
  return new ScriptedServer(async (peer) => {
    await peer.readUntil("ping");
    await peer.send("pong");
    await peer.readAll();
    peer.close();
  });
}

/** What a client receives that sends nothing; "" too when a reset comes before it knows that it is connected. */
export async function listenOnly(port: number): Promise<string> {
  try {
    return await (await connect(port)).readAll();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return "";
    throw error;
  }
}
