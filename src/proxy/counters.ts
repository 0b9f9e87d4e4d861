/**
 * What the proxy counts: whoever shows it reads these objects, nothing is pushed.
 *
 * May import: nothing.
 *
 * @module
 */

/** Of a frontend (listener). */
export interface FrontendCounters {
  connections: number;
  requests: number;
  requestErrors: number;
  refusedMethods: number;
  /** Refused by a limit or rule: reset as soon as accepted (HAProxy's dcon); answered with 401, 403, 408, 413, 429 or 431. */
  deniedConnections: number;
  deniedRequests: number;
  /** Connections that ended in their handshake. */
  handshakeErrors: number;
  /** Connections that ended before a TLS client hello said where they belong. */
  helloErrors: number;
  /** TLS handshakes that were completed; of them those that went on with a session. */
  tlsHandshakes: number;
  tlsResumed: number;
}

/** Of a server. */
export interface ServerCounters {
  connects: number;
  connectErrors: number;
  reuses: number;
  streams: number;
  retries: number;
  redispatches: number;
  responseErrors: number;
  idleClosed: number;
  /** By this thread; void ones too. */
  checks: number;
  checksFailed: number;
  marksDown: number;
  ejections: number;
}

export function newFrontendCounters(): FrontendCounters {
  return {
    connections: 0,
    requests: 0,
    requestErrors: 0,
    refusedMethods: 0,
    deniedConnections: 0,
    deniedRequests: 0,
    handshakeErrors: 0,
    helloErrors: 0,
    tlsHandshakes: 0,
    tlsResumed: 0,
  };
}

export function newServerCounters(): ServerCounters {
  return {
    connects: 0,
    connectErrors: 0,
    reuses: 0,
    streams: 0,
    retries: 0,
    redispatches: 0,
    responseErrors: 0,
    idleClosed: 0,
    checks: 0,
    checksFailed: 0,
    marksDown: 0,
    ejections: 0,
  };
}
