/**
 * The files of unix sockets: a bind makes one, and nothing but its owner takes it away.
 *
 * A hadro that was killed leaves its file behind, and the next bind fails. Whether somebody still listens there is in
 * /proc/net/unix (one line a socket, its path last, SO_ACCEPTCON = 0x10000 among its flags), so nobody has to be connected to.
 *
 * May import: nothing.
 *
 * @module
 */

const ACCEPTS = 0x1_0000;
/** Flags are the fourth column; the path is all behind the seventh, spaces and all. */
const LINE = /^\S+ +\S+ +\S+ +(\S+) +\S+ +\S+ +\S+ (.*)$/;

/** Removes the file of a socket on which nobody listens; returns whether it did. */
export function removeStaleSocket(path: string): boolean {
  try {
    if (!Deno.lstatSync(path).isSocket || isListenedOn(path)) return false;
    Deno.removeSync(path);
    return true;
  } catch {
    // No such file, no /proc here, or not ours to remove: the bind's own error says enough.
    return false;
  }
}

/** Removes the file of our own socket, if it is there still. */
export function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody was faster.
  }
}

function isListenedOn(path: string): boolean {
  for (const line of Deno.readTextFileSync("/proc/net/unix").split("\n")) {
    const [, flags, bound] = LINE.exec(line) ?? [];
    if (bound === path && (parseInt(flags, 16) & ACCEPTS) !== 0) return true;
  }
  return false;
}
