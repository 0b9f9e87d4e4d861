/**
 * The bytes of a numbered stream: every byte is known by the stream's number and its offset, and every byte is compared.
 *
 *     stream:  | 4,096 bytes out of a table of random ones | 4,096 from another place of it | …
 *
 * The place of a block is a hash of the stream's number and the block's index, so a piece of another stream, or of another offset of the
 * same one, differs in its first bytes. A block is one memory comparison, which is what makes comparing all of them affordable.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { Prng } from "../../src/base/prng.ts";

const BLOCK_BYTES = 4_096;
const TABLE_BYTES = 1_048_576;
/** Of a wrong place, this many bytes are shown; enough to find them in the table. */
const SHOWN_BYTES = 16;

const table = newTable();

/** Writes the bytes of a stream from `offset` on. */
export function fillBytes(target: Uint8Array, stream: number, offset: number): void {
  for (let done = 0; done < target.length;) {
    const [place, length] = blockAt(stream, offset + done, target.length - done);
    target.set(table.subarray(place, place + length), done);
    done += length;
  }
}

/** The CRC-32 of a stream's first `size` bytes. */
export function crcOfStream(stream: number, size: number): number {
  let crc = 0;
  for (let offset = 0; offset < size;) {
    const [place, length] = blockAt(stream, offset, size - offset);
    crc = crc32(table.subarray(place, place + length), crc);
    offset += length;
  }
  return crc;
}

/** Follows a stream from its first byte. */
export class ByteChecker {
  readonly #stream: number;
  receivedBytes = 0;

  constructor(stream: number) {
    this.#stream = stream;
  }

  /** The next bytes of the stream; what is wrong with them, in words, or null. */
  take(chunk: Uint8Array): string | null {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (let done = 0; done < bytes.length;) {
      const [place, length] = blockAt(this.#stream, this.receivedBytes + done, bytes.length - done);
      if (table.compare(bytes, done, done + length, place, place + length) !== 0) {
        return this.#describe(bytes, done, place, length);
      }
      done += length;
    }
    this.receivedBytes += bytes.length;
    return null;
  }

  #describe(bytes: Buffer, from: number, place: number, length: number): string {
    let at = 0;
    while (at < length && bytes[from + at] === table[place + at]) at++;
    const got = bytes.subarray(from + at, from + at + SHOWN_BYTES);
    const wanted = table.subarray(place + at, place + Math.min(at + SHOWN_BYTES, length));
    const found = got.length < 4 ? -1 : table.indexOf(got);
    const origin = found < 0 ? "of no stream" : "of another place or stream";
    return `byte ${
      this.receivedBytes + from + at
    } of stream ${this.#stream} (${bytes.length} came at once): ${got.toString("hex")} ${
      JSON.stringify(got.toString("latin1").replaceAll(/[^ -~]/g, "."))
    }, ${origin}, not ${wanted.toString("hex")}`;
  }
}

/** Where in the table the bytes at `offset` are, and how many of them lie there in a row, `wanted` at most. */
function blockAt(stream: number, offset: number, wanted: number): readonly [number, number] {
  const inBlock = offset % BLOCK_BYTES;
  const block = (offset - inBlock) / BLOCK_BYTES;
  let hash = Math.imul(stream ^ Math.imul(block + 1, 0x9e3779b9), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  const place = ((hash ^ (hash >>> 15)) >>> 0) % (TABLE_BYTES - BLOCK_BYTES);
  return [place + inBlock, Math.min(wanted, BLOCK_BYTES - inBlock)];
}

function newTable(): Buffer {
  const prng = new Prng(1);
  const bytes = Buffer.alloc(TABLE_BYTES);
  for (let i = 0; i < TABLE_BYTES; i += 4) bytes.writeUInt32LE(prng.nextUint32(), i);
  return bytes;
}
