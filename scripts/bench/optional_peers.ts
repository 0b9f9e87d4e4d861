/**
 * What need not be there, and how to get it: Caddy, node's http-proxy, which npm fetches into the run's directory, and strace.
 *
 * @module
 */
import { HTTP_PROXY_PACKAGE } from "./configurations_optional.ts";
import type { BenchOptions, ProgramName } from "./options.ts";
import type { Programs } from "./programs.ts";
import type { Absence } from "./results.ts";

const CADDY_REASON = "caddy not found; install with: apt-get install -y caddy";
const NODE_REASON = "node or npm not found; install with: apt-get install -y nodejs npm";

const STRACE_REASON = "strace not found; install with: apt-get install -y strace";

export interface SettledPeers {
  readonly peers: readonly ProgramName[];
  readonly absences: readonly Absence[];
}

/** The peers that can run, and what cannot; fetches http-proxy into `directory` when it is among them. */
export async function settlePeers(
  { peers: wanted, cases }: Pick<BenchOptions, "peers" | "cases">,
  programs: Programs,
  directory: string,
  signal: AbortSignal,
): Promise<SettledPeers> {
  const absences = [...missingPeers(wanted, programs), ...missingTools(cases, programs)];
  let peers = wanted.filter((name) => !absences.some(({ row }) => row === name));
  if (peers.includes("node-http-proxy") && programs.npm !== null) {
    const reason = await fetchHttpProxy(programs.npm, directory, signal);
    if (reason !== null) {
      absences.push({ row: "node-http-proxy", reason });
      peers = peers.filter((name) => name !== "node-http-proxy");
    }
  }
  return { peers, absences };
}

/** Those of the list that were not found, with what to install; pure. */
export function missingPeers(
  wanted: readonly ProgramName[],
  programs: Pick<Programs, "caddy" | "node-http-proxy">,
): Absence[] {
  const reasons = { caddy: CADDY_REASON, "node-http-proxy": NODE_REASON } as const;
  return (["caddy", "node-http-proxy"] as const).flatMap((row) =>
    wanted.includes(row) && programs[row] === null ? [{ row, reason: reasons[row] }] : []
  );
}

/** Measurements of the list whose tool was not found; pure. */
export function missingTools(cases: readonly string[], { strace }: Pick<Programs, "strace">): Absence[] {
  return strace === null && cases.includes("syscalls") ? [{ row: "syscalls", reason: STRACE_REASON }] : [];
}

/** Null when it is there, else why not. */
async function fetchHttpProxy(npm: string, directory: string, signal: AbortSignal): Promise<string | null> {
  const { success, stderr } = await new Deno.Command(npm, {
    args: ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", directory, HTTP_PROXY_PACKAGE],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    signal,
  }).output();
  signal.throwIfAborted();
  if (success) return null;
  const said = new TextDecoder().decode(stderr).split("\n").find((line) => /^npm err/i.test(line)) ?? "";
  return `npm install ${HTTP_PROXY_PACKAGE} failed: ${said.slice(0, 200)}`;
}
