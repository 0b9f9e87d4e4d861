/**
 * One body being compressed: node:zlib's encoder, driven step by step from memory to memory.
 *
 * The streams of node:zlib are made for promises and callbacks; beneath them is a handle that takes an operation, bytes and room, and is
 * done when it returns. That is what an engine needs: bounded work, no allocation, no waiting (docs/decisions has the figures). It is no
 * documented interface: {@linkcode checkEncoder} proves at start that it does what is expected here.
 *
 *     PROCESS   take bytes, keep what is better kept
 *     FLUSH     and give out everything, so that the peer can decode all that was taken
 *     FINISH    and end
 *
 * An operation that leaves no room is repeated, with the bytes that it left and no others, until it leaves some. An encoder serves one
 * body: to reset one that was abandoned makes Deno 2.9 write broken data (gzip) or panic (br).
 *
 * May import: base, config, protocol.
 *
 * @module
 */
import {
  brotliDecompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { CODING_NAMES, ContentCoding } from "../../protocol/http/accept_encoding.ts";

/** What to do with the bytes given. */
export const EncodeOp = { PROCESS: 0, FLUSH: 1, FINISH: 2 } as const;

/** Memory a stream must be able to look back: 128 kB to 256 kB; more costs much and finds little in web pages. */
const BR_WINDOW_BITS = 18;
const ZSTD_WINDOW_BITS = 17;

/** What is beneath a stream of node:zlib. */
interface Handle {
  onerror: () => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputRoom: number,
  ): void;
  close(): void;
}

/** The same, and where it says how much room and how many bytes are left. */
interface Native {
  readonly _handle: Handle;
  readonly _writeState: Uint32Array;
}

const GZIP_OPS = [constants.Z_NO_FLUSH, constants.Z_SYNC_FLUSH, constants.Z_FINISH];
const BR_OPS = [
  constants.BROTLI_OPERATION_PROCESS,
  constants.BROTLI_OPERATION_FLUSH,
  constants.BROTLI_OPERATION_FINISH,
];
const ZSTD_OPS = [constants.ZSTD_e_continue, constants.ZSTD_e_flush, constants.ZSTD_e_end];

/** What a body is compressed by. */
export interface Encoder {
  /** Bytes given and not taken, and room not used, by the last run. */
  readonly inputLeft: number;
  readonly outputLeft: number;
  /** The last run went wrong: only `close` is left. */
  readonly hasFailed: boolean;
  /** Takes at most `inputBytes` bytes, writes at most `outputRoom`; see the module's text. */
  run(
    op: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputRoom: number,
  ): void;
  /** Gives its memory back; once. */
  close(): void;
}

/** See the module's text. */
export class ContentEncoder implements Encoder {
  inputLeft = 0;
  outputLeft = 0;
  hasFailed = false;
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  readonly #ops: readonly number[];

  /** @param coding A value of ContentCoding, not IDENTITY. */
  constructor(coding: number, level: number) {
    const native = newNative(coding, level);
    this.#handle = native._handle;
    this.#state = native._writeState;
    this.#ops = coding === ContentCoding.GZIP ? GZIP_OPS : coding === ContentCoding.BR ? BR_OPS : ZSTD_OPS;
    this.#handle.onerror = () => {
      this.hasFailed = true;
    };
  }

  run(
    op: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputRoom: number,
  ): void {
    try {
      this.#handle.writeSync(this.#ops[op]!, input, inputAt, inputBytes, output, outputAt, outputRoom);
    } catch {
      this.hasFailed = true;
    }
    this.outputLeft = this.#state[0]!;
    this.inputLeft = this.#state[1]!;
  }

  close(): void {
    this.#handle.close();
  }
}

/** Returns "" when what is needed of node:zlib for a coding is there and works, else what is wrong. */
export function checkEncoder(coding: number, level: number): string {
  const text = new TextEncoder().encode("hadro, hadro, hadro".repeat(9));
  const output = new Uint8Array(1_024);
  try {
    const encoder = new ContentEncoder(coding, level);
    encoder.run(EncodeOp.FLUSH, text, 0, text.length, output, 0, output.length);
    const flushedBytes = output.length - encoder.outputLeft;
    encoder.run(EncodeOp.FINISH, text, 0, 0, output, flushedBytes, output.length - flushedBytes);
    encoder.close();
    if (encoder.hasFailed || flushedBytes === 0) return "its encoder fails";
    const decoded = decode(coding, output.subarray(0, output.length - encoder.outputLeft));
    const isRight = decoded.length === text.length && text.every((byte, i) => decoded[i] === byte);
    return isRight ? "" : "what it encodes is not decoded to the same";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function decode(coding: number, bytes: Uint8Array): Uint8Array {
  if (coding === ContentCoding.GZIP) return gunzipSync(bytes);
  return coding === ContentCoding.BR ? brotliDecompressSync(bytes) : zstdDecompressSync(bytes);
}

function newNative(coding: number, level: number): Native {
  const stream: unknown = coding === ContentCoding.GZIP
    ? createGzip({ level })
    : coding === ContentCoding.BR
    ? createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: BR_WINDOW_BITS },
    })
    : createZstdCompress({
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_windowLog]: ZSTD_WINDOW_BITS,
      },
    });
  const native = stream as Partial<Native>;
  if (typeof native._handle?.writeSync !== "function" || !(native._writeState instanceof Uint32Array)) {
    throw new Error(`node:zlib has no handle for ${CODING_NAMES[coding]} as it is known here`);
  }
  return native as Native;
}
