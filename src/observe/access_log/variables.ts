/**
 * HAProxy's log variables (manual 8.2.6): each name, what it means, and how it is written.
 *
 *     kind       +Q                      absent        +X
 *     words      between quotes          - or nothing  addresses: two digits a byte
 *     numbers    as without              -1, or -      ports, %Ts, %rt, %pid: four digits at least
 *     dates      as without                            as without
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import { addressBytes } from "../../base/ip_address.ts";
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
  /** Where the line was when a separator was written: two in a row are one. */
  separatorEnd: number;
}

/** Writes one variable. */
export type VariableWriter = (out: ByteWriter, record: LogRecord, state: LogState) => void;

interface Variable {
  readonly text: string;
  readonly write: VariableWriter;
  /** Stands outside quotes for a text that is absent; null: a number or a date, which is never quoted. */
  readonly absent: Uint8Array | null;
  /** What +X makes of it; null when it changes nothing. */
  readonly writeHex: VariableWriter | null;
}

const BAD_REQUEST = ascii("<BADREQ>");
const DASH = ascii("-");
const NOTHING = ascii("");
const QUESTION = 0x3f;
const HOSTNAME = ascii(Deno.hostname());

const plain = (text: string, write: VariableWriter): Variable => ({
  text,
  write,
  absent: null,
  writeHex: null,
});

const number = (text: string, read: (record: LogRecord) => number): Variable =>
  plain(text, (out, record) => out.int(read(record)));

const hexNumber = (text: string, read: (record: LogRecord, state: LogState) => number): Variable => ({
  ...plain(text, (out, record, state) => out.int(read(record, state))),
  writeHex: (out, record, state) => out.text(hexText(read(record, state), 4)),
});

const words = (text: string, read: (record: LogRecord) => string): Variable => ({
  ...plain(text, (out, record) => out.text(read(record))),
  absent: DASH,
});

const address = (text: string, read: (record: LogRecord) => string): Variable => ({
  ...words(text, read),
  writeHex: (out, record) => {
    const bytes = addressBytes(read(record));
    out.text(bytes === null ? read(record) : bytes.map((byte) => hexText(byte, 2)).join(""));
  },
});

const captured = (text: string, read: (record: LogRecord) => CaptureRange): Variable => ({
  ...plain(text, (out, record) => {
    const range = read(record);
    if (range.length === 0) out.literal(BAD_REQUEST);
    else writeHashed(out, record.capture, range.offset, range.length);
  }),
  absent: NOTHING,
});

const targetPart = (text: string, wantsQuery: boolean): Variable => ({
  ...plain(text, (out, record) => {
    if (record.target.length === 0) out.literal(BAD_REQUEST);
    else writeTargetPart(out, record, wantsQuery);
  }),
  absent: NOTHING,
});

const none = (text: string): Variable => ({ ...plain(text, () => {}), absent: DASH });

/** The port behind the last colon; "-" when there is none. */
function serverPort(record: LogRecord, base: 10 | 16): string {
  const text = /:(\d+)$/.exec(record.serverAddress)?.[1];
  if (text === undefined) return "-";
  return base === 16 ? hexText(Number(text), 4) : text;
}

function hexText(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

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
  ci: address("client address", (r) => r.clientAddress),
  cp: hexNumber("client port", (r) => r.clientPort),
  t: plain("accept date", (out, r, s) => s.time.haproxy(out, r.acceptWallMs)),
  tr: plain("request date", (out, r, s) => s.time.haproxy(out, r.requestWallMs)),
  trg: plain("request date, UTC, with offset", (out, r, s) => s.time.utcClf(out, r.requestWallMs)),
  trl: plain("request date with offset", (out, r, s) => s.time.clf(out, r.requestWallMs)),
  T: plain("accept date, UTC, with offset", (out, r, s) => s.time.utcClf(out, r.acceptWallMs)),
  Tl: plain("accept date with offset", (out, r, s) => s.time.clf(out, r.acceptWallMs)),
  Ts: hexNumber("accept date, seconds since 1970", (r) => Math.floor(r.acceptWallMs / 1_000)),
  ms: plain(
    "milliseconds of the accept date",
    (out, r) => out.padded(Math.floor(r.acceptWallMs) % 1_000, 3),
  ),
  ft: words(
    "frontend, with ~ behind it where it is encrypted",
    (r) => r.tls === null ? r.frontendName : `${r.frontendName}~`,
  ),
  f: words("frontend name", (r) => r.frontendName),
  b: words("backend name", (r) => r.backendName === "" ? r.frontendName : r.backendName),
  s: words("server name", (r) => r.serverName === "" ? "<NOSRV>" : r.serverName),
  si: address("server address", (r) => r.serverAddress.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")),
  sp: {
    ...plain("server port", (out, r) => out.text(serverPort(r, 10))),
    writeHex: (out, r) => out.text(serverPort(r, 16)),
  },
  sni: words("server name of the TLS client hello", (r) => r.serverNameIndication),
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
  CC: none("captured request cookie (none)"),
  CS: none("captured response cookie (none)"),
  ts: plain("termination state, 2 letters", (out, r) => writeState(out, r, 2)),
  tsc: plain("termination state, 4 letters", (out, r) => writeState(out, r, 4)),
  ac: number("connections of the process", (r) => r.processConns),
  fc: number("connections of the frontend", (r) => r.frontendConns),
  bc: number("connections of the backend", (r) => r.backendConns),
  sc: number("connections of the server", (r) => r.serverConns),
  rc: plain("retries, + when redispatched", (out, r) => {
    if (r.redispatched) out.byte(0x2b);
    out.int(r.retries);
  }),
  sq: number("server queue", (r) => r.serverQueue),
  bq: number("backend queue", (r) => r.backendQueue),
  r: captured("request line", (r) => r.requestLine),
  HM: captured("method", (r) => r.method),
  HU: captured("request target", (r) => r.target),
  HP: targetPart("path", false),
  HQ: targetPart("query, with its question mark", true),
  HV: captured("HTTP version", (r) => r.version),
  hr: plain("captured request headers (none)", () => {}),
  hs: plain("captured response headers (none)", () => {}),
  ID: {
    ...plain("unique id", (out, r) => out.raw(r.capture, r.uniqueId.offset, r.uniqueId.length)),
    absent: DASH,
  },
  sslv: words("TLS version of the client", (r) => r.tls?.version ?? ""),
  sslc: words("its cipher", (r) => r.tls?.cipher ?? ""),
  "[ssl_fc_sni]": words("name that the client asked for (SNI)", (r) => r.tls?.serverName ?? ""),
  "[ssl_fc_alpn]": words("protocol chosen by ALPN", (r) => r.tls?.protocol ?? ""),
  "[ssl_fc_is_resumed]": number("1 for a TLS session that went on, else 0", (r) => r.tls?.isResumed ? 1 : 0),
  "[ssl_c_s_dn]": words("subject of the client's certificate", (r) => r.tls?.peerSubject ?? ""),
  lc: plain("log line counter", (out, _r, s) => out.int(s.lineCount)),
  rt: hexNumber("request counter", (_r, s) => s.requestCount),
  pid: hexNumber("process id", () => Deno.pid),
  H: { ...plain("host name", (out) => out.literal(HOSTNAME)), absent: NOTHING },
};

/** Cause and phase, and what was seen and given of the backend's cookie. */
function writeState(out: ByteWriter, record: LogRecord, letters: 2 | 4): void {
  out.byte(record.endCause);
  out.byte(record.endPhase);
  if (letters === 2) return;
  out.byte(record.requestCookie);
  out.byte(record.responseCookie);
}
