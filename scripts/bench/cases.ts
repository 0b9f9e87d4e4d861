/**
 * What is measured: each case is one way of loading a proxy, and one command line of wrk.
 *
 * @module
 */

export type Mode = "http" | "tcp";

export interface BenchCase {
  readonly name: string;
  readonly about: string;
  readonly mode: Mode;
  readonly path: string;
  readonly connections: number;
  /** A file beside this one that changes wrk's own request, a GET with nothing but Host. */
  readonly script: "headers.lua" | "upload.lua" | null;
  /** A connection per request: the client asks for the end of the connection with each. */
  readonly isNewEach: boolean;
  /** Each peer is measured twice, with an access log and without. */
  readonly isLogged: boolean;
}

export const SMALL_BODY = "hello world\n";
export const LARGE_BODY_BYTES = 1_048_576;

/** The body of upload.lua. */
export const UPLOAD_BODY_BYTES = 1_048_576;

const PLAIN = {
  mode: "http",
  path: "/",
  connections: 32,
  script: null,
  isNewEach: false,
  isLogged: false,
} as const;

export const CASES: readonly BenchCase[] = [
  { ...PLAIN, name: "http-keepalive", about: "HTTP, small answers, connections stay" },
  {
    ...PLAIN,
    name: "http-headers",
    about: "HTTP, requests of a browser: 20 headers, about 700 bytes",
    script: "headers.lua",
  },
  { ...PLAIN, name: "http-new", about: "HTTP, a new connection for each request", isNewEach: true },
  {
    ...PLAIN,
    name: "tcp-keepalive",
    about: "HTTP bytes through a TCP proxy, connections stay",
    mode: "tcp",
  },
  {
    ...PLAIN,
    name: "tcp-new",
    about: "HTTP bytes through a TCP proxy, a new connection for each request",
    mode: "tcp",
    isNewEach: true,
  },
  // Fewer connections: these are limited by bytes, and 32 answers of this size only measure waiting.
  { ...PLAIN, name: "http-1m", about: "HTTP, answers of 1 MiB", path: "/1m", connections: 8 },
  {
    ...PLAIN,
    name: "tcp-1m",
    about: "HTTP bytes through a TCP proxy, answers of 1 MiB",
    mode: "tcp",
    path: "/1m",
    connections: 8,
  },
  {
    ...PLAIN,
    name: "http-upload-1m",
    about: "HTTP, requests with a body of 1 MiB, which the backend reads before it answers",
    path: "/upload",
    connections: 8,
    script: "upload.lua",
  },
  {
    ...PLAIN,
    name: "http-log",
    about: "as http-keepalive; rows ending in -log write a line per request to a null device",
    isLogged: true,
  },
];

/** The arguments of wrk. One thread: more would take the proxy's core. */
export function wrkArgs(bench: BenchCase, port: number, seconds: number): string[] {
  const args = ["-t1", `-c${bench.connections}`, `-d${seconds}s`, "--latency"];
  if (bench.script !== null) args.push("-s", scriptFile(bench.script));
  if (bench.isNewEach) args.push("-H", "Connection: close");
  return [...args, `http://127.0.0.1:${port}${bench.path}`];
}

/** Bytes of the answer's body. */
export function bodyBytes(bench: BenchCase): number {
  return bench.path === "/1m" ? LARGE_BODY_BYTES : SMALL_BODY.length;
}

/** The case of this name. @throws when there is none. */
export function caseOf(name: string): BenchCase {
  const found = CASES.find((item) => item.name === name);
  if (found === undefined) throw new Error(`No case ${name}`);
  return found;
}

/** The command line as a reader would type it, beside the scripts. */
export function wrkLine(bench: BenchCase, seconds: number): string {
  const args = wrkArgs(bench, 0, seconds).map((arg) => {
    if (bench.script !== null && arg === scriptFile(bench.script)) return bench.script;
    return /\s/.test(arg) ? `"${arg}"` : arg;
  });
  return `wrk ${args.join(" ")}`.replace("127.0.0.1:0", "127.0.0.1:PORT");
}

function scriptFile(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
