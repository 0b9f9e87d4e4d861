/**
 * What the access log is told about one stream: filled by the stream while it lives, read once when it ends.
 *
 * The record is owned and reused by its stream; a sink must copy what it keeps. Texts of the traffic are bytes in
 * `capture` (raw, as received, any value from 0 to 255): no string is made on the data path. Times are milliseconds of the monotonic clock,
 * -1 for a phase that was not reached; timers follow HAProxy's manual, sections 8.4 and 8.5.
 *
 *     accept      first byte     head complete   chosen   connected   response head      last byte
 *       |--- Th ---|--- Ti ---|------ TR ------|-- Tw --|--- Tc ---|------ Tr ------|------ Td ------|
 *                             |------------------------------ Ta -------------------------------------|
 *
 * May import: base, config, event.
 *
 * @module
 */
import type { TlsFacts } from "../event/poller.ts";

/** First letter of the termination state: who ended the stream (HAProxy manual 8.5). */
export const EndCause = {
  NONE: 0x2d, // -
  CLIENT: 0x43, // C
  SERVER: 0x53, // S
  PROXY: 0x50, // P
  RESOURCE: 0x52, // R
  INTERNAL: 0x49, // I
  LOCAL: 0x4c, // L
  DOWN: 0x44, // D
  KILLED: 0x4b, // K
  CLIENT_TIMEOUT: 0x63, // c
  SERVER_TIMEOUT: 0x73, // s
} as const;

/** Second letter: in which phase. */
export const EndPhase = {
  NONE: 0x2d, // -
  REQUEST: 0x52, // R
  QUEUE: 0x51, // Q
  CONNECT: 0x43, // C
  HEADERS: 0x48, // H
  DATA: 0x44, // D
  LAST: 0x4c, // L
  TARPIT: 0x54, // T
} as const;

/** Third letter, where the backend has a cookie: what the client came with (HAProxy manual 8.5). */
export const CookieSeen = {
  OFF: 0x2d, // -
  NONE: 0x4e, // N
  INVALID: 0x49, // I
  DOWN: 0x44, // D
  VALID: 0x56, // V
  EXPIRED: 0x45, // E
  OLD: 0x4f, // O
  UNUSED: 0x55, // U
} as const;

/** Fourth letter, where the backend has a cookie: what was done with it in the answer. */
export const CookieGiven = {
  OFF: 0x2d, // -
  NONE: 0x4e, // N
  INSERTED: 0x49, // I
  UPDATED: 0x55, // U
  PASSED: 0x50, // P
  REWRITTEN: 0x52, // R
  DELETED: 0x44, // D
} as const;
/** Of a connection whose handshake failed. */
export const NO_TLS_FACTS: TlsFacts = {
  version: "",
  cipher: "",
  protocol: "",
  serverName: "",
  isResumed: false,
  peerSubject: "",
  peerName: "",
};

/** A part of {@linkcode LogRecord.capture}: `length` 0 means absent. */
export interface CaptureRange {
  offset: number;
  length: number;
}

/** The mutable record; every field has its neutral value after {@linkcode resetLogRecord}. */
export interface LogRecord {
  /** "http" has request fields; "tcp" and "sni" have not. */
  scheme: "http" | "tcp" | "sni";
  /** What the client's TLS connection is; null: it is not encrypted here. */
  tls: TlsFacts | null;
  /** Client address as text ("10.1.2.3", "::1"; "unix:1" for unix clients) and port (0 for unix). */
  clientAddress: string;
  clientPort: number;
  /** Wall clock, ms since 1970: when the connection was accepted, and when the request's first byte came. */
  acceptWallMs: number;
  requestWallMs: number;
  frontendName: string;
  backendName: string;
  /** "" when no server was reached: `<NOSRV>` in HAProxy's formats. */
  serverName: string;
  /** Address and port of the server as text, "" when none. */
  serverAddress: string;
  /** What the client hello says (`sni` listeners), in lower case; "" nothing. */
  serverNameIndication: string;
  /** Th: handshake before the first request (0 after it). */
  handshakeMs: number;
  /** Ti: idle before the first byte. */
  idleMs: number;
  /** TR, Tw, Tc, Tr, Td, Ta, Tt. */
  requestMs: number;
  queueMs: number;
  connectMs: number;
  responseMs: number;
  dataMs: number;
  activeMs: number;
  totalMs: number;
  /** Response status; -1 none sent. */
  status: number;
  /** Bytes from server to client (%B), headers included, and from client to server (%U). */
  bytesOut: number;
  bytesIn: number;
  /** Of the bytes to the client: heads of responses, interim ones included. */
  headBytesOut: number;
  /** The content coding that hadro applied, and the body's bytes before it; "" when the response passed as it was. */
  encoding: string;
  uncompressedBytes: number;
  retries: number;
  /** The request was sent to another server than first chosen. */
  redispatched: boolean;
  /** Values of {@linkcode EndCause} and {@linkcode EndPhase}. */
  endCause: number;
  endPhase: number;
  /** Values of {@linkcode CookieSeen} and {@linkcode CookieGiven}. */
  requestCookie: number;
  responseCookie: number;
  /** Connections at the end: process, frontend, backend, server. */
  processConns: number;
  frontendConns: number;
  backendConns: number;
  serverConns: number;
  serverQueue: number;
  backendQueue: number;
  /** Why it failed, in words with the facts ("10.0.0.1:9000 refused the connection (ECONNREFUSED)"); "" on success. */
  why: string;
  /** Raw bytes of the texts below; holds at most 1,024 of the request line and 256 of each header. */
  capture: Uint8Array;
  /** The whole request line as received, without its line end (cut to the limit), and parts of it. */
  requestLine: CaptureRange;
  method: CaptureRange;
  target: CaptureRange;
  version: CaptureRange;
  host: CaptureRange;
  referer: CaptureRange;
  userAgent: CaptureRange;
  /** The request's id; absent without `--unique-id`. */
  uniqueId: CaptureRange;
}

/** Takes finished streams. Implemented by `observe/`; called once per stream, never keeps the record. */
export interface LogSink {
  /** False when the format is "off": streams then capture nothing. */
  readonly enabled: boolean;
  logStream(record: LogRecord): void;
}

/** Returns a record with neutral values and its own capture memory. */
export function newLogRecord(captureSizeBytes: number): LogRecord {
  const record = { capture: new Uint8Array(captureSizeBytes) } as LogRecord;
  record.requestLine = { offset: 0, length: 0 };
  record.method = { offset: 0, length: 0 };
  record.target = { offset: 0, length: 0 };
  record.version = { offset: 0, length: 0 };
  record.host = { offset: 0, length: 0 };
  record.referer = { offset: 0, length: 0 };
  record.userAgent = { offset: 0, length: 0 };
  record.uniqueId = { offset: 0, length: 0 };
  resetLogRecord(record);
  return record;
}

/** Puts every field back to its neutral value; keeps `capture`'s memory. */
export function resetLogRecord(record: LogRecord): void {
  record.scheme = "http";
  record.tls = null;
  record.clientAddress =
    record.frontendName =
    record.backendName =
    record.serverName =
      "";
  record.serverAddress =
    record.serverNameIndication =
    record.why =
    record.encoding =
      "";
  record.uncompressedBytes = 0;
  record.clientPort = record.acceptWallMs = record.requestWallMs = 0;
  record.handshakeMs = record.idleMs = 0;
  record.requestMs =
    record.queueMs =
    record.connectMs =
    record.responseMs =
    record.dataMs =
      -1;
  record.activeMs = record.totalMs = 0;
  record.status = -1;
  record.bytesOut =
    record.bytesIn =
    record.headBytesOut =
    record.retries =
      0;
  record.redispatched = false;
  record.endCause = EndCause.NONE;
  record.endPhase = EndPhase.NONE;
  record.requestCookie = CookieSeen.OFF;
  record.responseCookie = CookieGiven.OFF;
  record.processConns =
    record.frontendConns =
    record.backendConns =
    record.serverConns =
      0;
  record.serverQueue = record.backendQueue = 0;
  record.requestLine.length =
    record.method.length =
    record.target.length =
    record.version.length =
      0;
  record.host.length =
    record.referer.length =
    record.userAgent.length =
    record.uniqueId.length =
      0;
}
