/**
 * CPU time and memory out of the text of /proc files; pure, read by cpu_time.ts.
 *
 * Two sources, since each has a hole. /proc/PID/stat counts every thread a process ever had, in ticks of 10 ms. schedstat of each
 * thread counts nanoseconds, and is gone with its thread. So schedstat is believed, unless stat shows that a thread ended in between.
 * The maximum of the two would do as well, but would lift every figure by the rounding of stat.
 *
 * @module
 */

/** USER_HZ: what the kernel shows user space, 100 on every Linux architecture that Deno runs on. */
const TICK_NS = 10_000_000;
/** utime and stime of stat are each cut to a tick, before and after. */
const STAT_SLACK_TICKS = 3;

export interface ProcStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly cpuNs: number;
}

/** CPU time of a process tree at one moment. */
export interface CpuSnapshot {
  /** By process, from stat. */
  readonly processNs: ReadonlyMap<number, number>;
  /** By thread, from schedstat; null when the kernel has none. */
  readonly threadNs: ReadonlyMap<number, number> | null;
}

export interface CpuTime {
  readonly ns: number;
  readonly source: "schedstat" | "stat";
}

/** @throws when the text is not that of /proc/PID/stat. */
export function parseStat(text: string): ProcStat {
  // The name is in parentheses and may hold blanks and parentheses itself: the fields begin after the last one.
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 1).trim().split(/\s+/);
  const pid = Number.parseInt(text, 10);
  const parentPid = Number(fields[1]);
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (nameEnd < 0 || ![pid, parentPid, ticks].every(Number.isInteger)) {
    throw new Error(`Not the text of /proc/PID/stat: "${text.slice(0, 80)}"`);
  }
  return { pid, parentPid, cpuNs: ticks * TICK_NS };
}

/** Nanoseconds on a CPU. @throws when the text is not that of schedstat. */
export function parseSchedstat(text: string): number {
  const match = /^(\d+) \d+ \d+\s*$/.exec(text);
  if (match === null) throw new Error(`Not the text of schedstat: "${text.slice(0, 80)}"`);
  return Number(match[1]);
}

/** Bytes of memory that the process has in RAM. @throws when the text is not that of /proc/PID/status. */
export function parseResidentBytes(text: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(text);
  if (match === null) throw new Error(`Not the text of /proc/PID/status: "${text.slice(0, 80)}"`);
  return Number(match[1]) * 1_024;
}

/** The process and everything below it: a master's workers do its work. */
export function findTree(root: number, all: readonly ProcStat[]): number[] {
  const tree = [root];
  // Grows while it is walked; a process has one parent, so nothing comes twice.
  for (const pid of tree) {
    for (const process of all) if (process.parentPid === pid && process.pid !== pid) tree.push(process.pid);
  }
  return tree;
}

/** CPU time that the tree took between two snapshots, and the source that is believed. */
export function measureCpu(before: CpuSnapshot, after: CpuSnapshot): CpuTime {
  const statNs = sumGrowth(before.processNs, after.processNs);
  if (before.threadNs === null || after.threadNs === null) return { ns: statNs, source: "stat" };
  const threadNs = sumGrowth(before.threadNs, after.threadNs);
  const slackNs = STAT_SLACK_TICKS * TICK_NS * after.processNs.size;
  return statNs - threadNs > slackNs ? { ns: statNs, source: "stat" } : { ns: threadNs, source: "schedstat" };
}

/** What is new counts wholly; what is gone counts nothing. */
function sumGrowth(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [id, value] of after) sum += Math.max(0, value - (before.get(id) ?? 0));
  return sum;
}
