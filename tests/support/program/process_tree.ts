/**
 * The processes that a shell line started, from /proc (Linux).
 *
 * @module
 */

/** A process and all below it, parents first. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : null;
    if (parent !== null) children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...children.get(tree[i]) ?? []);
  return tree;
}

/** The innermost process below `pid` that runs hadro, compiled or on a deno: what Ctrl-C is meant for. */
export function hadroIn(pid: number): number {
  const found = processTree(pid).findLast((one) => /\/(hadro|deno)$/.test(executableOf(one)));
  if (found === undefined) throw new Error(`No hadro runs below process ${pid}`);
  return found;
}

function executableOf(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    // It has ended.
    return "";
  }
}

function parentOf(pid: number): number | null {
  try {
    // The name between parentheses may have anything in it.
    return Number(Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ")[1]);
  } catch {
    // It has ended.
    return null;
  }
}
