/**
 * A line for people at a terminal:
 *
 *     02:45:41 200 GET /path  http-8080 -> app/s1  12 ms  1834 B  10.0.0.5
 *     02:45:42 503 GET /path  http-8080 -> app/-   3 ms  91 B  10.0.0.5  SC 10.0.0.1:9000 refused the connection (ECONNREFUSED)
 *     02:45:43 ok  TLS app.test  sni-443 -> app/s1  12 ms  1834 B  10.0.0.5
 *
 * Status colours when the terminal wants them: 2xx green, 3xx cyan, 4xx yellow, 5xx and failures red.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import { CookieSeen, EndCause, type LogRecord } from "../../proxy/log_record.ts";
import { writeHashed } from "./escape.ts";
import { ascii, type LogFormat, writeDroppedWords } from "./format.ts";

const RESET = ascii("\x1b[0m");
const COLOURS: readonly Uint8Array[] = ["31", "0", "32", "36", "33", "31"].map((code) =>
  ascii(`\x1b[${code}m`)
);
const ARROW = ascii(" -> ");
const GAP = ascii("  ");
const MILLISECONDS = ascii(" ms  ");
const BYTES = ascii(" B  ");

/** See the module's text. */
export class FormatTty implements LogFormat {
  readonly #hasColour: boolean;

  constructor(hasColour: boolean) {
    this.#hasColour = hasColour;
  }

  write(out: ByteWriter, record: LogRecord): void {
    writeClock(out, record.scheme === "http" ? record.requestWallMs : record.acceptWallMs);
    out.byte(0x20);
    this.#status(out, record);
    out.byte(0x20);
    if (record.scheme === "tcp") out.text("TCP");
    else if (record.scheme === "sni") {
      out.text("TLS ");
      out.text(record.serverNameIndication === "" ? "-" : record.serverNameIndication);
    } else if (record.method.length === 0) out.text("<BADREQ>");
    else {
      writeHashed(out, record.capture, record.method.offset, record.method.length);
      out.byte(0x20);
      writeHashed(out, record.capture, record.target.offset, record.target.length);
    }
    out.literal(GAP);
    out.text(record.frontendName);
    out.literal(ARROW);
    out.text(record.backendName === "" ? "-" : record.backendName);
    out.byte(0x2f);
    out.text(record.serverName === "" ? "-" : record.serverName);
    out.literal(GAP);
    out.int(record.activeMs);
    out.literal(MILLISECONDS);
    out.int(record.bytesOut);
    out.literal(BYTES);
    out.text(record.clientAddress);
    if (record.endCause === EndCause.NONE) return;
    out.literal(GAP);
    out.byte(record.endCause);
    out.byte(record.endPhase);
    if (record.requestCookie !== CookieSeen.OFF) {
      out.byte(record.requestCookie);
      out.byte(record.responseCookie);
    }
    out.byte(0x20);
    out.text(record.why);
  }

  writeDropped(out: ByteWriter, lines: number): void {
    writeDroppedWords(out, lines);
  }

  #status(out: ByteWriter, record: LogRecord): void {
    const isFailed = record.status < 0 && record.endCause !== EndCause.NONE;
    const colour = COLOURS[isFailed ? 0 : Math.max(1, Math.floor(record.status / 100))] ?? RESET;
    if (this.#hasColour) out.literal(colour);
    if (record.status < 0) out.text(isFailed ? "---" : "ok ");
    else out.int(record.status);
    if (this.#hasColour) out.literal(RESET);
  }
}

/** Local time of day, by arithmetic: the offset is asked for once a line, which a terminal can afford. */
function writeClock(out: ByteWriter, wallMs: number): void {
  const date = new Date(wallMs);
  out.padded(date.getHours(), 2);
  out.byte(0x3a);
  out.padded(date.getMinutes(), 2);
  out.byte(0x3a);
  out.padded(date.getSeconds(), 2);
}
