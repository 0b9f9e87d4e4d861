/**
 * The flags of scripts/soak.ts; pure.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { SoakCase } from "./soak_case.ts";

export interface SoakOptions {
  readonly cases: readonly SoakCase[];
  readonly isQuick: boolean;
  readonly hadroArgs: readonly string[];
  readonly seed: number;
  /** Null: what the case takes by itself. */
  readonly seconds: number | null;
}

/** A mistake of the caller: said in a line, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function soakHelp(cases: readonly SoakCase[]): string {
  return `Usage: deno task soak [flags]

Evidence under load, of the built program (HADRO_BIN, else dist/hadro). Exits with 1 when a claim does not hold.

  --only A,B          some cases only
  --quick             smaller and shorter
  --hadro-args "..."  more flags for hadro, separated by blanks
  --seed N            of the random clients (a new one each time; it is printed)
  --seconds N         how long the cases crash and chaos go on (60; 10 with --quick)

Cases:
${cases.map(({ name, text }) => `  ${name.padEnd(18)}  ${text}`).join("\n")}
`;
}

/** Null when help is wanted. @throws {UsageError} */
export function parseOptions(args: readonly string[], cases: readonly SoakCase[]): SoakOptions | null {
  const values = parseFlags(args);
  if (values.help === true) return null;
  const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  if (!Number.isInteger(seed)) throw new UsageError(`--seed ${values.seed}: a whole number`);
  const seconds = Number(values.seconds ?? NaN);
  if (values.seconds !== undefined && !(seconds >= 1)) {
    throw new UsageError(`--seconds ${values.seconds}: seconds, at least 1`);
  }
  return {
    cases: chooseCases(values.only, cases),
    isQuick: values.quick === true,
    hadroArgs: (values["hadro-args"] ?? "").split(/\s+/).filter((arg) => arg !== ""),
    seed,
    seconds: Number.isNaN(seconds) ? null : seconds,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: joinDashedValue(args),
      options: {
        only: { type: "string" },
        quick: { type: "boolean" },
        "hadro-args": { type: "string" },
        seed: { type: "string" },
        seconds: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--hadro-args "--poller deno"`: parseArgs takes a value that begins with a dash only behind "=". */
function joinDashedValue(args: readonly string[]): string[] {
  const at = args.indexOf("--hadro-args");
  if (at < 0 || at + 1 >= args.length) return [...args];
  return [...args.slice(0, at), `${args[at]}=${args[at + 1]}`, ...args.slice(at + 2)];
}

function chooseCases(only: string | undefined, cases: readonly SoakCase[]): readonly SoakCase[] {
  if (only === undefined) return cases;
  const wanted = only.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const names = cases.map(({ name }) => name);
  const stranger = wanted.find((name) => !names.includes(name));
  if (stranger !== undefined) throw new UsageError(`--only ${stranger}: one of ${names.join(", ")}`);
  return cases.filter(({ name }) => wanted.includes(name));
}
