/**
 * The hadro of a case: started from its built file, asked for its counters, and at the end held to having left nothing behind.
 *
 * @module
 */
import { Program } from "../../tests/support/program/program.ts";
import { type Findings, sleep, type SoakContext } from "./soak_case.ts";

/** More than what a case opens, where the system lets it be raised. */
const FD_LIMIT_WANTED = 32_768;
const SETTLE_MS_MAX = 20_000;
const SETTLE_STEP_MS = 100;
const STOP_MS_MAX = 5_000;
const ALARM = /assert|uncaught|panick|^\s+at .+:\d+:\d+|\b[A-Z]\w*Error\b/;

export type Counters = Readonly<Record<string, number>>;

/** See the module's text. */
export class Hadro implements AsyncDisposable {
  readonly program: Program;
  /** Counters as they were before any connection came. */
  readonly before: Counters;

  private constructor(program: Program, before: Counters) {
    this.program = program;
    this.before = before;
  }

  /** `args` without --log: the log is off, unless they say otherwise. Idle connections to servers end after a second. */
  static async start(context: SoakContext, args: readonly string[]): Promise<Hadro> {
    const log = args.includes("--log") ? [] : ["--log", "off"];
    const words = [...args, ...log, "--pool-purge-delay", "1s", ...context.hadroArgs];
    // Where the limit cannot be raised it stays, and a case asks for less.
    const line = `ulimit -n ${FD_LIMIT_WANTED} 2>/dev/null; exec "$HADRO" ${words.map(quote).join(" ")}`;
    const program = Program.spawnShell(line);
    try {
      await program.listening(args.filter((arg) => arg === "-l").length);
      return context.keep(new Hadro(program, await program.counters()));
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.program.pid;
  }

  /** The port of a listener, by its name. */
  port(name: string): number {
    return this.program.port(name);
  }

  counters(): Promise<Counters> {
    return this.program.counters();
  }

  /** The counters, again and again, until `isOver`. */
  async look(everyMs: number, isOver: () => boolean): Promise<Counters[]> {
    const looks: Counters[] = [];
    while (!isOver()) {
      await sleep(everyMs);
      try {
        looks.push(await this.counters());
      } catch (error) {
        if (isOver()) break;
        throw error;
      }
    }
    return looks;
  }

  /** Waits until the counters are right, for a while; what they were then. */
  async settle(isRight: (counters: Counters) => boolean, waitMsMax = SETTLE_MS_MAX): Promise<Counters> {
    const untilMs = performance.now() + waitMsMax;
    for (;;) {
      const counters = await this.counters();
      if (isRight(counters) || performance.now() > untilMs) return counters;
      await sleep(SETTLE_STEP_MS);
    }
  }

  /** Once all clients are gone: that hadro holds nothing any more, has said nothing alarming, and stops when told to. */
  async claimClean(findings: Findings): Promise<Counters> {
    const { tasks, fds } = this.before;
    const counters = await this.settle((c) =>
      c.connections === 0 && c.fds <= fds && c.buffersInUse === 0 && c.bufferWaiters === 0 &&
      c.tasks === tasks
    );
    const { connections, buffersInUse, bufferWaiters } = counters;
    findings.claim(
      `after the end no more fds are open than before any client came (${fds})`,
      counters.fds <= fds && connections === 0,
      `fds ${counters.fds}, connections ${connections}`,
    );
    findings.claim(
      "after the end no buffer is in use or waited for",
      buffersInUse === 0 && bufferWaiters === 0,
      `${buffersInUse}, ${bufferWaiters}`,
    );
    findings.claim(
      "after the end there are as many tasks as at the start",
      counters.tasks === tasks,
      counters.tasks,
    );
    const exit = await this.#stop();
    const said = this.program.stderr.lines.filter((line) => !/^\{|: listening on /.test(line));
    const alarm = said.find((line) => ALARM.test(line));
    findings.claim("stderr has no assertion and no stack trace", alarm === undefined, alarm ?? "none");
    if (said.length > 0) findings.figure("lines on stderr", `${said.length}: ${said[0]}`);
    findings.claim("SIGTERM ends it with exit code 0", exit === "0", exit);
    return counters;
  }

  /** What its end was. */
  async #stop(): Promise<string> {
    try {
      this.program.signal("SIGTERM");
    } catch {
      return "it had ended before";
    }
    const timeout = Promise.withResolvers<string>();
    const timer = setTimeout(() => timeout.resolve(`still running after ${STOP_MS_MAX} ms`), STOP_MS_MAX);
    const exit = await Promise.race([this.program.exitCode().then(String), timeout.promise]);
    clearTimeout(timer);
    return exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program.stop();
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
