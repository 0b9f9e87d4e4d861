/**
 * Programs that run beside the benchmark: started with a clean environment, their last words kept, and ended for certain.
 *
 * @module
 */
import { listTree } from "./cpu_time.ts";

const STDERR_CHARS_MAX = 4_096;
/** A second SIGTERM ends a program that drains. */
const DRAIN_MS_MAX = 500;
const STOP_MS_MAX = 2_000;

/** How to start a program. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Besides the environment of the benchmark. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that was started. */
export class RunningProgram {
  readonly #child: Deno.ChildProcess;
  readonly #said: Promise<void>;
  #stderrText = "";
  #hasEnded = false;

  constructor(launch: Launch) {
    const command = new Deno.Command(launch.file, {
      args: [...launch.args],
      cwd: launch.cwd,
      clearEnv: true,
      env: { ...cleanEnvironment(), ...launch.env },
      stdin: "null",
      // The access logs of the -log rows end here.
      stdout: "null",
      stderr: "piped",
    });
    this.#child = command.spawn();
    this.#said = this.#listen();
    this.#child.status.then(() => this.#hasEnded = true);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The end of what it said on stderr. */
  get stderrText(): string {
    return this.#stderrText;
  }

  async stop(): Promise<void> {
    for (const limitMs of [DRAIN_MS_MAX, STOP_MS_MAX]) {
      this.#kill(this.pid, "SIGTERM");
      if (await endsWithin(this.#child.status, limitMs)) return await this.#said;
    }
    // Children first: those of a killed master would live on.
    for (const pid of (await listTree(this.pid)).reverse()) this.#kill(pid, "SIGKILL");
    await this.#child.status;
    await this.#said;
  }

  #kill(pid: number, signal: Deno.Signal): void {
    if (this.#hasEnded) return;
    try {
      Deno.kill(pid, signal);
    } catch {
      // It ended by itself meanwhile.
    }
  }

  async #listen(): Promise<void> {
    for await (const chunk of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderrText = (this.#stderrText + chunk).slice(-STDERR_CHARS_MAX);
    }
  }
}

/** Free ports of 127.0.0.1, all different: each is held until all are known. */
export function findFreePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Waits; at once when the run is called off. @throws the reason then. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const callOff = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", callOff);
      resolve();
    }, ms);
    signal.addEventListener("abort", callOff, { once: true });
  });
}

/** Without HADRO_*: they are flags of hadro, and one that is set for tests would change what is measured. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("HADRO_"));
  return Object.fromEntries(entries);
}

function endsWithin(status: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    status.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
