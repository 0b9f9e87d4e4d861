/**
 * The rows of a case: which proxies run in it, and how each is started.
 *
 * @module
 */
import type { BenchCase } from "./cases.ts";
import { haproxyConfig, nginxConfig, type ProxyPlan } from "./configurations.ts";
import type { BenchOptions, ProgramName } from "./options.ts";
import type { Launch } from "./process.ts";
import type { Programs } from "./programs.ts";

/** One proxy of a case: a program, with or without an access log. */
export interface Row {
  /** "hadro", "haproxy-log" */
  readonly name: string;
  readonly program: ProgramName;
  readonly isLogged: boolean;
}

/** How a row is started, and what a reader must know to start it too. */
export interface RowLaunch extends Launch {
  /** The command line with its configuration file below. */
  readonly description: string;
}

/** Each program once; in a case about logs, with a log and without. */
export function rowsOf(bench: BenchCase, programs: readonly ProgramName[]): Row[] {
  const kinds = bench.isLogged ? [true, false] : [false];
  return programs.flatMap((program) =>
    kinds.map((isLogged) => ({ name: isLogged ? `${program}-log` : program, program, isLogged }))
  );
}

/** The row whose ratios are shown: hadro, with its log where logs are compared. Null when hadro is not measured. */
export function subjectOf(rows: readonly Row[]): Row | null {
  return rows.find((row) => row.program === "hadro") ?? null;
}

/** Why this row cannot run, or null. */
export function reasonToSkip(row: Row, bench: BenchCase, programs: Programs): string | null {
  if (row.program !== "nginx" || bench.mode !== "tcp" || programs.stream.isThere) return null;
  return "nginx has no stream module here (Debian: apt-get install -y libnginx-mod-stream)";
}

/** Writes the row's configuration into the directory. */
export async function prepareRow(
  row: Row,
  plan: ProxyPlan,
  context: { options: BenchOptions; programs: Programs; directory: string },
): Promise<RowLaunch> {
  const { options, programs, directory: cwd } = context;
  const file = programs[row.program];
  if (row.program === "haproxy") {
    const config = haproxyConfig(plan);
    await Deno.writeTextFile(`${cwd}/haproxy.cfg`, config);
    return {
      file,
      args: ["-db", "-f", "haproxy.cfg"],
      cwd,
      description: `haproxy -db -f haproxy.cfg\n${config}`,
    };
  }
  if (row.program === "nginx") {
    const config = nginxConfig(plan, programs.stream.module);
    await Deno.writeTextFile(`${cwd}/nginx.conf`, config);
    return { ...nginxLaunch(file, cwd), description: `nginx -p . -e stderr -c nginx.conf\n${config}` };
  }
  const more = row.program === "hadro" ? options.hadroArgs : options.baseArgs;
  const args = hadroArgs(plan, more);
  return {
    file,
    args,
    cwd,
    description: `${row.program} ${args.join(" ")}${row.isLogged ? " >/dev/null" : ""}\n`,
  };
}

/** nginx in a directory of its own; -e since it opens the log it was built with before it reads any configuration. */
export function nginxLaunch(file: string, cwd: string): Launch {
  return { file, args: ["-p", `${cwd}/`, "-e", "stderr", "-c", "nginx.conf"], cwd };
}

function hadroArgs(plan: ProxyPlan, more: readonly string[]): string[] {
  const { mode, port, backendPort, isLogged } = plan;
  const log = isLogged ? "json" : "off";
  return ["-l", `${mode}://127.0.0.1:${port}`, "-b", `127.0.0.1:${backendPort}`, "--log", log, ...more];
}
