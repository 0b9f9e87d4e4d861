/**
 * A body on its way through an encoder into chunks: bytes in, bytes ready to be sent out; no sockets.
 *
 *     output   | size CRLF | what the encoder gave | CRLF | 0 CRLF trailers CRLF |
 *                ^head                                                            ^tail, at most
 *
 *     feed     op of the encoder       when
 *              PROCESS                 more is there at once: what is better kept may be kept
 *              FLUSH                   there is no more for now: a reader must get all that was said (events, long polls)
 *              FINISH                  the body is whole
 *
 * An operation that filled the output goes on with the bytes that it left before others are given. Output is given out before more is
 * taken: there is one chunk at a time, in one buffer.
 *
 * May import: base, buffer, proxy/compress.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { Slab } from "../../base/slab.ts";
import { BUFFER_SIZE } from "../../buffer/pool.ts";
import { EncodeOp, type Encoder } from "./content_encoder.ts";

/** `ffff` CRLF before a chunk, CRLF behind it, `0` CRLF CRLF at the end. */
const SIZE_BYTES = 6;
const PAYLOAD_MAX = BUFFER_SIZE - SIZE_BYTES - 2 - 5;
const NO_OP = -1;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const HEX = new TextEncoder().encode("0123456789abcdef");

/** What is known about the bytes behind those given. */
export const Behind = { MORE: EncodeOp.PROCESS, QUIET: EncodeOp.FLUSH, END: EncodeOp.FINISH } as const;

/** See the module's text. Reused: `begin` takes a new encoder, `end` closes it. */
export class CompressedBody {
  readonly output = new Slab(BUFFER_SIZE);
  /** What waits to be sent in `output`. */
  head = 0;
  tail = 0;
  /** Of the response's head, which goes before: what is still to be sent. */
  headBytes = 0;
  /** Bytes of the body that were taken. */
  takenBytes = 0;
  /** All framing was written; what waits may still have to be sent. */
  isDone = true;
  hasFailed = false;
  coding = 0;
  /** What the encoder takes of the budget. */
  costBytes = 0;
  #encoder: Encoder | null = null;
  #op: number = NO_OP;
  #opBytes = 0;
  /** The encoder may have kept something. */
  #isUnflushed = false;
  /** The encoder is done, and trailers wait for room. */
  #awaitsTrailers = false;

  begin(encoder: Encoder, coding: number, costBytes: number): void {
    this.#encoder = encoder;
    this.coding = coding;
    this.costBytes = costBytes;
    this.head =
      this.tail =
      this.headBytes =
      this.takenBytes =
      this.#opBytes =
        0;
    this.isDone =
      this.hasFailed =
      this.#isUnflushed =
      this.#awaitsTrailers =
        false;
    this.#op = NO_OP;
  }

  /** Gives the encoder's memory back. */
  end(): void {
    this.#encoder!.close();
    this.#encoder = null;
    this.isDone = true;
  }

  get waitingBytes(): number {
    return this.tail - this.head;
  }

  /**
   * Takes of `bytes[at, at + sizeBytes)` as much as makes a chunk, while nothing waits; returns how many it took. Nothing taken, and
   * nothing that waits or `isDone` after it: there is nothing to do. `trailers`, with Behind.END, are lines and the last CRLF.
   */
  feed(
    bytes: Uint8Array,
    at: number,
    sizeBytes: number,
    behind: number,
    trailers: Uint8Array | null,
    trailerBytes: number,
  ): number {
    assert(this.head === this.tail && !this.isDone, "output is sent before more is taken");
    if (this.#awaitsTrailers) {
      this.tail = 0;
      this.#writeEnd(trailers, trailerBytes);
      this.head = 0;
      return 0;
    }
    if (this.#op === NO_OP) {
      const isNothing = sizeBytes === 0 && !(behind === Behind.QUIET && this.#isUnflushed);
      if (isNothing && behind !== Behind.END) return 0;
      this.#op = behind;
      this.#opBytes = sizeBytes;
    }
    return this.#run(bytes, at, trailers, trailerBytes);
  }

  #run(bytes: Uint8Array, at: number, trailers: Uint8Array | null, trailerBytes: number): number {
    const encoder = this.#encoder!;
    encoder.run(this.#op, bytes, at, this.#opBytes, this.output.bytes, SIZE_BYTES, PAYLOAD_MAX);
    const { inputLeft, outputLeft } = encoder;
    const taken = this.#opBytes - inputLeft;
    const made = PAYLOAD_MAX - outputLeft;
    const isOver = inputLeft === 0 && (outputLeft > 0 || this.#op === EncodeOp.PROCESS);
    if (encoder.hasFailed || (outputLeft > 0 && inputLeft > 0)) {
      this.hasFailed = true;
      return 0;
    }
    this.#opBytes = inputLeft;
    this.takenBytes += taken;
    this.head = this.tail = SIZE_BYTES;
    if (made > 0) this.#frame(made);
    if (!isOver) return taken;
    this.#isUnflushed = this.#op === EncodeOp.PROCESS;
    if (this.#op === EncodeOp.FINISH) this.#writeEnd(trailers, trailerBytes);
    this.#op = NO_OP;
    return taken;
  }

  /** Makes a chunk of what the encoder wrote. */
  #frame(sizeBytes: number): void {
    const { bytes } = this.output;
    let at = SIZE_BYTES - 2;
    bytes[at] = CR;
    bytes[at + 1] = LF;
    for (let rest = sizeBytes; rest > 0; rest >>= 4) bytes[--at] = HEX[rest & 15]!;
    this.head = at;
    this.tail = SIZE_BYTES + sizeBytes;
    bytes[this.tail++] = CR;
    bytes[this.tail++] = LF;
  }

  /** The last chunk and the trailers, now or when what waits has been sent. */
  #writeEnd(trailers: Uint8Array | null, trailerBytes: number): void {
    const { bytes } = this.output;
    this.#awaitsTrailers = this.tail + 3 + Math.max(2, trailerBytes) > bytes.length;
    if (this.#awaitsTrailers) return;
    bytes[this.tail++] = ZERO;
    bytes[this.tail++] = CR;
    bytes[this.tail++] = LF;
    for (let i = 0; i < trailerBytes; i++) bytes[this.tail++] = trailers![i]!;
    if (trailerBytes === 0) {
      bytes[this.tail++] = CR;
      bytes[this.tail++] = LF;
    }
    this.isDone = true;
  }
}
