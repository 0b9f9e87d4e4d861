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
  /** Runs are this long at least: what belongs to their beginning must not count for much. */
  readonly secondsMin: number;
  /** A file beside this one that changes wrk's own request, a GET with nothing but Host. */
  readonly script: "headers.lua" | "upload.lua" | null;
  /** A connection per request: the client asks for the end of the connection with each. */
  readonly isNewEach: boolean;
  /** Each peer is measured twice, with an access log and without. */
  readonly isLogged: boolean;
  /** Proxies measured once more, set up in another ordinary way. */
  readonly variant: Variant | null;
}

/** `always`: first requests go over idle connections too (http-reuse always, as nginx does). `splice`: HAProxy's option splice-auto. */
export type Variant = "always" | "splice";

export const SMALL_BODY = "hello world\n";
export const LARGE_BODY_BYTES = 1_048_576;
export const HUGE_BODY_BYTES = 1_073_741_824;

/** The body of upload.lua. */
export const UPLOAD_BODY_BYTES = 1_048_576;

const PLAIN = {
  mode: "http",
  path: "/",
  connections: 32,
  secondsMin: 1,
  script: null,
  isNewEach: false,
  isLogged: false,
  variant: null,
} as const;

export const CASES: readonly BenchCase[] = [
  { ...PLAIN, name: "http-keepalive", about: "HTTP, small answers, connections stay" },
  {
    ...PLAIN,
    name: "http-headers",
    about: "HTTP, requests of a browser: 20 headers, about 700 bytes",
    script: "headers.lua",
  },
  {
    ...PLAIN,
    name: "http-new",
    about:
      "HTTP, a new connection for each request; rows ending in -always with http-reuse always, as nginx does",
    isNewEach: true,
    variant: "always",
  },
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
  {
    ...PLAIN,
    name: "http-1m",
    about: "HTTP, answers of 1 MiB; haproxy-splice has option splice-auto",
    path: "/1m",
    connections: 8,
    variant: "splice",
  },
  {
    ...PLAIN,
    name: "tcp-1m",
    about: "HTTP bytes through a TCP proxy, answers of 1 MiB; haproxy-splice has option splice-auto",
    mode: "tcp",
    path: "/1m",
    connections: 8,
    variant: "splice",
  },
  {
    ...PLAIN,
    name: "http-upload-1m",
    about: "HTTP, requests with a body of 1 MiB, which the backend reads before it answers",
    path: "/upload",
    connections: 8,
    script: "upload.lua",
    variant: "splice",
  },
  {
    ...PLAIN,
    name: "active-5000",
    about:
      "HTTP, small answers, 5,000 connections that all wait for one at any moment; their opening counts too",
    connections: 5_000,
    secondsMin: 10,
  },
  {
    ...PLAIN,
    name: "http-log",
    about: "as http-keepalive; rows ending in -log write a line per request to a null device",
    isLogged: true,
  },
];

/** The case with as many connections as proxies can have, and a note when these are fewer than it should have. */
export function fitConnections(
  bench: BenchCase,
  maxConnections: number,
): { bench: BenchCase; notes: string[] } {
  // Probes and ends of the last run need some as well.
  const connections = Math.min(bench.connections, Math.floor(maxConnections * 0.95));
  if (connections === bench.connections) return { bench, notes: [] };
  const note =
    `${connections} connections instead of ${bench.connections}: a proxied one takes two descriptors, and the limit of ` +
    "open files (ulimit -Hn) allows no more";
  return { bench: { ...bench, connections }, notes: [note] };
}

/** How long runs are when `seconds` were asked for. */
export function secondsOf({ secondsMin }: BenchCase, seconds: number): number {
  return Math.max(secondsMin, seconds);
}

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
  const args = wrkArgs(bench, 0, secondsOf(bench, seconds)).map((arg) => {
    if (bench.script !== null && arg === scriptFile(bench.script)) return bench.script;
    return /\s/.test(arg) ? `"${arg}"` : arg;
  });
  return `wrk ${args.join(" ")}`.replace("127.0.0.1:0", "127.0.0.1:PORT");
}

function scriptFile(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
