/**
 * Log formats with HAProxy's % variables, compiled once to a list of writers (manual 8.2.6).
 *
 *     %name          the variable            %{+Q}name   a text between quotes ({-Q}: not)
 *     %%             a percent sign          %{+X}name   addresses, ports, %Ts, %rt, %pid in hexadecimal
 *     \n \t \" \\    as usual; `\ ` a space  %{+Q,+X}o   from here on ({-Q}o: no more)
 *
 * As in HAProxy, spaces are separators: several in a row, also around a variable that writes nothing, are one.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import type { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord } from "../../proxy/log_record.ts";
import { ascii, type LogFormat, writeDroppedWords } from "./format.ts";
import { LogTime } from "./log_time.ts";
import { type LogState, VARIABLES, type VariableWriter } from "./variables.ts";

/** A format that cannot be compiled; the message points at the column and suggests. */
export class LogFormatError extends Error {
  override name = "LogFormatError";
}

const QUOTE = 0x22;
const SPACE = 0x20;

/** Compiles a format. @throws {LogFormatError} */
export function compileLogFormat(pattern: string): LogFormat {
  return new CompiledFormat(new Compiler(pattern).compile());
}

class CompiledFormat implements LogFormat {
  readonly #writers: readonly VariableWriter[];
  readonly #state: LogState = { time: new LogTime(), lineCount: 0, requestCount: 0, separatorEnd: 0 };

  constructor(writers: readonly VariableWriter[]) {
    this.#writers = writers;
  }

  write(out: ByteWriter, record: LogRecord): void {
    this.#state.lineCount++;
    this.#state.requestCount++;
    this.#state.separatorEnd = out.length;
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
  #hexadecimalAll = false;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  compile(): VariableWriter[] {
    while (this.#at < this.#pattern.length) {
      const char = this.#pattern[this.#at];
      if (char === "%") this.#percent();
      else if (char === "\\") this.#escape();
      else if (char === " ") this.#space();
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
    const name = /^(?:[A-Za-z]+|\[[a-z_]+\])/.exec(this.#pattern.slice(this.#at))?.[0] ?? "";
    this.#at += name.length;
    const isQuoted = isOn(flags, "Q", this.#quotesAll);
    const isHexadecimal = isOn(flags, "X", this.#hexadecimalAll);
    if (name === "o") {
      this.#quotesAll = isQuoted;
      this.#hexadecimalAll = isHexadecimal;
      return;
    }
    const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
    if (variable === undefined) throw new LogFormatError(this.#describeUnknown(name, start));
    this.#flush();
    const write = isHexadecimal && variable.writeHex !== null ? variable.writeHex : variable.write;
    if (variable.absent === null) this.#writers.push(write);
    else this.#writers.push(isQuoted ? inQuotes(write) : orAbsent(write, variable.absent));
  }

  #flags(start: number): string[] {
    if (this.#pattern[this.#at] !== "{") return [];
    const end = this.#pattern.indexOf("}", this.#at);
    if (end < 0) throw new LogFormatError(`Cannot use log format at column ${start + 1}: "{" without "}"`);
    const flags = this.#pattern.slice(this.#at + 1, end).split(",").filter((flag) => flag !== "");
    this.#at = end + 1;
    const unknown = flags.find((flag) => !/^[+-][QX]$/.test(flag));
    if (unknown === undefined) return flags;
    throw new LogFormatError(
      `Cannot use log format flag "${unknown}" at column ${
        start + 1
      }: no such flag; flags are +Q, -Q, +X, -X`,
    );
  }

  /** A run of spaces separates: it writes one, unless the line has just had one. */
  #space(): void {
    this.#flush();
    while (this.#pattern[this.#at] === " ") this.#at++;
    this.#writers.push((out, _record, state) => {
      if (out.length === state.separatorEnd) return;
      out.byte(SPACE);
      state.separatorEnd = out.length;
    });
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
    const place = `at column ${start + 1}`;
    if (name.startsWith("[") || (name === "" && this.#pattern[this.#at] === "[")) {
      const expressions = Object.keys(VARIABLES).filter((other) => other.startsWith("["));
      return `Cannot use log format ${place}: of HAProxy's sample expressions, %[…], hadro knows ${
        expressions.map((other) => `%${other}`).join(" ")
      }`;
    }
    if (name === "") {
      return `Cannot use log format ${place}: "%" without the name of a variable; write %% for a percent sign`;
    }
    const known = Object.keys(VARIABLES);
    const near = known.find((other) => other.toLowerCase() === name.toLowerCase()) ??
      known.find((other) => other[0] === name[0]);
    const hint = near === undefined ? "." : `; did you mean "%${near}"?`;
    return `Cannot use log variable "%${name}" ${place}: no such variable${hint} ` +
      `Known: ${known.map((other) => `%${other}`).join(" ")}`;
  }
}

/** What the last flag for a letter says, `assumed` when there is none. */
function isOn(flags: readonly string[], letter: string, assumed: boolean): boolean {
  const flag = flags.findLast((other) => other[1] === letter);
  return flag === undefined ? assumed : flag[0] === "+";
}

function inQuotes(write: VariableWriter): VariableWriter {
  return (out, record, state) => {
    out.byte(QUOTE);
    write(out, record, state);
    out.byte(QUOTE);
  };
}

function orAbsent(write: VariableWriter, absent: Uint8Array): VariableWriter {
  return (out, record, state) => {
    const start = out.length;
    write(out, record, state);
    if (out.length === start) out.literal(absent);
  };
}
