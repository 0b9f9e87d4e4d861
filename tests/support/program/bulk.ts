/**
 * Streams of bytes too big to compare: both ends make a checksum on the way.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { Prng } from "../../../src/base/prng.ts";

const BLOCK_BYTES = 2 * 1_024 * 1_024;
const CHUNK_BYTES_MAX = 128 * 1_024;

/** What went through one end. */
export interface Bulk {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Sends `sizeBytes` of noise in chunks of all sizes, then ends the sending side. */
export async function sendBulk(conn: Deno.Conn, sizeBytes: number, seed: number): Promise<Bulk> {
  const prng = new Prng(seed);
  const block = new Uint8Array(BLOCK_BYTES);
  const words = new Uint32Array(block.buffer);
  for (let i = 0; i < words.length; i++) words[i] = prng.nextUint32();
  const hash = createHash("sha256");
  for (let sent = 0; sent < sizeBytes;) {
    const count = Math.min(sizeBytes - sent, chunkBytes(prng));
    const start = prng.nextBelow(BLOCK_BYTES - count);
    let chunk = block.subarray(start, start + count);
    hash.update(chunk);
    sent += count;
    while (chunk.length > 0) chunk = chunk.subarray(await conn.write(chunk));
  }
  await (conn as Deno.TcpConn).closeWrite();
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** Receives to the end of the stream. */
export async function receiveBulk(conn: Deno.Conn): Promise<Bulk> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(256 * 1_024);
  let sizeBytes = 0;
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return { sizeBytes, sha256: hash.digest("hex") };
    hash.update(buffer.subarray(0, count));
    sizeBytes += count;
  }
}

/** One in four is tiny, one in four around hadro's buffer size, the others anything. */
function chunkBytes(prng: Prng): number {
  switch (prng.nextBelow(4)) {
    case 0:
      return 1 + prng.nextBelow(64);
    case 1:
      return 16_384 - 32 + prng.nextBelow(64);
    default:
      return 1 + prng.nextBelow(CHUNK_BYTES_MAX);
  }
}
