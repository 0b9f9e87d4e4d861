/**
 * Evidence under load: the built program in situations that hurt, each with claims that hold or do not.
 *
 * `deno task soak --help` lists the cases; docs/measurements.md has what was seen. The table goes to stdout, progress to stderr. All
 * that a case started is stopped when it ends, at an error and at a signal too.
 *
 * @module
 */
import { bulkCase } from "./soak/case_bulk.ts";
import { chaosCase } from "./soak/case_chaos.ts";
import { churnCase } from "./soak/case_churn.ts";
import { countersCase } from "./soak/case_counters.ts";
import { crashCase } from "./soak/case_crash.ts";
import { idleCase } from "./soak/case_idle.ts";
import { killCase } from "./soak/case_kill.ts";
import { memoryCase } from "./soak/case_memory.ts";
import { parseOptions, soakHelp, type SoakOptions, UsageError } from "./soak/options.ts";
import { renderTable, type Row } from "./soak/report.ts";
import { Findings, type SoakCase } from "./soak/soak_case.ts";

const CASES: readonly SoakCase[] = [
  countersCase,
  idleCase,
  memoryCase,
  killCase,
  bulkCase,
  churnCase,
  crashCase,
  chaosCase,
];
/** 128 and the signal's number, as a shell reports it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  try {
    if (Deno.build.os !== "linux") {
      throw new UsageError("memory and CPU time are read from /proc: Linux only");
    }
    const options = parseOptions(Deno.args, CASES);
    if (options === null) {
      write(Deno.stdout, soakHelp(CASES));
      return 0;
    }
    return await soak(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(error.message);
    return 1;
  }
}

async function soak(options: SoakOptions): Promise<number> {
  say(`seed ${options.seed}${options.isQuick ? ", quick" : ""}`);
  const rows: Row[] = [];
  let brokenCount = 0;
  for (const one of options.cases) {
    say(`${one.name}: ${one.text}`);
    const findings = await runCase(one, options);
    for (const { text, seen } of findings.broken) say(`${one.name}: DOES NOT HOLD: ${text}: ${seen}`);
    brokenCount += findings.broken.length;
    rows.push(...findings.all.map((finding) => ({ caseName: one.name, finding })));
  }
  write(Deno.stdout, renderTable(rows));
  say(brokenCount === 0 ? "every claim holds" : `${brokenCount} claims do not hold`);
  return brokenCount === 0 ? 0 : 1;
}

async function runCase(one: SoakCase, options: SoakOptions): Promise<Findings> {
  const findings = new Findings();
  const kept = new AsyncDisposableStack();
  const stopOnSignal = Object.entries(EXIT_CODES).map(([name, code]) => {
    const listener = () => void kept.disposeAsync().finally(() => Deno.exit(code));
    Deno.addSignalListener(name as Deno.Signal, listener);
    return () => Deno.removeSignalListener(name as Deno.Signal, listener);
  });
  const beganMs = performance.now();
  const context = {
    ...options,
    keep: <T extends AsyncDisposable>(thing: T) => kept.use(thing),
    say: (text: string) => say(`${one.name}: ${text}`),
  };
  try {
    await one.run(context, findings);
  } catch (error) {
    // The other cases have something to say still.
    findings.claim("the case ran to its end", false, error instanceof Error ? error.message : String(error));
  } finally {
    await kept.disposeAsync();
    for (const stop of stopOnSignal) stop();
  }
  findings.figure("the case took", `${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
  return findings;
}

function say(text: string): void {
  write(Deno.stderr, `soak: ${text}\n`);
}

function write(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  let bytes = new TextEncoder().encode(text);
  // A pipe takes what fits.
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
