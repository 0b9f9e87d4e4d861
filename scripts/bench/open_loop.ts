/**
 * Load at a fixed rate, whatever the answers do: the open loop that wrk is not.
 *
 * A request has a moment at which it should be sent, and its latency is counted from then. When all connections wait for answers it
 * queues here, and its wait counts: what a stall did to those who came meanwhile is in the percentiles.
 *
 * @module
 */
import { KeepaliveClient } from "./keepalive_client.ts";

const LAST_ANSWER_MS_MAX = 2_000;

export interface OpenLoopPlan {
  readonly port: number;
  readonly connections: number;
  readonly requestsPerS: number;
  readonly seconds: number;
}

export interface OpenLoopResult {
  /** From the due moments; of those without an answer, the time waited for it. */
  readonly latenciesMs: readonly number[];
  /** Between the due moments and those at which the generator looked at them: its own part of the latencies. */
  readonly latenessMs: readonly number[];
  readonly unanswered: number;
  /** The first failures, in words. */
  readonly faults: readonly string[];
}

/** Something that answers one request at a time. */
export interface Asked {
  get(): Promise<void>;
}

/** Gives requests to those who are free, in turn; the rest wait in order. */
export class Dispatcher {
  readonly #free: Asked[];
  readonly #waiting: number[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #faults: string[] = [];
  readonly #now: () => number;
  #running = new Set<number>();

  constructor(clients: readonly Asked[], now: () => number) {
    this.#free = [...clients];
    this.#now = now;
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0;
  }

  /** A request that should go out at this moment. */
  submit(dueMs: number): void {
    const client = this.#free.shift();
    if (client === undefined) this.#waiting.push(dueMs);
    else void this.#run(client, dueMs);
  }

  /** What was seen so far; those without an answer count with the time they have waited. */
  results(): { latenciesMs: number[]; unanswered: number; faults: string[] } {
    const nowMs = this.#now();
    const open = [...this.#running, ...this.#waiting].map((dueMs) => nowMs - dueMs);
    return {
      latenciesMs: [...this.#latenciesMs, ...open],
      unanswered: open.length,
      faults: [...new Set(this.#faults)].slice(0, 3),
    };
  }

  async #run(client: Asked, firstDueMs: number): Promise<void> {
    let dueMs: number | undefined = firstDueMs;
    while (dueMs !== undefined) {
      this.#running.add(dueMs);
      try {
        await client.get();
        this.#running.delete(dueMs);
        this.#latenciesMs.push(this.#now() - dueMs);
      } catch (error) {
        // The connection is lost, its request stays among the unanswered.
        this.#faults.push(error instanceof Error ? error.message : String(error));
        return;
      }
      dueMs = this.#waiting.shift();
    }
    this.#free.push(client);
  }
}

/** @throws when the connections cannot be opened, or the run is called off. */
export async function runOpenLoop(plan: OpenLoopPlan, signal: AbortSignal): Promise<OpenLoopResult> {
  const clients: KeepaliveClient[] = [];
  const timer = new FineTimer();
  try {
    for (let i = 0; i < plan.connections; i++) clients.push(await KeepaliveClient.open(plan.port));
    const dispatcher = new Dispatcher(clients, () => performance.now());
    const latenessMs: number[] = [];
    const count = plan.requestsPerS * plan.seconds;
    const beginMs = performance.now() + 10;
    for (let i = 0; i < count; i++) {
      signal.throwIfAborted();
      const dueMs = beginMs + i * 1_000 / plan.requestsPerS;
      if (dueMs > performance.now()) await timer.sleepUntil(dueMs);
      latenessMs.push(performance.now() - dueMs);
      dispatcher.submit(dueMs);
    }
    const limitMs = performance.now() + LAST_ANSWER_MS_MAX;
    while (!dispatcher.isIdle && performance.now() < limitMs) await timer.sleepUntil(performance.now() + 5);
    return { ...dispatcher.results(), latenessMs };
  } finally {
    for (const client of clients) client.close();
    timer.close();
  }
}

/** Deno's timers are late by one to two milliseconds; usleep of libc on another thread by a tenth. */
class FineTimer {
  readonly #library = openUsleep();

  async sleepUntil(ms: number): Promise<void> {
    const remainingMs = ms - performance.now();
    if (remainingMs <= 0) return;
    if (this.#library !== null) await this.#library.symbols.usleep(Math.floor(remainingMs * 1_000));
    else await new Promise((resolve) => setTimeout(resolve, remainingMs));
  }

  close(): void {
    this.#library?.close();
  }
}

function openUsleep() {
  try {
    return Deno.dlopen("libc.so.6", { usleep: { parameters: ["u32"], result: "i32", nonblocking: true } });
  } catch {
    // A system with another libc: the generator's lateness shows it.
    return null;
  }
}
