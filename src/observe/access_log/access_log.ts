/**
 * Opens the access log that a configuration asks for.
 *
 * May import: base, config, proxy, observe/access_log.
 *
 * @module
 */
import type { LogConfig } from "../../config/model.ts";
import type { LogRecord, LogSink } from "../../proxy/log_record.ts";
import { compileLogFormat } from "./compile.ts";
import type { LogFormat } from "./format.ts";
import { FormatCombined } from "./format_combined.ts";
import { FormatHaproxy } from "./format_haproxy.ts";
import { FormatJson } from "./format_json.ts";
import { FormatTty } from "./format_tty.ts";
import { type ByteSink, LogWriter } from "./log_writer.ts";

/** A log that can be flushed, rotated and closed. */
export interface AccessLog extends LogSink {
  /** Called once a turn. */
  flushSoon(): void;
  /** Opens the file again, after it was moved away. */
  reopen(): void;
  /** Writes what waits for at most `timeoutMs`; returns how many lines were lost over the whole run. */
  close(timeoutMs: number): Promise<number>;
}

export interface AccessLogOptions {
  /** Told about failures of the sink. */
  readonly onError: (message: string) => void;
  /** Colours in the tty format. */
  readonly hasColour: boolean;
  /** Where lines go instead of the configured file: a thread's log is written by another. */
  readonly sink?: ByteSink;
}

/** The file cannot be opened; the message names it and says why. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

/** @throws {LogFileError} when the file cannot be opened. @throws {LogFormatError} for a custom format that is wrong. */
export function openAccessLog(config: LogConfig, options: AccessLogOptions): AccessLog {
  if (config.format === "off") return new NoLog();
  const writer = new LogWriter({
    format: newFormat(config, options.hasColour),
    sink: options.sink ?? openSink(config.file),
    blocks: config.full === "block",
    onError: options.onError,
  });
  return {
    enabled: true,
    logStream: (record: LogRecord) => writer.logStream(record),
    flushSoon: () => writer.flushSoon(),
    reopen: () => {
      if (config.file === "-" || options.sink !== undefined) return;
      try {
        writer.reopen(openSink(config.file));
      } catch (error) {
        options.onError(`${error instanceof Error ? error.message : error}; going on with the old file`);
      }
    },
    close: (timeoutMs) => writer.close(timeoutMs),
  };
}

/** Returns the format that a configuration names. @throws {LogFormatError} */
export function newFormat(config: LogConfig, hasColour: boolean): LogFormat {
  switch (config.format) {
    case "json":
      return new FormatJson();
    case "haproxy":
      return new FormatHaproxy();
    case "combined":
      return new FormatCombined();
    case "tty":
      return new FormatTty(hasColour);
    case "custom":
      return compileLogFormat(config.pattern);
    case "off":
      throw new RangeError("the format off writes nothing");
  }
}

/** Opens standard output ("-") or a file. @throws {LogFileError} */
export function openSink(file: string): ByteSink {
  if (file === "-") {
    return {
      write: (bytes) => Deno.stdout.write(bytes),
      writeSync: (bytes) => Deno.stdout.writeSync(bytes),
      close: () => {},
    };
  }
  try {
    return Deno.openSync(file, { create: true, append: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Deno says `<reason>: open '<file>'`.
    throw new LogFileError(`Cannot open log file "${file}": ${reason.replace(/: open '.*'$/s, "")}`);
  }
}

class NoLog implements AccessLog {
  readonly enabled = false;
  logStream(): void {}
  flushSoon(): void {}
  reopen(): void {}
  close(): Promise<number> {
    return Promise.resolve(0);
  }
}
