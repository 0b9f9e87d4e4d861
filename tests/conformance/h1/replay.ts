/**
 * Replays bytes through the HTTP/1 codec as a proxy would receive them, and writes down what it saw.
 *
 * The bytes arrive in pieces; between two pieces the message being received moves to another place in the buffer. The event
 * log must not depend on where the pieces end.
 *
 * May import: protocol.
 *
 * @module
 */

import { fieldNameText } from "../../../src/protocol/http/field_name.ts";
import { BodyKind, persists, requestFraming, responseFraming } from "../../../src/protocol/http/framing.ts";
import { FIELD_STRIDE, FieldPart } from "../../../src/protocol/http/message_head.ts";
import { Method } from "../../../src/protocol/http/method.ts";
import { ChunkScanner } from "../../../src/protocol/h1/chunk_scanner.ts";
import { describeParseError, HeadParser, ParseStatus } from "../../../src/protocol/h1/head_parser.ts";

export type MessageKind = "request" | "response";

const FORM_NAMES = ["origin", "absolute", "authority", "asterisk"];
const BODY_NAMES = ["none", "length", "chunked", "until close", "tunnel"];
/** Bytes that stand before a message in the buffer after the n-th move. */
const BASES = [0, 7, 1, 64];

/** Returns the bytes of a text whose characters are all below U+0100. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Returns the text of bytes, one character a byte. */
export function textOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** One message that was accepted: the offsets of its first byte, its body and the byte after it, in the whole input. */
export interface SeenMessage {
  start: number;
  bodyStart: number;
  end: number;
  bodyKind: number;
}

/** What a replay saw. */
export interface Replay {
  events: string[];
  messages: SeenMessage[];
  errorCode: number;
}

/** Replays `input`, a series of messages; `cuts` are the offsets where a piece ends, ascending. */
export function replay(
  kind: MessageKind,
  input: Uint8Array,
  cuts: number[],
  requestMethod: number = Method.GET,
): Replay {
  return new Replayer(kind, requestMethod).run(input, cuts);
}

class Replayer {
  #parser: HeadParser;
  #chunks = new ChunkScanner();
  #seen: Replay = { events: [], messages: [], errorCode: 0 };
  #message: SeenMessage | null = null;
  /** Offset in the whole input of the message (while its head is read) or of the next body byte. */
  #at = 0;
  #remaining = 0;
  #moves = 0;
  #isOver = false;
  #kind: MessageKind;
  #requestMethod: number;

  constructor(kind: MessageKind, requestMethod: number) {
    this.#kind = kind;
    this.#requestMethod = requestMethod;
    this.#parser = new HeadParser(kind);
    this.#parser.reset();
  }

  run(input: Uint8Array, cuts: number[]): Replay {
    for (const end of [...cuts, input.length]) {
      let before = -1;
      while (!this.#isOver && this.#at <= end && before !== this.#progress()) {
        before = this.#progress();
        if (this.#message === null) this.#readHead(input, end);
        else this.#readBody(input, end);
      }
    }
    if (!this.#isOver && (this.#message !== null || this.#at < input.length)) {
      this.#log(input.length, "need more");
    }
    return this.#seen;
  }

  #progress(): number {
    return this.#at * 4 + (this.#message === null ? 0 : 1) + (this.#isOver ? 2 : 0);
  }

  #log(offset: number, text: string): void {
    this.#seen.events.push(`off=${offset} ${text}`);
  }

  #fail(offset: number, code: number): void {
    this.#seen.errorCode = code;
    this.#log(offset, `error="${describeParseError(code)}"`);
    this.#isOver = true;
  }

  #readHead(input: Uint8Array, end: number): void {
    const base = BASES[this.#moves++ % BASES.length];
    const length = end - this.#at;
    const buffer = new Uint8Array(base + length + 3).fill(0x41);
    for (let i = 0; i < length; i++) buffer[base + i] = input[this.#at + i];
    const status = this.#parser.parse(buffer, base, base + length);
    if (status === ParseStatus.ERROR) this.#fail(this.#at + this.#parser.errorOffset, this.#parser.errorCode);
    if (status !== ParseStatus.DONE) return;
    this.#logHead(input);
    this.#beginBody();
  }

  #logHead(input: Uint8Array): void {
    const head = this.#parser;
    const span = (name: string, start: number, end: number) => {
      const text = textOf(input, this.#at + start, this.#at + end);
      this.#log(this.#at + start, `len=${end - start} ${name}=${JSON.stringify(text)}`);
    };
    if (this.#kind === "request") {
      span("method", head.startOffset, head.methodEnd);
      span(`target form=${FORM_NAMES[head.targetForm]}`, head.targetStart, head.targetEnd);
      if (head.authorityEnd > 0) span("authority", head.authorityStart, head.authorityEnd);
      if (head.pathStart !== head.targetStart) span("path", head.pathStart, head.targetEnd);
    } else span(`status=${head.status} reason`, head.reasonStart, head.reasonEnd);
    this.#log(this.#at + head.startLineEnd, `start line complete version=1.${head.versionMinor}`);
    for (let index = 0; index < head.fieldCount; index++) {
      const row = index * FIELD_STRIDE;
      const field = (part: number) => head.fields[row + part];
      const id = field(FieldPart.NAME_ID);
      span(
        id === 0 ? "name" : `name (${fieldNameText(id)})`,
        field(FieldPart.NAME_START),
        field(FieldPart.NAME_END),
      );
      span("value", field(FieldPart.VALUE_START), field(FieldPart.VALUE_END));
    }
  }

  #beginBody(): void {
    const head = this.#parser;
    const bodyKind = this.#kind === "request"
      ? requestFraming(head)
      : responseFraming(head, this.#requestMethod, head.status);
    const bodyStart = this.#at + head.headEnd;
    this.#log(bodyStart, `head complete body=${BODY_NAMES[bodyKind]} persists=${persists(head)}`);
    this.#message = { start: this.#at, bodyStart, end: bodyStart, bodyKind };
    this.#at = bodyStart;
    this.#remaining = head.contentLength;
    this.#chunks.reset();
    if (bodyKind === BodyKind.NONE) this.#endMessage();
  }

  #readBody(input: Uint8Array, end: number): void {
    const kind = this.#message!.bodyKind;
    if (kind === BodyKind.CHUNKED) {
      this.#at = this.#chunks.scan(input, this.#at, end);
      if (this.#chunks.errorCode !== 0) this.#fail(this.#at, this.#chunks.errorCode);
      else if (this.#chunks.isDone) {
        this.#log(this.#at, `body complete payload=${this.#chunks.payloadSizeBytes}`);
        this.#endMessage();
      }
      return;
    }
    const length = kind === BodyKind.LENGTH ? Math.min(this.#remaining, end - this.#at) : end - this.#at;
    this.#at += length;
    this.#remaining -= length;
    if (kind !== BodyKind.LENGTH || this.#remaining > 0) return;
    this.#log(this.#at, "body complete");
    this.#endMessage();
  }

  #endMessage(): void {
    this.#message!.end = this.#at;
    this.#seen.messages.push(this.#message!);
    this.#message = null;
    this.#parser.reset();
  }
}
