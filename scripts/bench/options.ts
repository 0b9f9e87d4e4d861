/**
 * The flags of scripts/bench.ts; pure.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CASES } from "./cases.ts";
import { MEASUREMENTS } from "./measurements.ts";

export const PROGRAMS = ["hadro", "base", "haproxy", "nginx", "caddy", "node-http-proxy"] as const;
export type ProgramName = typeof PROGRAMS[number];

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Of the cases of wrk and the other measurements. */
  readonly cases: readonly string[];
  readonly peers: readonly ProgramName[];
  /** Null: HADRO_BIN, else dist/hadro, built when missing. */
  readonly hadroFile: string | null;
  readonly hadroArgs: readonly string[];
  /** A second hadro, to compare two builds or two sets of flags in one run. */
  readonly baseFile: string | null;
  readonly baseArgs: readonly string[];
  readonly isForwarding: boolean;
  /** hadro once more with two threads, in http-keepalive. */
  readonly hasThreads: boolean;
  /** A sentence about the machine for the document. */
  readonly note: string | null;
  readonly jsonFile: string | null;
  readonly markdownFile: string | null;
}

/** A mistake of the caller: said in a line, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `Usage: deno task bench [flags]

Measures hadro and its peers side by side: CPU time per request, rate, latency, memory, start, system calls.

  --rounds N          rounds; each runs every peer once, in rotating order (5)
  --seconds N         seconds of a run (3)
  --cases A,B         load:  ${wrapNames(CASES)}
                      other: ${wrapNames(MEASUREMENTS)}
  --peers A,B         hadro, base, haproxy, nginx, caddy, node-http-proxy (all that are there)
  --hadro FILE        the program to measure (HADRO_BIN, else dist/hadro, built when missing)
  --hadro-args "..."  more flags for it, separated by blanks
  --base FILE         another hadro, measured beside it as "base"
  --base-args "..."   its flags; without --base the same program runs with these
  --forwarded         HAProxy, nginx and node add X-Forwarded-For, -Proto and -Host too, as hadro and Caddy always do
  --threads           a row hadro-2 in http-keepalive: the same with --threads 2
  --json FILE         every sample
  --markdown FILE     the report as a document, with a summary and how to repeat it
  --note "..."        a sentence about the machine, for the document

Caddy and node-http-proxy (fetched with npm into a temporary directory) are measured where they are found.
NGINX_STREAM_MODULE names ngx_stream_module.so when it lies elsewhere.
`;

/** Null when help is wanted. @throws {UsageError} */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const values = parseFlags(args);
  if (values.help === true) return null;
  const hasBase = values.base !== undefined || values["base-args"] !== undefined;
  const peers = parseList("--peers", values.peers, PROGRAMS, PROGRAMS) as ProgramName[];
  if (values.peers !== undefined && peers.includes("base") && !hasBase) {
    throw new UsageError("--peers base: name it with --base FILE or --base-args");
  }
  const names = [...CASES, ...MEASUREMENTS].map(({ name }) => name);
  return {
    rounds: parseCount("--rounds", values.rounds, 5),
    seconds: parseCount("--seconds", values.seconds, 3),
    cases: parseList("--cases", values.cases, names, names),
    peers: peers.filter((name) => name !== "base" || hasBase),
    hadroFile: values.hadro ?? null,
    hadroArgs: splitArgs(values["hadro-args"]),
    baseFile: values.base ?? null,
    baseArgs: splitArgs(values["base-args"]),
    isForwarding: values.forwarded === true,
    hasThreads: values.threads === true,
    note: values.note ?? null,
    jsonFile: values.json ?? null,
    markdownFile: values.markdown ?? null,
  };
}

function parseFlags(args: readonly string[]) {
  const text = { type: "string" } as const;
  const isSet = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: joinDashedValues(args),
      options: {
        rounds: text,
        seconds: text,
        cases: text,
        peers: text,
        hadro: text,
        "hadro-args": text,
        base: text,
        "base-args": text,
        forwarded: isSet,
        threads: isSet,
        note: text,
        json: text,
        markdown: text,
        help: { ...isSet, short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--hadro-args "--poller epoll"`: parseArgs takes a value that begins with a dash only behind "=". */
function joinDashedValues(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const takesNext = /^--(hadro|base)-args$/.test(args[i]) && i + 1 < args.length;
    joined.push(takesNext ? `${args[i]}=${args[++i]}` : args[i]);
  }
  return joined;
}

function parseCount(flag: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1_000) {
    throw new UsageError(`${flag} ${text}: a whole number from 1 to 1000`);
  }
  return count;
}

/** Kept in the order of `known`, each once. */
function parseList(
  flag: string,
  text: string | undefined,
  known: readonly string[],
  standard: readonly string[],
): string[] {
  if (text === undefined) return [...standard];
  const wanted = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const stranger = wanted.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new UsageError(`${flag} ${stranger}: one of ${known.join(", ")}`);
  if (wanted.length === 0) throw new UsageError(`${flag}: names one of ${known.join(", ")}`);
  return known.filter((name) => wanted.includes(name));
}

function splitArgs(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((arg) => arg !== "");
}

/** Names for the help, four in a line. */
function wrapNames(items: readonly { readonly name: string }[]): string {
  const names = items.map(({ name }) => name);
  const rows = [];
  for (let i = 0; i < names.length; i += 4) rows.push(names.slice(i, i + 4).join(", "));
  return rows.join(`,\n${" ".repeat(29)}`);
}
