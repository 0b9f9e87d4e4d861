/**
 * The idle server connection that a session keeps for itself (HAProxy: http-reuse never; servers that get a PROXY protocol header).
 *
 *     response done --> put --> the session's next request goes to the same server --> take
 *                        |
 *                        +--> closed: the server ends it, pool-purge-delay, a request for another server or for another authority
 *                             than its header told, the server's addresses change, or the session ends
 *
 * It is one, so that a session never has more than two sockets. Its deadline is one of the session's task.
 *
 * May import: base, config, event, mux, proxy.
 *
 * @module
 */
import { NEVER_MS } from "../event/task.ts";
import type { H1Back, IdleOwner } from "../mux/h1_back.ts";
import type { ProxyContext } from "./proxy_context.ts";
import type { Server } from "./server.ts";

/** What is needed of it. */
type Context = Pick<ProxyContext, "engine" | "onServerConnectionClosed">;

/** See the module's text. */
export class OwnConnection implements IdleOwner {
  /** When it is to be closed. */
  deadlineMs = NEVER_MS;
  readonly #context: Context;
  #back: H1Back | null = null;
  #server: Server | null = null;
  #addressVersion = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Puts a connection to rest; returns false when none may be kept and the caller must close it. */
  put(back: H1Back, server: Server): boolean {
    const { purgeMs, maxConn } = server.idle.options;
    if (maxConn === 0) return false;
    this.close();
    this.#back = back;
    this.#server = server;
    this.#addressVersion = server.addressVersion;
    this.deadlineMs = this.#context.engine.nowMs + purgeMs;
    back.rest(this);
    return true;
  }

  /** Takes it for a request to `server`; null, and closed, when it is of no use there. */
  take(server: Server, authority = ""): H1Back | null {
    const back = this.#back;
    if (back === null) return null;
    const isUsable = this.#server === server && this.#addressVersion === server.addressVersion &&
      back.authority === authority &&
      this.#context.engine.poller.isIdleAlive(back.fd);
    if (isUsable) this.#forget();
    else this.close();
    return isUsable ? back : null;
  }

  onIdleEvent(): void {
    this.close();
  }

  /** Closes it, if there is one. */
  close(): void {
    if (this.#back === null) return;
    this.#server!.counters.idleClosed++;
    this.#back.closeSocket(false);
    this.#forget();
    this.#context.onServerConnectionClosed();
  }

  #forget(): void {
    this.#back = this.#server = null;
    this.deadlineMs = NEVER_MS;
  }
}
