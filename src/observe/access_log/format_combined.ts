/**
 * nginx's combined format, which is Apache's:
 *
 *     client - - [23/Nov/2026:02:45:41 +0000] "GET / HTTP/1.1" 200 612 "referer" "user agent"
 *
 * A status that was never sent is 499, as nginx writes it. TCP lines have the connection's bytes and no request; their status is what
 * nginx's stream module would say: 200 in order, 499 ended by the client, 502 any other.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import { type CaptureRange, EndCause, type LogRecord } from "../../proxy/log_record.ts";
import { writeBackslashed } from "./escape.ts";
import { ascii, type LogFormat, writeDroppedWords } from "./format.ts";
import { LogTime } from "./log_time.ts";

const NO_USER = ascii(" - - [");
const AFTER_TIME = ascii('] "');
const AFTER_LINE = ascii('" ');
const BEFORE_QUOTE = ascii(' "');
const DASH = 0x2d;
const QUOTE = 0x22;
const STATUS_OK = 200;
const STATUS_CLIENT_CLOSED = 499;
const STATUS_BAD_GATEWAY = 502;

/** See the module's text. */
export class FormatCombined implements LogFormat {
  readonly #time = new LogTime();

  write(out: ByteWriter, record: LogRecord): void {
    out.text(record.clientAddress);
    out.literal(NO_USER);
    this.#time.clf(
      out,
      record.acceptWallMs > record.requestWallMs ? record.acceptWallMs : record.requestWallMs,
    );
    out.literal(AFTER_TIME);
    writeOrDash(out, record, record.requestLine);
    out.literal(AFTER_LINE);
    out.int(record.scheme === "http" ? httpStatus(record) : tcpStatus(record));
    out.byte(0x20);
    // The body alone, as nginx's $body_bytes_sent and Apache's %b.
    out.int(Math.max(0, record.bytesOut - record.headBytesOut));
    out.literal(BEFORE_QUOTE);
    writeOrDash(out, record, record.referer);
    out.byte(QUOTE);
    out.literal(BEFORE_QUOTE);
    writeOrDash(out, record, record.userAgent);
    out.byte(QUOTE);
  }

  writeDropped(out: ByteWriter, lines: number): void {
    writeDroppedWords(out, lines);
  }
}

function writeOrDash(out: ByteWriter, record: LogRecord, range: CaptureRange): void {
  if (range.length === 0) out.byte(DASH);
  else writeBackslashed(out, record.capture, range.offset, range.length);
}

function httpStatus(record: LogRecord): number {
  return record.status < 0 ? STATUS_CLIENT_CLOSED : record.status;
}

function tcpStatus({ endCause }: LogRecord): number {
  if (endCause === EndCause.NONE) return STATUS_OK;
  const isOfClient = endCause === EndCause.CLIENT || endCause === EndCause.CLIENT_TIMEOUT;
  return isOfClient ? STATUS_CLIENT_CLOSED : STATUS_BAD_GATEWAY;
}
