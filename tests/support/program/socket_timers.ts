/**
 * Timers of TCP sockets of this machine, from /proc (Linux).
 *
 * @module
 */

/** "another timer": keep-alive, on a connection on which nothing is under way. */
const KEEP_ALIVE = "02";
const TICK_MS = 10;

/** How long until the keep-alive timer of the IPv4 socket with these ports fires; null when it has none. */
export async function keepAliveTimerMs(localPort: number, peerPort: number): Promise<number | null> {
  const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((line) => line.trim().split(/\s+/));
  const found = rows.filter(([, local, peer]) => portOf(local) === localPort && portOf(peer) === peerPort);
  if (found.length !== 1) throw new Error(`${found.length} sockets have ports ${localPort} and ${peerPort}`);
  const [kind, ticks] = found[0][5].split(":");
  return kind === KEEP_ALIVE ? parseInt(ticks, 16) * TICK_MS : null;
}

function portOf(address: string | undefined): number {
  return parseInt(address?.split(":")[1] ?? "", 16);
}
