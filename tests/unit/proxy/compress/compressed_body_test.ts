/** A body through an encoder into chunks: random pieces, full output, trailers, encoders that fail. @module */
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { Prng } from "../../../../src/base/prng.ts";
import { BUFFER_SIZE } from "../../../../src/buffer/pool.ts";
import { ContentCoding } from "../../../../src/protocol/http/accept_encoding.ts";
import { Behind, CompressedBody } from "../../../../src/proxy/compress/compressed_body.ts";
import {
  checkEncoder,
  ContentEncoder,
  EncodeOp,
  type Encoder,
} from "../../../../src/proxy/compress/content_encoder.ts";
import { decompress } from "../../../support/program/compressed.ts";

const { GZIP, BR, ZSTD } = ContentCoding;
const CODINGS = [[GZIP, "gzip", 4], [GZIP, "gzip", 9], [BR, "br", 1], [BR, "br", 3], [BR, "br", 5], [
  ZSTD,
  "zstd",
  1,
], [ZSTD, "zstd", 6]] as const;
const NOTHING = new Uint8Array(0);

/** An encoder that copies; after `untilBytes` of input it does as told. */
class CopyEncoder implements Encoder {
  inputLeft = 0;
  outputLeft = 0;
  hasFailed = false;
  closed = 0;
  constructor(readonly untilBytes = Infinity, readonly breakDown: "fail" | "stall" = "fail") {}

  run(
    _op: number,
    input: Uint8Array,
    at: number,
    size: number,
    out: Uint8Array,
    outAt: number,
    room: number,
  ) {
    const count = Math.min(size, room);
    for (let i = 0; i < count; i++) out[outAt + i] = input[at + i]!;
    this.hasFailed = this.breakDown === "fail" && count > this.untilBytes;
    this.inputLeft = size - (this.breakDown === "stall" ? 0 : count);
    this.outputLeft = room - (this.breakDown === "stall" ? 0 : count);
  }

  close(): void {
    this.closed++;
  }
}

/** What waits, taken by a client. */
function send(body: CompressedBody): string {
  const text = Buffer.from(body.output.bytes.slice(body.head, body.tail)).toString("latin1");
  body.head = body.tail;
  return text;
}

/** Cuts chunks; the payload, and what is behind the last one. */
function cut(text: string): { payload: string; rest: string } {
  let payload = "";
  for (let at = 0;;) {
    const [line, size] = /^([1-9a-f][0-9a-f]{0,3}|0)\r\n/.exec(text.slice(at, at + 8))!;
    const start = at + line.length;
    if (size === "0") return { payload, rest: text.slice(start) };
    at = start + parseInt(size!, 16);
    payload += text.slice(start, at);
    expect(text.slice(at, at += 2)).toBe("\r\n");
  }
}

describe.each(CODINGS)("%i: %s at level %i", (coding, name, level) => {
  it("is there and works", () => {
    expect(checkEncoder(coding, level)).toBe("");
  });

  it("gives the same text back, whatever the pieces and the pauses; what was flushed can be read", () => {
    for (let seed = 0; seed < 24; seed++) {
      const prng = new Prng(seed + level);
      const text = randomText(prng, prng.nextBelow(seed % 4 === 0 ? 200_000 : 9_000));
      const bytes = Buffer.from(text, "latin1");
      const body = new CompressedBody();
      body.begin(new ContentEncoder(coding, level), coding, 1);
      let sent = "";
      let at = 0;
      let end = 0;
      while (!body.isDone) {
        if (at === end && end < bytes.length) {
          end += 1 + prng.nextBelow(Math.min(bytes.length - end, BUFFER_SIZE));
        }
        const isQuiet = prng.chance(0.5);
        const behind = end === bytes.length ? Behind.END : isQuiet ? Behind.QUIET : Behind.MORE;
        at += body.feed(bytes, at, end - at, behind, null, 0);
        sent += send(body);
      }
      body.end();
      const { payload, rest } = cut(sent);
      expect(rest).toBe("\r\n");
      expect(decompress(name, Buffer.from(payload, "latin1")) === text).toBe(true);
      expect(body.takenBytes).toBe(text.length);
    }
  });
});

describe("framing", () => {
  it("has the size of each chunk without zeros in front, and trailers behind the last", () => {
    const body = new CompressedBody();
    body.begin(new CopyEncoder(), GZIP, 1);
    expect(body.feed(Buffer.from("hello"), 0, 5, Behind.MORE, null, 0)).toBe(5);
    expect(send(body)).toBe("5\r\nhello\r\n");
    const trailers = Buffer.from("A: b\r\n\r\n");
    expect(body.feed(Buffer.from("x".repeat(17)), 0, 17, Behind.END, trailers, 8)).toBe(17);
    expect(send(body)).toBe(`11\r\n${"x".repeat(17)}\r\n0\r\nA: b\r\n\r\n`);
    expect(body.isDone).toBe(true);
  });

  it("lets trailers wait that do not fit behind a chunk", () => {
    const body = new CompressedBody();
    body.begin(new CopyEncoder(), GZIP, 1);
    const trailers = Buffer.from(`A: ${"b".repeat(8_000)}\r\n\r\n`);
    const input = Buffer.from("x".repeat(12_000));
    expect(body.feed(input, 0, input.length, Behind.END, trailers, trailers.length)).toBe(12_000);
    const first = send(body);
    expect([first.length, body.isDone]).toEqual([12_000 + 8, false]);
    expect(body.feed(NOTHING, 0, 0, Behind.END, trailers, trailers.length)).toBe(0);
    expect([send(body), body.isDone]).toEqual([`0\r\n${trailers.toString()}`, true]);
  });

  it("has nothing to say while nothing came, and after a flush nothing more", () => {
    const body = new CompressedBody();
    body.begin(new ContentEncoder(GZIP, 4), GZIP, 1);
    for (const behind of [Behind.MORE, Behind.QUIET]) {
      expect([body.feed(NOTHING, 0, 0, behind, null, 0), send(body)]).toEqual([0, ""]);
    }
    body.feed(Buffer.from("hello"), 0, 5, Behind.MORE, null, 0);
    send(body);
    body.feed(NOTHING, 0, 0, Behind.QUIET, null, 0);
    expect(send(body)).not.toBe("");
    expect([body.feed(NOTHING, 0, 0, Behind.QUIET, null, 0), send(body)]).toEqual([0, ""]);
    body.end();
  });
});

describe("an encoder that fails", () => {
  it.each(["fail", "stall"] as const)("by itself, or by standing still (%s), is told", (how) => {
    const body = new CompressedBody();
    const encoder = new CopyEncoder(3, how);
    body.begin(encoder, GZIP, 1);
    expect(body.feed(Buffer.from("hello"), 0, 5, Behind.MORE, null, 0)).toBe(0);
    expect([body.hasFailed, send(body)]).toEqual([true, ""]);
    body.end();
    expect(encoder.closed).toBe(1);
  });

  it("by an operation that is none throws nothing", () => {
    const encoder = new ContentEncoder(GZIP, 4);
    encoder.run(7, NOTHING, 0, 0, new Uint8Array(9), 0, 9);
    encoder.run(EncodeOp.PROCESS, Buffer.from("x"), 5, 99, new Uint8Array(9), 0, 9);
    expect(encoder.hasFailed).toBe(true);
    encoder.close();
  });
});

function randomText(prng: Prng, sizeBytes: number): string {
  const words = ["alpha ", "beta,", '{"id":', "}\n", "<div>", "\xff\x00"];
  let text = "";
  while (text.length < sizeBytes) {
    text += prng.chance(0.7) ? words[prng.nextBelow(words.length)] : String.fromCharCode(prng.nextBelow(256));
  }
  return text.slice(0, sizeBytes);
}
