/**
 * The load of the crash case: processes of clients and servers, and somebody who kills them.
 *
 *     every 100 to 1,000 ms    a client is killed with SIGKILL, and another one started
 *     every 300 to 2,000 ms    a server is killed with SIGKILL and started again on its port, or stopped for up to a second
 *
 * @module
 */
import { Prng } from "../../src/base/prng.ts";
import type { ClientPlan } from "./crash_client.ts";
import { ScriptProcess } from "./crash_process.ts";
import type { Report } from "./crash_report.ts";
import { sleep } from "./soak_case.ts";

const SHOWN_MAX = 20;
const FINISH_MS = 5_000;
const STOP_MS_MAX = 1_000;

/** What all processes told, together. */
export class LoadTally {
  readonly counts = new Map<string, number>();
  wrongCount = 0;
  readonly #say: (text: string) => void;
  readonly shown: string[] = [];

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  add(what: string, count = 1): void {
    this.counts.set(what, this.count(what) + count);
  }

  count(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  take({ counts = {}, wrong, note }: Report): void {
    for (const [what, count] of Object.entries(counts)) this.add(what, count);
    if (wrong !== undefined) {
      this.wrongCount++;
      if (this.shown.push(wrong) <= SHOWN_MAX) this.#say(`WRONG: ${wrong}`);
    }
    if (note !== undefined) this.#say(note);
  }
}

/** A server that keeps its port and its path over its lives. */
export class CrashServer {
  readonly path: string;
  port = 0;
  readonly #tally: LoadTally;
  #process: ScriptProcess | null = null;

  constructor(path: string, tally: LoadTally) {
    this.path = path;
    this.#tally = tally;
  }

  /** Resolves when it accepts. */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<number>();
    const process = new ScriptProcess("crash_server.ts", [String(this.port), this.path], (report) => {
      if (report.port !== undefined) ready.resolve(report.port);
      this.#tally.take(report);
    });
    this.#process = process;
    while (this.port === 0 || !process.hasEnded) {
      const port = await Promise.race([ready.promise, sleep(100)]);
      if (port === undefined) continue;
      this.port = port;
      return;
    }
    throw new Error("A server ended at its start");
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** For a while it is there and does nothing. */
  async stopFor(ms: number): Promise<void> {
    this.#process?.signal("SIGSTOP");
    await sleep(ms);
    this.#process?.signal("SIGCONT");
  }
}

/** See the module's text. */
export class CrashLoad implements AsyncDisposable {
  readonly #tally: LoadTally;
  readonly #servers: readonly CrashServer[];
  readonly #plan: Omit<ClientPlan, "number">;
  readonly #prng: Prng;
  readonly #clients: ScriptProcess[] = [];
  #clientNumber = 0;
  #isOver = false;

  constructor(plan: Omit<ClientPlan, "number">, servers: readonly CrashServer[], tally: LoadTally) {
    this.#plan = plan;
    this.#servers = servers;
    this.#tally = tally;
    this.#prng = new Prng(plan.seed);
  }

  /** Loads and kills until `isOver`; all servers are up then, and the clients have ended, one half of them by a kill. */
  async run(clientCount: number, isOver: () => boolean): Promise<void> {
    for (let i = 0; i < clientCount; i++) this.#startClient();
    await Promise.all([this.#killClients(isOver), this.#killServers(isOver)]);
    this.#isOver = true;
    const ends = this.#clients.splice(0).map((client, index) =>
      index % 2 === 0 ? client.finish(FINISH_MS) : client.kill()
    );
    await Promise.all(ends);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients.splice(0).map((client) => client.kill()));
  }

  #startClient(): void {
    if (this.#isOver) return;
    const number = 1 + this.#clientNumber++ % 0xffff;
    const plan: ClientPlan = { ...this.#plan, number };
    this.#clients.push(
      new ScriptProcess("crash_client.ts", [JSON.stringify(plan)], (report) => this.#tally.take(report)),
    );
    this.#tally.add("clients started");
  }

  async #killClients(isOver: () => boolean): Promise<void> {
    for (;;) {
      await sleep(100 + this.#prng.nextBelow(901));
      if (isOver() || this.#isOver) return;
      const [client] = this.#clients.splice(this.#prng.nextBelow(this.#clients.length), 1);
      // One that ended by itself has failed, which its standard error tells.
      this.#tally.add(client!.hasEnded ? "clients that failed" : "clients killed");
      await client!.kill();
      this.#startClient();
    }
  }

  async #killServers(isOver: () => boolean): Promise<void> {
    for (;;) {
      await sleep(300 + this.#prng.nextBelow(1_701));
      if (isOver() || this.#isOver) return;
      const server = this.#servers[this.#prng.nextBelow(this.#servers.length)]!;
      if (this.#prng.chance(0.5)) {
        this.#tally.add("servers stopped for a while");
        await server.stopFor(50 + this.#prng.nextBelow(STOP_MS_MAX - 50));
      } else {
        this.#tally.add("servers killed");
        await server.kill();
        await sleep(this.#prng.nextBelow(500));
        await server.start();
      }
    }
  }
}
