/**
 * Starts, kills and restarts backend_server.ts.
 *
 * @module
 */

const SERVER = new URL("./backend_server.ts", import.meta.url).pathname;

/** A server process on a port that stays the same over restarts. */
export class Backend implements AsyncDisposable {
  #child: Deno.ChildProcess;
  port = 0;

  private constructor() {
    this.#child = this.#spawn();
  }

  static async start(): Promise<Backend> {
    const backend = new Backend();
    backend.port = await backend.#readPort();
    return backend;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** kill -9, and waits for its end. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    // Killed a second time, at the end of the case, these are closed.
    await this.#child.stdin.close().catch(() => {});
    await this.#child.stdout.cancel();
  }

  /** Starts it again on its port, and waits until it accepts. */
  async restart(): Promise<void> {
    this.#child = this.#spawn();
    await this.#readPort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #spawn(): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-lock", "--allow-net", SERVER, String(this.port)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  async #readPort(): Promise<number> {
    const reader = this.#child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (value === undefined) throw new Error("A backend server ended at its start");
    return Number(new TextDecoder().decode(value));
  }
}
