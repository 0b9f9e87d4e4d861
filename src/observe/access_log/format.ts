/**
 * What a log format is: a finished stream's record in, one line of bytes out (without its line end).
 *
 * May import: base, proxy.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord } from "../../proxy/log_record.ts";

/** Writes one line; makes no strings and keeps nothing of the record. */
export interface LogFormat {
  write(out: ByteWriter, record: LogRecord): void;
  /** The line that says how many were dropped. */
  writeDropped(out: ByteWriter, lines: number): void;
}

/** Returns the bytes of an ASCII text, for {@linkcode ByteWriter.literal}. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The plain words for dropped lines, for formats without a structure. */
export function writeDroppedWords(out: ByteWriter, lines: number): void {
  out.text("hadro: ");
  out.int(lines);
  out.text(" log lines dropped");
}
