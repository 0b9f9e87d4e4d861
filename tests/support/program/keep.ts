/** What every end-to-end test sets up: things that end with the test, a hadro, a client. @module */
import { onTestFinished } from "vitest";
import { Peer } from "./peers.ts";
import { Program } from "./program.ts";

/** Stops `thing` when the test ends; what was kept last is stopped first. */
export function keep<T extends { stop(): Promise<void> | void }>(thing: T): T {
  onTestFinished(() => thing.stop());
  return thing;
}

/** A running hadro and the port of its one listener. */
export interface Running {
  readonly program: Program;
  readonly port: number;
}

/**
 * Starts hadro with one listener called `fe`. Backends are ports of this machine, or words as in -b.
 * The log is JSON unless `flags` say otherwise.
 */
export async function startHadro(
  scheme: "tcp" | "http",
  backends: readonly (number | string)[],
  ...flags: string[]
): Promise<Running> {
  const words = backends.map((backend) => typeof backend === "number" ? `127.0.0.1:${backend}` : backend);
  const log = flags.includes("--log") ? [] : ["--log", "json"];
  const listen = ["-l", `${scheme}://127.0.0.1:0,name=fe`];
  const program = keep(await Program.start([...listen, "-b", ...words, ...log, ...flags]));
  return { program, port: program.port("fe") };
}

/** A client that is closed when the test ends. */
export async function connect(port: number): Promise<Peer> {
  const peer = await Peer.connect(port);
  onTestFinished(() => peer.close());
  return peer;
}

/** The deno poller lets what it accepted go on for 10 s behind a close. */
const IDLE_MS_MAX = 15_000;

/** Waits until nothing is left of any connection: none open, no buffer in use, none waited for. */
export async function expectIdle(program: Program): Promise<void> {
  const isIdle = (c: Record<string, number>) => c.connections === 0 && c.buffersInUse + c.pipesInUse === 0;
  const counters = await program.countersWhen(isIdle, IDLE_MS_MAX);
  if (counters.bufferWaiters !== 0) throw new Error(`Buffers are waited for: ${JSON.stringify(counters)}`);
}

/** A folder of its own, removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "hadro-test-" });
  onTestFinished(() => Deno.remove(folder, { recursive: true }));
  return folder;
}
