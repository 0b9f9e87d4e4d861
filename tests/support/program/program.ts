/**
 * Runs the built program as a user would, and reads what it says.
 *
 * HADRO_BIN names it; else dist/hadro.
 *
 * @module
 */

const ROOT = new URL("../../..", import.meta.url).pathname;
const START_MS_MAX = 10_000;
const WAIT_MS_MAX = 10_000;

/** A parsed line of the JSON log. */
export type LogLine = Record<string, unknown>;

/** A running hadro. */
export class Program {
  readonly stdout: LineReader;
  readonly stderr: LineReader;
  readonly #child: Deno.ChildProcess;
  #exit: Promise<Deno.CommandStatus>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#exit = child.status;
    this.stdout = new LineReader(child.stdout);
    this.stderr = new LineReader(child.stderr);
  }

  /** Starts with these flags and waits for `listeners` listeners. */
  static async start(
    args: readonly string[],
    options: { listeners?: number; env?: Record<string, string> } = {},
  ): Promise<Program> {
    const program = Program.spawn(args, options.env ?? {});
    const wanted = options.listeners ?? args.filter((arg) => arg === "-l").length;
    for (let i = 0; i < wanted; i++) await program.stderr.waitFor(/listening on/, START_MS_MAX, i);
    return program;
  }

  /** Starts without waiting. */
  static spawn(args: readonly string[], env: Record<string, string> = {}): Program {
    const command = Deno.env.get("HADRO_BIN") ?? `${ROOT}dist/hadro`;
    const child = new Deno.Command(command, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new Program(child.spawn());
  }

  /** Runs a shell line with the program as `$HADRO`. */
  static spawnShell(line: string): Program {
    const command = Deno.env.get("HADRO_BIN") ?? `${ROOT}dist/hadro`;
    const child = new Deno.Command("bash", {
      args: ["-c", line],
      env: { HADRO: command },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new Program(child.spawn());
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The port that a listener was given, by its name. */
  port(name: string): number {
    const line = this.stderr.lines.find((text) =>
      text.includes("listening on") && text.includes(`(${name})`)
    );
    return Number(/:(\d+) \(/.exec(line ?? "")?.[1]);
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The exit code. */
  async exitCode(): Promise<number> {
    return (await this.#exit).code;
  }

  /** Ends it at once, if it runs, and waits for its end. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.#exit;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
  }

  /** The engine's counters, asked for by SIGQUIT. */
  async counters(): Promise<Record<string, number>> {
    const from = this.stderr.lines.length;
    this.signal("SIGQUIT");
    const line = await this.stderr.waitFor(/^\{.*"turns"/, WAIT_MS_MAX, 0, from);
    return JSON.parse(line) as Record<string, number>;
  }

  /** Waits until the counters satisfy `isRight`; what they were then. */
  async countersWhen(
    isRight: (counters: Record<string, number>) => boolean,
  ): Promise<Record<string, number>> {
    const untilMs = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const counters = await this.counters();
      if (isRight(counters)) return counters;
      if (performance.now() > untilMs) {
        throw new Error(`Counters never came right: ${JSON.stringify(counters)}`);
      }
    }
  }

  /** Waits for the log line number `index` (from 0), parsed. */
  async log(index = 0): Promise<LogLine> {
    return JSON.parse(await this.stdout.waitFor(/^\{/, WAIT_MS_MAX, index)) as LogLine;
  }
}

/** Lines of a stream, kept. */
export class LineReader {
  readonly lines: string[] = [];
  readonly ended: Promise<void>;
  #rest = "";
  #wakers: (() => void)[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** The line number `index` that matches, among those from `from` on; waits for it. */
  async waitFor(pattern: RegExp, timeoutMs = WAIT_MS_MAX, index = 0, from = 0): Promise<string> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).filter((line) => pattern.test(line))[index];
      if (found !== undefined) return found;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) {
        throw new Error(`No line ${pattern} (number ${index}) in:\n${this.lines.slice(-20).join("\n")}`);
      }
      const woken = Promise.withResolvers<void>();
      const timer = setTimeout(woken.resolve, leftMs);
      this.#wakers.push(woken.resolve);
      await woken.promise;
      clearTimeout(timer);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#rest += decoder.decode(chunk, { stream: true });
      const parts = this.#rest.split("\n");
      this.#rest = parts.pop()!;
      this.lines.push(...parts);
      for (const wake of this.#wakers.splice(0)) wake();
    }
    if (this.#rest !== "") this.lines.push(this.#rest);
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
