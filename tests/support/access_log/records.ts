/**
 * Log records as a stream would fill them, and the line that a format makes of one.
 *
 * @module
 */
import { ByteWriter } from "../../../src/base/byte_writer.ts";
import type { LogFormat } from "../../../src/observe/access_log/format.ts";
import { LINE_BYTES_MAX } from "../../../src/observe/access_log/log_writer.ts";
import { EndCause, EndPhase, type LogRecord, newLogRecord } from "../../../src/proxy/log_record.ts";

/** What clients wrote: strings are taken as one byte per letter. */
export interface Texts {
  readonly requestLine?: string | Uint8Array;
  readonly host?: string | Uint8Array;
  readonly referer?: string | Uint8Array;
  readonly userAgent?: string | Uint8Array;
}

const CAPTURE_BYTES = 1_024 + 3 * 256;
/** 2026-11-23 02:45:41.123 UTC. */
export const WALL_MS = Date.UTC(2026, 10, 23, 2, 45, 41, 123);

/** A request that ended well; `changes` and `texts` replace what they name. */
export function httpRecord(changes: Partial<LogRecord> = {}, texts: Texts = {}): LogRecord {
  const record = newLogRecord(CAPTURE_BYTES);
  Object.assign(record, {
    clientAddress: "10.0.1.2",
    clientPort: 33317,
    acceptWallMs: WALL_MS - 10_000,
    requestWallMs: WALL_MS,
    frontendName: "http-in",
    backendName: "static",
    serverName: "srv1",
    serverAddress: "10.0.0.1:9000",
    idleMs: 5,
    requestMs: 10,
    queueMs: 0,
    connectMs: 30,
    responseMs: 69,
    dataMs: 0,
    activeMs: 109,
    totalMs: 114,
    status: 200,
    bytesOut: 2750,
    bytesIn: 301,
    processConns: 4,
    frontendConns: 3,
    backendConns: 2,
    serverConns: 1,
  }, changes);
  captureTexts(record, { requestLine: "GET /index.html HTTP/1.1", host: "app.test", ...texts });
  return record;
}

/** A request that could not be parsed: nothing of it is captured. */
export function badRequestRecord(changes: Partial<LogRecord> = {}): LogRecord {
  return httpRecord({
    backendName: "",
    serverName: "",
    serverAddress: "",
    requestMs: -1,
    queueMs: -1,
    connectMs: -1,
    responseMs: -1,
    dataMs: -1,
    status: 400,
    endCause: EndCause.PROXY,
    endPhase: EndPhase.REQUEST,
    why: "the request line is no request line",
    ...changes,
  }, { requestLine: "", host: "" });
}

/** A connection that was relayed and ended well. */
export function tcpRecord(changes: Partial<LogRecord> = {}): LogRecord {
  return httpRecord({
    scheme: "tcp",
    acceptWallMs: WALL_MS,
    clientPort: 33313,
    frontendName: "fnt",
    backendName: "bck",
    idleMs: 0,
    requestMs: -1,
    responseMs: -1,
    dataMs: -1,
    connectMs: 0,
    activeMs: 5007,
    totalMs: 5007,
    bytesOut: 212,
    status: -1,
    ...changes,
  }, { requestLine: "", host: "" });
}

/** The line that `format` writes, as text of one letter per byte. */
export function lineOf(format: LogFormat, record: LogRecord): string {
  const out = new ByteWriter(LINE_BYTES_MAX);
  format.write(out, record);
  return textOf(out);
}

/** The line that says how many lines were dropped. */
export function droppedLineOf(format: LogFormat, lines: number): string {
  const out = new ByteWriter(LINE_BYTES_MAX);
  format.writeDropped(out, lines);
  return textOf(out);
}

/** What was written, decoded as UTF-8. */
export function textOf(out: ByteWriter): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(out.bytes.subarray(0, out.length));
}

/** Runs `check` as if this machine were in `zone`. */
export function inTimeZone<T>(zone: string, check: () => T): T {
  const before = Deno.env.get("TZ");
  Deno.env.set("TZ", zone);
  try {
    return check();
  } finally {
    if (before === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", before);
  }
}

function captureTexts(record: LogRecord, texts: Texts): void {
  let at = 0;
  const put = (range: { offset: number; length: number }, text: string | Uint8Array | undefined) => {
    const bytes = typeof text === "string" ? latin1(text) : text ?? new Uint8Array(0);
    record.capture.set(bytes, at);
    range.offset = at;
    range.length = bytes.length;
    at += bytes.length;
  };
  put(record.requestLine, texts.requestLine);
  const line = record.capture.subarray(0, at);
  const methodEnd = line.indexOf(0x20);
  const targetEnd = line.lastIndexOf(0x20);
  if (methodEnd >= 0) {
    record.method = { offset: 0, length: methodEnd };
    record.target = { offset: methodEnd + 1, length: targetEnd - methodEnd - 1 };
    record.version = { offset: targetEnd + 1, length: at - targetEnd - 1 };
  }
  put(record.host, texts.host);
  put(record.referer, texts.referer);
  put(record.userAgent, texts.userAgent);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
