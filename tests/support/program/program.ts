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

  constructor(child: Deno.ChildProcess, readsLog = true) {
    this.#child = child;
    this.#exit = child.status;
    this.stdout = new LineReader(child.stdout);
    this.stderr = new LineReader(child.stderr);
    this.stderr.start();
    if (readsLog) this.stdout.start();
  }

  /** The file that is run. */
  static get path(): string {
    return Deno.env.get("HADRO_BIN") ?? `${ROOT}dist/hadro`;
  }

  /** Starts with these flags and waits for `listeners` listeners. `readsLog` false: see {@linkcode Program.spawn}. */
  static async start(
    args: readonly string[],
    options: { listeners?: number; env?: Record<string, string>; readsLog?: boolean } = {},
  ): Promise<Program> {
    const program = Program.spawn(args, options.env ?? {}, options.readsLog);
    const wanted = options.listeners ?? args.filter((arg) => arg === "-l").length;
    await program.listening(wanted);
    return program;
  }

  /** Starts without waiting. With `readsLog` false nothing is read from its standard output until `stdout.start()`. */
  static spawn(args: readonly string[], env: Record<string, string> = {}, readsLog = true): Program {
    const child = new Deno.Command(Program.path, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new Program(child.spawn(), readsLog);
  }

  /** Runs a shell line with the program as `$HADRO`. */
  static spawnShell(
    line: string,
    options: { shell?: string; cwd?: string; env?: Record<string, string> } = {},
  ): Program {
    const child = new Deno.Command(options.shell ?? "bash", {
      args: ["-c", line],
      cwd: options.cwd ?? ".",
      env: { HADRO: Program.path, ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new Program(child.spawn());
  }

  /** Waits until `count` listeners were announced. @throws when it ends instead. */
  async listening(count: number, timeoutMs = START_MS_MAX): Promise<void> {
    const ended = this.#exit.then(async ({ code }) => {
      await this.stderr.ended;
      throw new Error(`hadro ended with ${code}:\n${this.stderr.lines.join("\n")}`);
    });
    ended.catch(() => {});
    for (let i = 0; i < count; i++) {
      await Promise.race([this.stderr.waitFor(/listening on/, timeoutMs, i), ended]);
    }
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

  /** Ends it at once, if it runs, and waits for its end. (Two SIGTERM in a row may arrive as one, which drains.) */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#exit;
    this.stdout.start();
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
    waitMsMax = WAIT_MS_MAX,
  ): Promise<Record<string, number>> {
    const untilMs = performance.now() + waitMsMax;
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

/** Lines of a stream, kept from {@linkcode LineReader.start} on. */
export class LineReader {
  readonly lines: string[] = [];
  readonly ended: Promise<void>;
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #end = Promise.withResolvers<void>();
  #hasStarted = false;
  #rest = "";
  #wakers: (() => void)[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
    this.ended = this.#end.promise;
  }

  /** Begins to read; of no effect when it has begun. */
  start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#read(this.#stream).then(this.#end.resolve, this.#end.reject);
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
