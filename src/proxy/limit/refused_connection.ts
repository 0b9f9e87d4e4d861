/**
 * The log line of a connection that was reset as soon as it was accepted: `PR`, no server, no bytes, and why.
 *
 * May import: config, proxy.
 *
 * @module
 */
import type { ListenerConfig } from "../../config/model.ts";
import type { ClientIdentity } from "../client_identity.ts";
import { EndCause, EndPhase, type LogSink, newLogRecord, NO_TLS_FACTS } from "../log_record.ts";

export interface RefusedConnection {
  readonly listener: ListenerConfig;
  readonly client: ClientIdentity;
  readonly wallMs: number;
  readonly processConns: number;
  readonly frontendConns: number;
  readonly why: string;
}

/** See the module's text. */
export function logRefusedConnection(log: LogSink, refused: RefusedConnection): void {
  if (!log.enabled) return;
  const record = newLogRecord(0);
  record.scheme = refused.listener.scheme;
  if (refused.listener.tls !== null) record.tls = NO_TLS_FACTS;
  record.clientAddress = refused.client.address;
  record.clientPort = refused.client.port;
  record.acceptWallMs = record.requestWallMs = refused.wallMs;
  record.frontendName = refused.listener.name;
  record.endCause = EndCause.PROXY;
  record.endPhase = EndPhase.REQUEST;
  record.why = refused.why;
  record.processConns = refused.processConns;
  record.frontendConns = refused.frontendConns;
  log.logStream(record);
}
