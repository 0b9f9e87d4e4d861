/**
 * Starts backend_main.ts.
 *
 * @module
 */
const MAIN = new URL("backend_main.ts", import.meta.url).pathname;

/** A server that dies as servers do: all at once. */
export class BackendProcess {
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts one whose every answer is `name`. */
  static async start(name: string): Promise<BackendProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", "--no-lock", MAIN, name],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`Backend ${name} did not start`);
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return new BackendProcess(child, Number(text));
  }

  /** SIGKILL; returns when the kernel has closed its sockets. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
  }
}
