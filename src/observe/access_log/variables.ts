/**
 * HAProxy's log variables (manual 8.2.6): each name, what it means, and how it is written.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import type { CaptureRange, LogRecord } from "../../proxy/log_record.ts";
import { writeHashed } from "./escape.ts";
import { ascii } from "./format.ts";
import type { LogTime } from "./log_time.ts";

/** What the writers need besides the record. */
export interface LogState {
  readonly time: LogTime;
  /** Lines written so far: %lc. */
  lineCount: number;
  /** Requests logged so far: %rt. */
  requestCount: number;
}

/** Writes one variable. */
export type VariableWriter = (out: ByteWriter, record: LogRecord, state: LogState) => void;

interface Variable {
  readonly text: string;
  readonly write: VariableWriter;
}

const NO_SERVER = ascii("<NOSRV>");
const BAD_REQUEST = ascii("<BADREQ>");
const DASH = 0x2d;
const QUESTION = 0x3f;
const HOSTNAME = ascii(Deno.hostname());

const number = (text: string, read: (record: LogRecord) => number): Variable => ({
  text,
  write: (out, record) => out.int(read(record)),
});

const words = (text: string, read: (record: LogRecord) => string): Variable => ({
  text,
  write: (out, record) => {
    const value = read(record);
    if (value === "") out.byte(DASH);
    else out.text(value);
  },
});

const captured = (text: string, read: (record: LogRecord) => CaptureRange): Variable => ({
  text,
  write: (out, record) => {
    const range = read(record);
    if (range.length === 0) out.literal(BAD_REQUEST);
    else writeHashed(out, record.capture, range.offset, range.length);
  },
});

/** The target up to, or from, its question mark. */
function writeTargetPart(out: ByteWriter, record: LogRecord, wantsQuery: boolean): void {
  const { offset, length } = record.target;
  let split = offset;
  while (split < offset + length && record.capture[split] !== QUESTION) split++;
  if (wantsQuery) writeHashed(out, record.capture, split, offset + length - split);
  else writeHashed(out, record.capture, offset, split - offset);
}

/** By name, without the percent sign. */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  ci: words("client address", (r) => r.clientAddress),
  cp: number("client port", (r) => r.clientPort),
  t: { text: "accept date", write: (out, r, s) => s.time.haproxy(out, r.acceptWallMs) },
  tr: { text: "request date", write: (out, r, s) => s.time.haproxy(out, r.requestWallMs) },
  trg: { text: "request date with offset", write: (out, r, s) => s.time.clf(out, r.requestWallMs) },
  T: { text: "accept date, ISO, UTC", write: (out, r, s) => s.time.iso(out, r.acceptWallMs) },
  Tl: { text: "accept date with offset", write: (out, r, s) => s.time.clf(out, r.acceptWallMs) },
  Ts: number("accept date, seconds since 1970", (r) => Math.floor(r.acceptWallMs / 1_000)),
  ms: {
    text: "milliseconds of the accept date",
    write: (out, r) => out.padded(Math.floor(r.acceptWallMs) % 1_000, 3),
  },
  ft: words("frontend name", (r) => r.frontendName),
  f: words("frontend name", (r) => r.frontendName),
  b: words("backend name", (r) => r.backendName === "" ? r.frontendName : r.backendName),
  s: {
    text: "server name",
    write: (out, r) => r.serverName === "" ? out.literal(NO_SERVER) : out.text(r.serverName),
  },
  si: words("server address", (r) => r.serverAddress.replace(/:\d+$/, "")),
  sp: words("server port", (r) => /:(\d+)$/.exec(r.serverAddress)?.[1] ?? ""),
  Th: number("handshake time, ms", (r) => r.handshakeMs),
  Ti: number("idle time before the request, ms", (r) => r.idleMs),
  TR: number("time to the full request head, ms", (r) => r.requestMs),
  Tq: number("Th + Ti + TR, ms", (r) => r.requestMs < 0 ? -1 : r.handshakeMs + r.idleMs + r.requestMs),
  Tw: number("queue time, ms", (r) => r.queueMs),
  Tc: number("connect time, ms", (r) => r.connectMs),
  Tr: number("time to the response head, ms", (r) => r.responseMs),
  Td: number("data time, ms", (r) => r.dataMs),
  Ta: number("active time, ms", (r) => r.activeMs),
  Tt: number("total time, ms", (r) => r.totalMs),
  Tu: number("total time as the user sees it, ms", (r) => r.totalMs - r.idleMs),
  ST: number("status", (r) => r.status),
  B: number("bytes to the client", (r) => r.bytesOut),
  U: number("bytes from the client", (r) => r.bytesIn),
  CC: { text: "captured request cookie (none)", write: (out) => out.byte(DASH) },
  CS: { text: "captured response cookie (none)", write: (out) => out.byte(DASH) },
  ts: { text: "termination state, 2 letters", write: (out, r) => writeState(out, r, 2) },
  tsc: { text: "termination state, 4 letters", write: (out, r) => writeState(out, r, 4) },
  ac: number("connections of the process", (r) => r.processConns),
  fc: number("connections of the frontend", (r) => r.frontendConns),
  bc: number("connections of the backend", (r) => r.backendConns),
  sc: number("connections of the server", (r) => r.serverConns),
  rc: {
    text: "retries, + when redispatched",
    write: (out, r) => {
      if (r.redispatched) out.byte(0x2b);
      out.int(r.retries);
    },
  },
  sq: number("server queue", (r) => r.serverQueue),
  bq: number("backend queue", (r) => r.backendQueue),
  r: captured("request line", (r) => r.requestLine),
  HM: captured("method", (r) => r.method),
  HU: captured("request target", (r) => r.target),
  HP: { text: "path", write: (out, r) => writeTargetPart(out, r, false) },
  HQ: { text: "query, with its question mark", write: (out, r) => writeTargetPart(out, r, true) },
  HV: captured("HTTP version", (r) => r.version),
  hr: { text: "captured request headers (none)", write: () => {} },
  hs: { text: "captured response headers (none)", write: () => {} },
  ID: { text: "unique id (none)", write: (out) => out.byte(DASH) },
  lc: { text: "log line counter", write: (out, _r, s) => out.int(s.lineCount) },
  rt: { text: "request counter", write: (out, _r, s) => out.int(s.requestCount) },
  pid: { text: "process id", write: (out) => out.int(Deno.pid) },
  H: { text: "host name", write: (out) => out.literal(HOSTNAME) },
};

/** Cause and phase; no cookies are followed, so the letters 3 and 4 are "-". */
function writeState(out: ByteWriter, record: LogRecord, letters: number): void {
  out.byte(record.endCause);
  out.byte(record.endPhase);
  for (let i = 2; i < letters; i++) out.byte(DASH);
}
