/**
 * The rows of a case: which proxies run in it, and how each is started.
 *
 * @module
 */
import type { BenchCase, Variant } from "./cases.ts";
import { haproxyConfig, keptConnections, nginxConfig, type ProxyPlan } from "./configurations.ts";
import { caddyConfig, nodeProxyProgram } from "./configurations_optional.ts";
import type { BenchOptions, ProgramName } from "./options.ts";
import type { Launch } from "./process.ts";
import type { Programs } from "./programs.ts";

/** Its default of --pool-max-conn. */
const KEPT_BY_HADRO = 1_024;

/** One proxy of a case: a program, with or without an access log. */
export interface Row {
  /** "hadro", "haproxy-log" */
  readonly name: string;
  readonly program: ProgramName;
  readonly isLogged: boolean;
  /** Of hadro; all others have one. */
  readonly threads: number;
  readonly variant: Variant | null;
  /** hadro's first listener has prio=high. */
  readonly isPreferred?: boolean;
}

/** How a row is started, and what a reader must know to start it too. */
export interface RowLaunch extends Launch {
  /** The command line with its configuration file below. */
  readonly description: string;
}

/** Who can be set up in another way, by what way. */
const VARIANTS: Readonly<Record<Variant, readonly ProgramName[]>> = {
  always: ["hadro", "haproxy"],
  splice: ["haproxy"],
};

/** Each program that can do it once; in a case about logs, with a log and without; variants; hadro with two threads where asked for. */
export function rowsOf(bench: BenchCase, programs: readonly ProgramName[], hasThreads = false): Row[] {
  const { variant } = bench;
  const kinds = bench.isLogged ? [true, false] : [false];
  const plain = { isLogged: false, threads: 1, variant: null };
  const rows: Row[] = programs.filter((program) => canRun(program, bench)).flatMap((program) =>
    kinds.map((isLogged) => ({ ...plain, name: isLogged ? `${program}-log` : program, program, isLogged }))
  );
  if (variant !== null) {
    for (const program of programs.filter((one) => VARIANTS[variant].includes(one))) {
      rows.push({ ...plain, name: `${program}-${variant}`, program, variant });
    }
  }
  if (hasThreads && bench.name === "http-keepalive" && programs.includes("hadro")) {
    rows.push({ ...plain, name: "hadro-2", program: "hadro", threads: 2 });
  }
  return rows;
}

/** Caddy and http-proxy are no TCP proxies; http-proxy writes no log. */
function canRun(program: ProgramName, bench: BenchCase): boolean {
  if (program === "caddy") return bench.mode === "http";
  return program !== "node-http-proxy" || (bench.mode === "http" && !bench.isLogged);
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
  if (file === null) throw new Error(`${row.program} was not found`);
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
  if (row.program === "caddy") {
    const config = caddyConfig(plan);
    await Deno.writeTextFile(`${cwd}/Caddyfile`, config);
    return {
      file,
      args: ["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
      // It keeps a copy of its configuration below its home.
      env: { GOMAXPROCS: "1", HOME: cwd, XDG_CONFIG_HOME: cwd, XDG_DATA_HOME: cwd },
      cwd,
      description: `GOMAXPROCS=1 caddy run --config Caddyfile --adapter caddyfile\n${config}`,
    };
  }
  if (row.program === "node-http-proxy") {
    const program = nodeProxyProgram(plan);
    await Deno.writeTextFile(`${cwd}/proxy.cjs`, program);
    return {
      file,
      args: ["proxy.cjs"],
      cwd,
      description: `NODE_ENV=production node proxy.cjs\n${program}`,
      env: { NODE_ENV: "production" },
    };
  }
  const more = row.program === "hadro" ? options.hadroArgs : options.baseArgs;
  const args = hadroArgs(row, plan, row.threads > 1 ? [...more, "--threads", String(row.threads)] : more);
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

function hadroArgs(
  { isPreferred = false, variant }: Row,
  plan: ProxyPlan,
  more: readonly string[],
): string[] {
  const { mode, port, backendPort, isLogged, bulkPort = null } = plan;
  const backend = ["-b", `127.0.0.1:${backendPort}`];
  return [
    ...["-l", `${mode}://127.0.0.1:${port}${isPreferred ? ",prio=high" : ""}`, ...backend],
    ...(bulkPort === null ? [] : ["-l", `${mode}://127.0.0.1:${bulkPort}`, ...backend]),
    ...(keptConnections(plan) > KEPT_BY_HADRO ? ["--pool-max-conn", String(keptConnections(plan))] : []),
    ...(variant === "always" ? ["--http-reuse", "always"] : []),
    ...["--log", isLogged ? "json" : "off", ...more],
  ];
}
