/**
 * Sockets that listen at a port of this machine, from /proc (Linux).
 *
 * @module
 */
const LISTENS = "0A";

/** How many sockets listen at an IPv4 port. */
export async function listeningSockets(port: number): Promise<number> {
  const place = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter(([, local, , state]) => local?.endsWith(place) && state === LISTENS).length;
}
