/**
 * A connection before it has a session (HAProxy: embryonic session): what its handshakes need, and what becomes of one that fails.
 *
 *     accepted --proxy--> proxy_handshake.ts --tls--> tls_handshake.ts --> a session
 *
 * Until a session has taken it, it counts as a connection of its listener and as no request.
 *
 * May import: config, event, mux, proxy.
 *
 * @module
 */
import type { ListenerConfig } from "../config/model.ts";
import type { TlsFacts } from "../event/poller.ts";
import type { SocketEnd } from "../mux/socket_end.ts";
import type { EndContext } from "../mux/waiting_bytes.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { ConnectionCounts } from "./connection_counts.ts";
import type { FrontendCounters } from "./counters.ts";
import { noteConnections } from "./log_connections.ts";
import { EndPhase, type LogSink, newLogRecord, NO_TLS_FACTS } from "./log_record.ts";

/** What a handshake needs of the process. */
export interface EmbryonicContext extends EndContext {
  readonly log: LogSink;
  readonly connections: ConnectionCounts;
  /** What hadro ends when it stops. */
  readonly sessions: { add(handshake: Handshaking): void; delete(handshake: Handshaking): void };
}

/** A handshake under way, as who stops hadro sees it. */
export interface Handshaking {
  drain(): void;
  kill(): void;
  onMarkedDown(): void;
}

/** The listener that it belongs to. */
export interface EmbryonicOwner {
  readonly config: ListenerConfig;
  readonly counters: FrontendCounters;
  readonly ioClass: number;
  readonly connectionCount: number;
  /** It failed, and the socket is closed. */
  onHandshakeFailed(): void;
}

/** What a session begins with, behind its handshakes. */
export interface Embryonic {
  /** The socket, and what was received and waits for the session. */
  readonly end: SocketEnd;
  readonly acceptedMs: number;
  readonly acceptedWallMs: number;
  /** Th of the log: from accept to the end of its handshakes, so far. */
  readonly handshakeMs: number;
  /** null: it is not encrypted. */
  readonly tls: TlsFacts | null;
}

/** The line of a connection that ended in its handshakes, for this reason: values of EndCause. */
export function logEmbryonic(
  context: EmbryonicContext,
  listener: EmbryonicOwner,
  connection: Embryonic,
  client: ClientIdentity,
  end: { readonly cause: number; readonly why: string },
): void {
  if (!context.log.enabled) return;
  const record = newLogRecord(0);
  record.scheme = listener.config.scheme;
  if (listener.config.tls !== null) record.tls = connection.tls ?? NO_TLS_FACTS;
  record.clientAddress = client.address;
  record.clientPort = client.port;
  record.acceptWallMs = record.requestWallMs = connection.acceptedWallMs;
  record.frontendName = listener.config.name;
  record.handshakeMs = record.totalMs = connection.handshakeMs;
  record.bytesIn = connection.end.receivedBytes;
  record.endCause = end.cause;
  record.endPhase = EndPhase.REQUEST;
  record.why = end.why;
  noteConnections(record, context.connections, listener, null, null);
  context.log.logStream(record);
}
