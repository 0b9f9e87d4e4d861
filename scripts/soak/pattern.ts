/**
 * Bytes that tell where they belong, so that a stream of gigabytes is checked without a checksum over each byte.
 *
 *     block of 64 kB:  | index, 4 bytes | number of the byte modulo 251, for the rest |
 *
 * Of each chunk all indexes in it and its last byte are compared: a lost, doubled or moved piece shifts one of them.
 *
 * @module
 */

export const BLOCK_BYTES = 65_536;
const INDEX_BYTES = 4;
/** A prime, so that a shift by any power of two shows. */
const FILL_MODULUS = 251;

/** `count` blocks in a row; {@linkcode writeIndexes} makes them those of a place. */
export function newBlocks(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  for (let i = 0; i < bytes.length; i++) bytes[i] = fillAt(i % BLOCK_BYTES);
  return bytes;
}

/** Writes the indexes from `first` on into the blocks. */
export function writeIndexes(blocks: Uint8Array<ArrayBuffer>, first: number): void {
  const view = new DataView(blocks.buffer);
  for (let at = 0, index = first; at < blocks.length; at += BLOCK_BYTES) view.setUint32(at, index++);
}

/** Follows a stream from its first byte. */
export class PatternChecker {
  receivedBytes = 0;
  /** Bytes that were compared and are not what belongs there. */
  wrongBytes = 0;
  comparedBytes = 0;

  take(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const start = this.receivedBytes;
    const end = start + chunk.length;
    for (let block = Math.floor(start / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) {
      for (let i = 0; i < INDEX_BYTES; i++) this.#compare(chunk, start, block * BLOCK_BYTES + i);
    }
    this.#compare(chunk, start, end - 1);
    this.receivedBytes = end;
  }

  #compare(chunk: Uint8Array, start: number, position: number): void {
    if (position < start || position >= start + chunk.length) return;
    this.comparedBytes++;
    if (chunk[position - start] !== byteAt(position)) this.wrongBytes++;
  }
}

function byteAt(position: number): number {
  const inBlock = position % BLOCK_BYTES;
  if (inBlock >= INDEX_BYTES) return fillAt(inBlock);
  const index = Math.floor(position / BLOCK_BYTES);
  return (index >>> (8 * (INDEX_BYTES - 1 - inBlock))) & 0xff;
}

function fillAt(inBlock: number): number {
  return inBlock % FILL_MODULUS;
}
