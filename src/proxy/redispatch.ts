/**
 * Which of a dispatch's retries may go to another server (HAProxy: `option redispatch`).
 *
 *     the stream                                      a retry goes to another server
 *     force-persist, or redispatch off                never: the same server is tried again after the pause
 *     nobody wants it at this server                  at once
 *     a cookie, a table or a hash wants it there      each n-th, or the n-th before the one after the last, as redispatch says
 *
 * May import: proxy.
 *
 * @module
 */
import { NO_KEY } from "./balance/hash_key.ts";
import type { Backend } from "./backend.ts";
import type { Server } from "./server.ts";

/** See the module's text. Reused, stream after stream. */
export class Redispatch {
  /** The server that persistence wants; null: none. */
  direct: Server | null = null;
  /** No other one will do. */
  isForced = false;
  /** To be tried once more after the pause. */
  #again: Server | null = null;

  begin(direct: Server | null, isForced: boolean): void {
    this.direct = direct;
    this.isForced = isForced && direct !== null;
    this.#again = null;
  }

  /** Whether retry number `retry` of a stream with this key may leave the server that failed; else it is tried again. */
  leaves(server: Server, backend: Backend, retry: number, key: number): boolean {
    const mayLeave = this.#mayLeave(server, backend, retry, key);
    if (!mayLeave) this.#again = server;
    return mayLeave;
  }

  /** The server to be tried again, once, if it still has an address; null: any. */
  takeAgain(): Server | null {
    const again = this.#again;
    this.#again = null;
    return again !== null && again.addressCount > 0 ? again : null;
  }

  #mayLeave(
    server: Server,
    { config: { redispatch, retries } }: Backend,
    retry: number,
    key: number,
  ): boolean {
    if (redispatch === 0 || this.isForced) return false;
    if (server !== this.direct && key === NO_KEY) return true;
    return retry % (redispatch > 0 ? redispatch : retries + 1 + redispatch) === 0;
  }
}
