/**
 * The streams of one backend's servers, counted over all threads: its part of {@linkcode ConnectionCounts}.
 *
 * May import: proxy.
 *
 * @module
 */
import { ConnectionCounts } from "./connection_counts.ts";

/** See the module's text. Servers have their index in the backend. */
export class BackendCounts {
  readonly #counts: ConnectionCounts;
  readonly #backend: number;
  readonly #firstServer: number;

  /** @param firstServer The number of its first server over all backends. */
  constructor(counts: ConnectionCounts, backend: number, firstServer: number) {
    this.#counts = counts;
    this.#backend = backend;
    this.#firstServer = firstServer;
  }

  /** Counts that nothing else is counted in. */
  static apart(serverCount: number): BackendCounts {
    const columns = { listenerCount: 0, serverCount, backendCount: 1 };
    return new BackendCounts(ConnectionCounts.ofOneThread(columns), 0, 0);
  }

  /** This thread, from 0. */
  get thread(): number {
    return this.#counts.row;
  }

  get threadCount(): number {
    return this.#counts.rowCount;
  }

  /** Streams on all of its servers. */
  get total(): number {
    return this.#counts.ofBackend(this.#backend);
  }

  ofServer(index: number): number {
    return this.#counts.ofServer(this.#firstServer + index);
  }

  /** Takes a place on a server if it has fewer than `limit` streams; it is nobody's until {@linkcode BackendCounts.adopt}. */
  tryTake(index: number, limit: number): boolean {
    return this.#counts.tryTake(this.#firstServer + index, limit);
  }

  /** A stream of this thread has a place that was taken. */
  adopt(index: number): void {
    this.#counts.adopt(this.#firstServer + index, this.#backend);
  }

  /** Nobody wants a place that was taken. */
  giveBack(index: number): void {
    this.#counts.giveBack(this.#firstServer + index);
  }

  begin(index: number): void {
    this.#counts.changeServer(this.#firstServer + index, this.#backend, 1);
  }

  end(index: number): void {
    this.#counts.changeServer(this.#firstServer + index, this.#backend, -1);
  }
}
