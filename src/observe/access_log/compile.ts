/**
 * Log formats with HAProxy's % variables, compiled once to a list of writers (manual 8.2.6).
 *
 *     %name          the variable            %{+Q}name   between quotes ({-Q}: not)
 *     %%             a percent sign          %{+Q}o      quotes from here on ({-Q}o: no more)
 *     \n \t \" \\    as usual; `\ ` a space  %{+X}name   whole numbers in hexadecimal
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord } from "../../proxy/log_record.ts";
import { ascii, type LogFormat, writeDroppedWords } from "./format.ts";
import { LogTime } from "./log_time.ts";
import { type LogState, VARIABLES, type VariableWriter } from "./variables.ts";

/** A format that cannot be compiled; the message points at the column and suggests. */
export class LogFormatError extends Error {
  override name = "LogFormatError";
}

const QUOTE = 0x22;
const SCRATCH_BYTES = 2_048;

/** Compiles a format. @throws {LogFormatError} */
export function compileLogFormat(pattern: string): LogFormat {
  return new CompiledFormat(new Compiler(pattern).compile());
}

class CompiledFormat implements LogFormat {
  readonly #writers: readonly VariableWriter[];
  readonly #state: LogState = { time: new LogTime(), lineCount: 0, requestCount: 0 };

  constructor(writers: readonly VariableWriter[]) {
    this.#writers = writers;
  }

  write(out: ByteWriter, record: LogRecord): void {
    this.#state.lineCount++;
    this.#state.requestCount++;
    for (let i = 0; i < this.#writers.length; i++) this.#writers[i](out, record, this.#state);
  }

  writeDropped(out: ByteWriter, lines: number): void {
    writeDroppedWords(out, lines);
  }
}

class Compiler {
  readonly #pattern: string;
  readonly #writers: VariableWriter[] = [];
  #literal = "";
  #quotesAll = false;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  compile(): VariableWriter[] {
    while (this.#at < this.#pattern.length) {
      const char = this.#pattern[this.#at];
      if (char === "%") this.#percent();
      else if (char === "\\") this.#escape();
      else {
        this.#literal += char;
        this.#at++;
      }
    }
    this.#flush();
    return this.#writers;
  }

  #percent(): void {
    const start = this.#at++;
    if (this.#pattern[this.#at] === "%") {
      this.#literal += "%";
      this.#at++;
      return;
    }
    const flags = this.#flags(start);
    const name = /^[A-Za-z]+/.exec(this.#pattern.slice(this.#at))?.[0] ?? "";
    this.#at += name.length;
    if (name === "o") {
      if (flags.includes("+Q")) this.#quotesAll = true;
      if (flags.includes("-Q")) this.#quotesAll = false;
      return;
    }
    const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
    if (variable === undefined) throw new LogFormatError(this.#describeUnknown(name, start));
    this.#flush();
    const isQuoted = flags.includes("+Q") || (this.#quotesAll && !flags.includes("-Q"));
    const write = flags.includes("+X") ? inHexadecimal(variable.write) : variable.write;
    this.#writers.push(isQuoted ? inQuotes(write) : write);
  }

  #flags(start: number): string[] {
    if (this.#pattern[this.#at] !== "{") return [];
    const end = this.#pattern.indexOf("}", this.#at);
    if (end < 0) throw new LogFormatError(`Cannot use log format at column ${start + 1}: "{" without "}"`);
    const flags = this.#pattern.slice(this.#at + 1, end).split(",").filter((flag) => flag !== "");
    this.#at = end + 1;
    const unknown = flags.find((flag) => !/^[+-][QXE]$/.test(flag));
    if (unknown === undefined) return flags;
    throw new LogFormatError(
      `Cannot use log format flag "${unknown}" at column ${
        start + 1
      }: no such flag; flags are +Q, -Q, +X, -X`,
    );
  }

  #escape(): void {
    const next = this.#pattern[this.#at + 1] ?? "\\";
    this.#literal += next === "n" ? "\n" : next === "t" ? "\t" : next;
    this.#at += 2;
  }

  #flush(): void {
    if (this.#literal === "") return;
    const bytes = ascii(this.#literal);
    this.#literal = "";
    this.#writers.push((out) => out.literal(bytes));
  }

  #describeUnknown(name: string, start: number): string {
    const known = Object.keys(VARIABLES);
    const near = known.find((other) => other.toLowerCase() === name.toLowerCase()) ??
      known.find((other) => other[0] === name[0]) ?? "ci";
    return `Cannot use log variable "%${name}" at column ${
      start + 1
    }: no such variable; did you mean "%${near}"? ` +
      `Known: ${known.map((other) => `%${other}`).join(" ")}`;
  }
}

function inQuotes(write: VariableWriter): VariableWriter {
  return (out, record, state) => {
    out.byte(QUOTE);
    write(out, record, state);
    out.byte(QUOTE);
  };
}

function inHexadecimal(write: VariableWriter): VariableWriter {
  const scratch = new ByteWriter(SCRATCH_BYTES);
  return (out, record, state) => {
    scratch.reset();
    write(scratch, record, state);
    const text = new TextDecoder().decode(scratch.bytes.subarray(0, scratch.length));
    out.text(/^-?\d+$/.test(text) ? Number(text).toString(16).toUpperCase() : text);
  };
}
