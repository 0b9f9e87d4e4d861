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
export const ALWAYS: Span = [0, Infinity];

/** From and to, by performance.now(). */
export type Span = readonly [number, number];

/** See the module's text. */
export class Trickle implements AsyncDisposable {
  sentCount = 0;
  okCount = 0;
  readonly failures: string[] = [];
  readonly #port: number;
  readonly #answers: { readonly beganMs: number; readonly ms: number }[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #timer: ReturnType<typeof setInterval>;

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

  /** Of requests that were sent while performance.now() was within `span`. */
  latencyMs(share: number, span: Span): number {
    const [from, to] = span;
    const within = this.#answers.filter(({ beganMs }) => beganMs >= from && beganMs < to);
    return percentile(within.map(({ ms }) => ms), share);
  }

  latencies(span: Span): string {
    return [0.5, 0.99, 1].map((share) => `${this.latencyMs(share, span).toFixed(1)} ms`).join(", ");
  }

  #tick(): void {
    const nowMs = performance.now();
    this.sentCount++;
    const request = this.#request(nowMs).catch((error) => {
      this.failures.push(error instanceof Error ? error.message : String(error));
    });
    this.#running.add(request);
    void request.then(() => this.#running.delete(request));
  }

  async #request(beganMs: number): Promise<void> {
    const client = await HttpClient.connect(this.#port);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      client.close();
    }, ANSWER_MS_MAX);
    try {
      const { status } = await client.get("/").catch((error) => {
        throw isLate ? new Error(`no answer in ${ANSWER_MS_MAX / 1_000} s`) : error;
      });
      if (status !== 200) throw new Error(`answered with ${status}`);
      this.okCount++;
      this.#answers.push({ beganMs, ms: performance.now() - beganMs });
    } finally {
      clearTimeout(timer);
      client.close();
    }
  }
}
