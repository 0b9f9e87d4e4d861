/**
 * One JSON object a line, `"v":1`: every key of its scheme is always there, null where there is nothing to say; times in milliseconds with the unit
 * in the name. docs/reference/log-json.md describes each field.
 *
 * May import: base, event, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import type { TlsFacts } from "../../event/poller.ts";
import { type CaptureRange, CookieSeen, type LogRecord } from "../../proxy/log_record.ts";
import { writeJson } from "./escape.ts";
import { ascii, type LogFormat } from "./format.ts";
import { LogTime } from "./log_time.ts";

const KEY = {
  tlsVersion: ascii(',"tls_version":'),
  tlsCipher: ascii(',"tls_cipher":'),
  tlsName: ascii(',"tls_sni":'),
  tlsProtocol: ascii(',"tls_alpn":'),
  tlsResumed: ascii(',"tls_resumed":'),
  tlsClient: ascii(',"tls_client":'),
  time: ascii('{"v":1,"time":"'),
  scheme: ascii('","scheme":"'),
  client: ascii('","client":"'),
  clientPort: ascii('","client_port":'),
  frontend: ascii(',"frontend":'),
  backend: ascii(',"backend":'),
  server: ascii(',"server":'),
  serverAddress: ascii(',"server_addr":'),
  sni: ascii(',"sni":'),
  method: ascii(',"method":'),
  host: ascii(',"host":'),
  uri: ascii(',"uri":'),
  version: ascii(',"version":'),
  status: ascii(',"status":'),
  bytesOut: ascii(',"bytes_out":'),
  bytesIn: ascii(',"bytes_in":'),
  handshake: ascii(',"t_handshake_ms":'),
  idle: ascii(',"t_idle_ms":'),
  request: ascii(',"t_req_ms":'),
  queue: ascii(',"t_queue_ms":'),
  connect: ascii(',"t_conn_ms":'),
  response: ascii(',"t_resp_ms":'),
  data: ascii(',"t_data_ms":'),
  active: ascii(',"t_active_ms":'),
  total: ascii(',"t_total_ms":'),
  retries: ascii(',"retries":'),
  redispatched: ascii(',"redispatched":'),
  term: ascii(',"term":"'),
  termCookie: ascii(',"term_cookie":'),
  why: ascii(',"why":'),
  referer: ascii(',"referer":'),
  userAgent: ascii(',"user_agent":'),
  uniqueId: ascii(',"unique_id":'),
  encoding: ascii(',"encoding":'),
  uncompressed: ascii(',"bytes_uncompressed":'),
  processConns: ascii(',"conns_process":'),
  frontendConns: ascii(',"conns_frontend":'),
  backendConns: ascii(',"conns_backend":'),
  serverConns: ascii(',"conns_server":'),
  serverQueue: ascii(',"queue_server":'),
  backendQueue: ascii(',"queue_backend":'),
} as const;
const NULL = ascii("null");
const TRUE = ascii("true");
const FALSE = ascii("false");
const DROPPED = ascii('{"v":1,"event":"log_dropped","lines":');
const QUOTE = 0x22;
const TEXT_CHARS_MAX = 512;
const CLOSE = 0x7d;

/** See the module's text. */
export class FormatJson implements LogFormat {
  readonly #time = new LogTime();

  write(out: ByteWriter, record: LogRecord): void {
    const isHttp = record.scheme === "http";
    out.literal(KEY.time);
    this.#time.iso(out, isHttp ? record.requestWallMs : record.acceptWallMs);
    out.literal(KEY.scheme);
    out.text(record.tls === null ? record.scheme : isHttp ? "https" : "tls");
    out.literal(KEY.client);
    out.text(record.clientAddress);
    out.literal(KEY.clientPort);
    out.int(record.clientPort);
    writeText(out, KEY.frontend, record.frontendName);
    writeText(out, KEY.backend, record.backendName);
    writeText(out, KEY.server, record.serverName);
    writeText(out, KEY.serverAddress, record.serverAddress);
    if (isHttp) writeRequest(out, record);
    else if (record.scheme === "sni") writeText(out, KEY.sni, record.serverNameIndication);
    writeNumbers(out, record, isHttp);
    writeEnd(out, record, isHttp);
    if (isHttp) {
      writeCapture(out, KEY.referer, record, record.referer);
      writeCapture(out, KEY.userAgent, record, record.userAgent);
      writeCapture(out, KEY.uniqueId, record, record.uniqueId);
      writeText(out, KEY.encoding, record.encoding);
      writeNumber(out, KEY.uncompressed, record.encoding === "" ? -1 : record.uncompressedBytes);
    }
    if (record.tls !== null) writeTls(out, record.tls);
    writeConns(out, record);
    out.byte(CLOSE);
  }

  writeDropped(out: ByteWriter, lines: number): void {
    out.literal(DROPPED);
    out.int(lines);
    out.byte(CLOSE);
  }
}

function writeRequest(out: ByteWriter, record: LogRecord): void {
  writeCapture(out, KEY.method, record, record.method);
  writeCapture(out, KEY.host, record, record.host);
  writeCapture(out, KEY.uri, record, record.target);
  writeCapture(out, KEY.version, record, record.version);
  writeNumber(out, KEY.status, record.status);
}

function writeNumbers(out: ByteWriter, record: LogRecord, isHttp: boolean): void {
  writeNumber(out, KEY.bytesOut, record.bytesOut);
  writeNumber(out, KEY.bytesIn, record.bytesIn);
  writeNumber(out, KEY.handshake, record.handshakeMs);
  if (isHttp) writeNumber(out, KEY.idle, record.idleMs);
  if (record.scheme !== "tcp") writeNumber(out, KEY.request, record.requestMs);
  writeNumber(out, KEY.queue, record.queueMs);
  writeNumber(out, KEY.connect, record.connectMs);
  if (isHttp) {
    writeNumber(out, KEY.response, record.responseMs);
    writeNumber(out, KEY.data, record.dataMs);
    writeNumber(out, KEY.active, record.activeMs);
  }
  writeNumber(out, KEY.total, record.totalMs);
}

/** null where the backend has no cookie, or none was chosen. */
function writeCookieLetters(out: ByteWriter, { requestCookie, responseCookie }: LogRecord): void {
  out.literal(KEY.termCookie);
  if (requestCookie === CookieSeen.OFF) {
    out.literal(NULL);
    return;
  }
  out.byte(QUOTE);
  out.byte(requestCookie);
  out.byte(responseCookie);
  out.byte(QUOTE);
}

function writeEnd(out: ByteWriter, record: LogRecord, isHttp: boolean): void {
  writeNumber(out, KEY.retries, record.retries);
  out.literal(KEY.redispatched);
  out.literal(record.redispatched ? TRUE : FALSE);
  out.literal(KEY.term);
  out.byte(record.endCause);
  out.byte(record.endPhase);
  out.byte(QUOTE);
  if (isHttp) writeCookieLetters(out, record);
  writeText(out, KEY.why, record.why);
}

function writeConns(out: ByteWriter, record: LogRecord): void {
  writeNumber(out, KEY.processConns, record.processConns);
  writeNumber(out, KEY.frontendConns, record.frontendConns);
  writeNumber(out, KEY.backendConns, record.backendConns);
  writeNumber(out, KEY.serverConns, record.serverConns);
  writeNumber(out, KEY.serverQueue, record.serverQueue);
  writeNumber(out, KEY.backendQueue, record.backendQueue);
}

function writeTls(out: ByteWriter, tls: TlsFacts): void {
  writeText(out, KEY.tlsVersion, tls.version);
  writeText(out, KEY.tlsCipher, tls.cipher);
  writeText(out, KEY.tlsName, tls.serverName);
  writeText(out, KEY.tlsProtocol, tls.protocol);
  out.literal(KEY.tlsResumed);
  out.literal(tls.version === "" ? NULL : tls.isResumed ? TRUE : FALSE);
  writeText(out, KEY.tlsClient, tls.peerSubject);
}

/** -1 means that the phase was not reached: null. */
function writeNumber(out: ByteWriter, key: Uint8Array, value: number): void {
  out.literal(key);
  if (value < 0) out.literal(NULL);
  else out.int(value);
}

/** hadro's own texts: names, addresses and reasons, cut so that the line keeps its end; "" is null. */
function writeText(out: ByteWriter, key: Uint8Array, text: string): void {
  out.literal(key);
  if (text === "") {
    out.literal(NULL);
    return;
  }
  const value = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
  out.byte(QUOTE);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code === QUOTE || code === 0x5c || code > 0x7e) {
      out.text(JSON.stringify(value.slice(i)).slice(1, -1));
      break;
    }
    out.byte(code);
  }
  out.byte(QUOTE);
}

function writeCapture(out: ByteWriter, key: Uint8Array, record: LogRecord, range: CaptureRange): void {
  out.literal(key);
  if (range.length === 0) {
    out.literal(NULL);
    return;
  }
  out.byte(QUOTE);
  writeJson(out, record.capture, range.offset, range.length);
  out.byte(QUOTE);
}
