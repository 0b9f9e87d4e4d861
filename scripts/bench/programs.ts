/**
 * Finds what is measured and what measures: wrk, HAProxy, nginx with or without its stream module, and hadro, built when missing; where
 * they are there, Caddy, node with npm, strace.
 *
 * @module
 */
import { HTTP_PROXY_PACKAGE } from "./configurations_optional.ts";
import { type BenchOptions, UsageError } from "./options.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** Where distributions put servers, and where the PATH of a plain user does not look. */
const MORE_DIRECTORIES = ["/usr/sbin", "/usr/local/sbin"];
const INSTALL_LINE = "apt-get install -y haproxy nginx wrk";

export interface Programs {
  readonly hadro: string;
  readonly base: string;
  readonly wrk: string;
  readonly haproxy: string;
  readonly nginx: string;
  readonly caddy: string | null;
  /** node, with npm beside it to fetch http-proxy: null unless both are there. */
  readonly "node-http-proxy": string | null;
  readonly npm: string | null;
  readonly strace: string | null;
  readonly stream: StreamSupport;
}

/** Whether nginx can be a TCP proxy, and which file it must load for that. */
export interface StreamSupport {
  readonly isThere: boolean;
  /** Null when built in, or not there. */
  readonly module: string | null;
}

/** @throws {UsageError} that says what to install. */
export async function findPrograms(options: BenchOptions): Promise<Programs> {
  const names = ["wrk", "haproxy", "nginx"];
  const files = await Promise.all(names.map(findOnPath));
  const missing = names.filter((_, i) => files[i] === null);
  if (missing.length > 0) {
    throw new UsageError(`${missing.join(", ")} not found; install with: ${INSTALL_LINE}`);
  }
  const [wrk, haproxy, nginx] = files as string[];
  const hadro = await findHadro(options.hadroFile);
  const base = options.baseFile === null ? hadro : await resolveFile("--base", options.baseFile);
  const [caddy, node, npm, strace] = await Promise.all(["caddy", "node", "npm", "strace"].map(findOnPath));
  const stream = await findStream(nginx);
  return { hadro, base, wrk, haproxy, nginx, caddy, "node-http-proxy": npm && node, npm, strace, stream };
}

/** What each program says it is. */
export async function readVersions(programs: Programs): Promise<Record<string, string>> {
  const [hadro, base, haproxy, nginx, wrk] = await Promise.all([
    hadroVersion(programs.hadro),
    hadroVersion(programs.base),
    firstLine(programs.haproxy, "-v"),
    firstLine(programs.nginx, "-v"),
    firstLine(programs.wrk, "-v"),
  ]);
  const versions: Record<string, string> = { hadro };
  if (programs.base !== programs.hadro) versions.base = base;
  Object.assign(versions, { haproxy, nginx });
  if (programs.caddy !== null) versions.caddy = await firstLine(programs.caddy, "version");
  const node = programs["node-http-proxy"];
  if (node !== null) {
    versions["node-http-proxy"] = `${HTTP_PROXY_PACKAGE} on node ${await firstLine(node, "--version")}`;
  }
  if (programs.strace !== null) versions.strace = await firstLine(programs.strace, "-V");
  return { ...versions, wrk, deno: Deno.version.deno };
}

/** What `nginx -V` says about the stream module: built in, a file to load, or nothing; pure. */
export function parseStreamSupport(text: string): "static" | "dynamic" | "none" {
  const flags = text.split(/\s+/);
  if (flags.includes("--with-stream")) return "static";
  return flags.includes("--with-stream=dynamic") ? "dynamic" : "none";
}

async function findStream(nginx: string): Promise<StreamSupport> {
  const text = await output(nginx, "-V");
  const kind = parseStreamSupport(text);
  if (kind === "static") return { isThere: true, module: null };
  const directory = /--modules-path=(\S+)/.exec(text)?.[1] ?? "/usr/lib/nginx/modules";
  const module = Deno.env.get("NGINX_STREAM_MODULE") ?? `${directory}/ngx_stream_module.so`;
  const isThere = await isFile(module);
  return { isThere, module: isThere ? module : null };
}

async function findHadro(wanted: string | null): Promise<string> {
  if (wanted !== null) return await resolveFile("--hadro", wanted);
  const named = Deno.env.get("HADRO_BIN");
  if (named !== undefined && named !== "") return await resolveFile("HADRO_BIN", named);
  const file = `${ROOT}dist/hadro`;
  if (await isFile(file)) return file;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}scripts/build.ts`],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success || !await isFile(file)) throw new UsageError("scripts/build.ts made no dist/hadro");
  return file;
}

/** Absolute, since programs are started in another directory. */
async function resolveFile(origin: string, file: string): Promise<string> {
  if (!await isFile(file)) throw new UsageError(`${origin} ${file}: no such file`);
  return await Deno.realPath(file);
}

async function findOnPath(name: string): Promise<string | null> {
  const directories = [...(Deno.env.get("PATH") ?? "").split(":"), ...MORE_DIRECTORIES];
  for (const directory of directories) {
    if (directory !== "" && await isFile(`${directory}/${name}`)) return `${directory}/${name}`;
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** With the time of its file: builds of one version differ. */
async function hadroVersion(file: string): Promise<string> {
  const { mtime } = await Deno.stat(file);
  return `${await firstLine(file, "--version")}, built ${mtime?.toISOString() ?? "at an unknown time"}`;
}

async function firstLine(file: string, flag: string): Promise<string> {
  const line = (await output(file, flag)).trim().split("\n")[0];
  // "HAProxy version 2.6.12 2026/10/17 - https://...", "nginx version: nginx/1.22.1", "wrk 4.1.0 [epoll] Copyright ..."
  return line.replace(/ Copyright.*$| - https?:\/\/.*$/, "").replace(
    /^(HAProxy version |nginx version: nginx\/|wrk |strace -- version )/,
    "",
  );
}

/** Both streams: nginx writes its version to stderr, and wrk exits 1 behind its own. */
async function output(file: string, flag: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(file, { args: [flag], stdin: "null" }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}
