/**
 * A small request every 50 milliseconds, each on a connection of its own, and how long each takes.
 *
 * The next one begins whether the last one has ended or not: a proxy that stalls is asked meanwhile, as by real clients.
 *
 * @module
 */
import { HttpClient } from "./http_client.ts";
import { percentile } from "./soak_case.ts";

const EVERY_MS = 50;
const ANSWER_MS_MAX = 10_000;

/** See the module's text. */
export class Trickle implements AsyncDisposable {
  sentCount = 0;
  okCount = 0;
  readonly failures: string[] = [];
  readonly #port: number;
  readonly #latencyMs: number[] = [];
  readonly #lagMs: number[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #timer: ReturnType<typeof setInterval>;
  #dueMs = performance.now() + EVERY_MS;

  constructor(port: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
  }

  /** Sends no more, and waits for what is on its way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  latencyMs(share: number): number {
    return percentile(this.#latencyMs, share);
  }

  latencies(): string {
    return [0.5, 0.99, 1].map((share) => `${this.latencyMs(share).toFixed(1)} ms`).join(", ");
  }

  /** By how much this process itself was late: with both on one machine it is part of every latency. */
  lags(): string {
    return [0.99, 1].map((share) => `${percentile(this.#lagMs, share).toFixed(1)} ms`).join(", ");
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#lagMs.push(Math.max(0, nowMs - this.#dueMs));
    this.#dueMs = nowMs + EVERY_MS;
    this.sentCount++;
    const request = this.#request(nowMs).catch((error) => {
      this.failures.push(error instanceof Error ? error.message : String(error));
    });
    this.#running.add(request);
    void request.then(() => this.#running.delete(request));
  }

  async #request(beganMs: number): Promise<void> {
    const client = await HttpClient.connect(this.#port);
    const timer = setTimeout(() => client.close(), ANSWER_MS_MAX);
    try {
      const { status } = await client.get("/");
      if (status !== 200) throw new Error(`answered with ${status}`);
      this.okCount++;
      this.#latencyMs.push(performance.now() - beganMs);
    } finally {
      clearTimeout(timer);
      client.close();
    }
  }
}
