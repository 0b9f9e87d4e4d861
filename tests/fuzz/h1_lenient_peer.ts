/**
 * A server that forgives everything: what stands behind a proxy when request smuggling works.
 *
 * It ends lines at LF, CRLF or a bare CR, unfolds folded lines, takes names with spaces around them, stops at NUL, takes any
 * Transfer-Encoding that mentions chunked, and any Content-Length that begins with digits. Where such a reader has a choice, the
 * choice is a trait: a message is safe only when every combination of traits ends it at the same byte.
 *
 * May import: nothing.
 *
 * @module
 */

/** Choices that lenient readers make differently. */
export interface Traits {
  /** Which field wins when both are there. */
  prefers: "length" | "coding";
  /** Which one counts when a field is repeated. */
  repeated: "first" | "last";
  /** Whether a bare CR ends a line. */
  crEndsLine: boolean;
  /** Whether a line that begins with a space continues the one before (else it is a field of its own). */
  unfolds: boolean;
}

/** Every combination of traits. */
export function allTraits(): Traits[] {
  const traits: Traits[] = [];
  for (const prefers of ["length", "coding"] as const) {
    for (const repeated of ["first", "last"] as const) {
      for (const crEndsLine of [false, true]) {
        for (const unfolds of [false, true]) traits.push({ prefers, repeated, crEndsLine, unfolds });
      }
    }
  }
  return traits;
}

/**
 * Returns the index after the message at the beginning of `text` (one character a byte), or -1 when it is not complete. A message
 * without length and coding ends at its head, for responses too: the caller leaves those out.
 */
export function lenientMessageEnd(text: string, traits: Traits): number {
  const reader = new LineReader(text, traits.crEndsLine);
  let line = reader.next();
  while (line === "") line = reader.next();
  if (line === null) return -1;
  const lines: string[] = [];
  for (line = reader.next(); line !== ""; line = reader.next()) {
    if (line === null) return -1;
    if (traits.unfolds && /^[ \t]/.test(line) && lines.length > 0) lines[lines.length - 1] += line;
    else lines.push(line);
  }
  const fields = lines.map(readField);
  const isChunked = /chunked/i.test(pick(fields, "transfer-encoding", traits) ?? "");
  const length = /^\s*\+?(\d+)/.exec(pick(fields, "content-length", traits) ?? "")?.[1];
  if (isChunked && (traits.prefers === "coding" || length === undefined)) return lenientChunksEnd(reader);
  return reader.skip(length === undefined ? 0 : Number(length));
}

function lenientChunksEnd(reader: LineReader): number {
  for (;;) {
    const line = reader.next();
    if (line === null) return -1;
    const size = /^\s*(?:0x)?([0-9a-f]+)/i.exec(line)?.[1];
    if (size === undefined) return -1;
    if (/^0+$/.test(size)) break;
    if (reader.skip(parseInt(size, 16)) < 0 || reader.next() !== "") return -1;
  }
  for (let line = reader.next(); line !== ""; line = reader.next()) if (line === null) return -1;
  return reader.at;
}

function readField(line: string): [string, string] {
  const text = line.replace(/\0.*/s, "");
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function pick(fields: [string, string][], name: string, traits: Traits): string | undefined {
  const values = fields.filter(([fieldName]) => fieldName === name).map(([, value]) => value);
  return traits.repeated === "first" ? values[0] : values.at(-1);
}

class LineReader {
  at = 0;
  #text: string;
  #lineEnd: RegExp;

  constructor(text: string, crEndsLine: boolean) {
    this.#text = text;
    this.#lineEnd = crEndsLine ? /\r\n|\n|\r/g : /\r?\n/g;
  }

  /** Returns the next line without its end, null when there is none. */
  next(): string | null {
    this.#lineEnd.lastIndex = this.at;
    const found = this.#lineEnd.exec(this.#text);
    if (found === null) return null;
    const line = this.#text.slice(this.at, found.index);
    this.at = this.#lineEnd.lastIndex;
    return line;
  }

  skip(sizeBytes: number): number {
    if (this.at + sizeBytes > this.#text.length) return -1;
    this.at += sizeBytes;
    return this.at;
  }
}
