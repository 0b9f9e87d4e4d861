/**
 * A process of the cases crash and chaos: a script of this folder that tells reports (crash_report.ts) and may be killed at any moment.
 *
 * @module
 */
import type { Report } from "./crash_report.ts";

/** See the module's text. */
export class ScriptProcess {
  readonly #child: Deno.ChildProcess;
  readonly #heard: Promise<void>;
  #hasEnded = false;

  constructor(script: string, args: readonly string[], onReport: (report: Report) => void) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", new URL(script, import.meta.url).pathname, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    void this.#child.status.then(() => this.#hasEnded = true);
    this.#heard = this.#listen(onReport);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  signal(name: Deno.Signal): void {
    if (this.#hasEnded) return;
    try {
      this.#child.kill(name);
    } catch {
      // It ended by itself meanwhile.
    }
  }

  /** A line for its standard input; for nobody when it has ended. */
  async tell(line: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
    writer.releaseLock();
  }

  /** kill -9, and waits for its end and its last words. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#child.status;
    await this.#heard;
    await this.#child.stdin.close().catch(() => {});
  }

  /** Lets it end by itself, as its standard input does; kills it when that takes too long. */
  async finish(waitMs: number): Promise<void> {
    await this.#child.stdin.close().catch(() => {});
    const timer = setTimeout(() => this.signal("SIGKILL"), waitMs);
    await this.#child.status;
    clearTimeout(timer);
    await this.#heard;
  }

  async #listen(onReport: (report: Report) => void): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) onReport(JSON.parse(line) as Report);
    }
    // A rest is what a kill cut off.
  }
}
