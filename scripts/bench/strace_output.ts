/**
 * Reads the summary of `strace -c`: calls by name; pure.
 *
 * @module
 */

/** @throws when the text has no summary. */
export function parseStraceSummary(text: string): Map<string, number> {
  const calls = new Map<string, number>();
  for (const line of text.split("\n")) {
    // "% time  seconds  usecs/call  calls  errors  syscall"; errors is blank when there were none.
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)\s*$/.exec(line);
    if (match !== null && match[2] !== "total") calls.set(match[2], Number(match[1]));
  }
  if (calls.size === 0) throw new Error(`strace counted nothing: ${text.trim().slice(0, 200)}`);
  return calls;
}

/** "read 1.00, write 0.98": per request, the most frequent first, without those that are rare. */
export function describeCalls(calls: ReadonlyMap<string, number>, requests: number): string {
  return [...calls].map(([name, count]) => ({ name, each: count / requests }))
    .filter(({ each }) => each >= 0.02)
    .sort((a, b) => b.each - a.each)
    .map(({ name, each }) => `${name} ${each.toFixed(2)}`)
    .join(", ");
}
