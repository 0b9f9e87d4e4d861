/**
 * For whom an HTTP stream is: the client's connection, or the one of its streams that the request came on.
 *
 * May import: event, mux, proxy.
 *
 * @module
 */
import type { Front } from "../mux/front.ts";
import type { H1Back } from "../mux/h1_back.ts";
import type { TlsFacts } from "../event/poller.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { Listener } from "./listener.ts";
import type { Server } from "./server.ts";

/** See the module's text. */
export interface StreamSession {
  readonly listener: Listener;
  readonly front: Front;
  readonly client: ClientIdentity;
  readonly acceptedWallMs: number;
  /** From accept to the end of its handshake: 0 without one. */
  readonly handshakeMs: number;
  /** null: the connection is not encrypted. */
  readonly tls: TlsFacts | null;
  /** Since when the client has been idle: accept, the end of the handshake, or that of the last response. */
  readonly idleSinceMs: number;
  /** Requests of the connection before this one. */
  readonly requestCount: number;
  setClientDeadline(deadlineMs: number): void;
  setServerDeadline(deadlineMs: number): void;
  /** An idle connection to `server` that the request at hand, for `authority`, may use; null when there is none. */
  takeIdle(server: Server, authority: string): H1Back | null;
  /** Keeps a connection for a later request, of any session or of this one; returns false when the caller must close it. */
  putIdle(back: H1Back, server: Server): boolean;
  /** The stream is over and its answer went out: on to the next request, or to the end. */
  onStreamEnd(keepsAlive: boolean): void;
  /** The stream is over and what carried it with it. */
  onStreamAbort(isReset: boolean): void;
}
