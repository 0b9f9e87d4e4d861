/**
 * How many descriptors this process may open.
 *
 * May import: nothing.
 *
 * @module
 */

/** Assumed where the system does not tell. */
const FD_LIMIT_FALLBACK = 1_024;

/** Returns the soft limit of open files (RLIMIT_NOFILE), from /proc; a cautious number elsewhere. */
export function readFdLimit(): number {
  try {
    const line = /^Max open files\s+(\S+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    if (line === null) return FD_LIMIT_FALLBACK;
    return line[1] === "unlimited" ? 1_048_576 : Number(line[1]);
  } catch {
    // No /proc on this system.
    return FD_LIMIT_FALLBACK;
  }
}
