/**
 * Takes the CPU time and the memory of a running process, its threads and its children from /proc; proc_stat.ts knows what the texts mean.
 *
 * @module
 */
import {
  type CpuSnapshot,
  findTree,
  parseResidentBytes,
  parseSchedstat,
  parseStat,
  type ProcStat,
} from "./proc_stat.ts";

/** @throws when the process has ended. */
export async function takeCpuSnapshot(root: number): Promise<CpuSnapshot> {
  const all = await readAllStats();
  const cpuNsByPid = new Map(all.map(({ pid, cpuNs }) => [pid, cpuNs]));
  if (!cpuNsByPid.has(root)) throw new Error(`Process ${root} has ended`);
  const tree = findTree(root, all);
  const processNs = new Map(tree.map((pid) => [pid, cpuNsByPid.get(pid) ?? 0]));
  const threadNs = new Map<number, number>();
  for (const pid of tree) {
    if (!await addThreads(pid, threadNs)) return { processNs, threadNs: null };
  }
  return { processNs, threadNs };
}

/** Resident memory of the process and everything below it; what they share counts once for each. @throws when it has ended. */
export async function readResidentBytes(root: number): Promise<number> {
  const texts = await Promise.all(
    (await listTree(root)).map((pid) => Deno.readTextFile(`/proc/${pid}/status`)),
  );
  return texts.reduce((sum, text) => sum + parseResidentBytes(text), 0);
}

/** The process and everything below it that runs now, the deepest last. */
export async function listTree(root: number): Promise<number[]> {
  return findTree(root, await readAllStats());
}

async function readAllStats(): Promise<ProcStat[]> {
  const stats: ProcStat[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readOrNull(`/proc/${name}/stat`);
    if (text !== null) stats.push(parseStat(text));
  }
  return stats;
}

/** False when this kernel keeps no schedstat. */
async function addThreads(pid: number, threadNs: Map<number, number>): Promise<boolean> {
  const tasks = await listOrEmpty(`/proc/${pid}/task`);
  let readCount = 0;
  for (const task of tasks) {
    const text = await readOrNull(`/proc/${pid}/task/${task}/schedstat`);
    if (text === null) continue;
    threadNs.set(Number(task), parseSchedstat(text));
    readCount++;
  }
  return tasks.length === 0 || readCount > 0;
}

async function listOrEmpty(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch {
    // The process ended between the listing of /proc and here.
    return [];
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null;
  }
}
