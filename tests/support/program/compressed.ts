/** Responses that hadro compressed, as a client reads them. @module */
import { Buffer } from "node:buffer";
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Peer } from "./peers.ts";

/** A response in chunks, taken apart. */
export interface ChunkedResponse {
  /** With its empty line. */
  readonly head: string;
  /** The payload of the chunks, as it came. */
  readonly raw: Uint8Array;
  /** Field lines of the trailer section. */
  readonly trailers: string;
  readonly sizeBytes: number;
}

/** Decompresses by the name in Content-Encoding. */
export function decompress(coding: string, raw: Uint8Array): string {
  const decoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  };
  return Buffer.from(decoders[coding]!(raw)).toString("latin1");
}

/** As {@linkcode decompress}, for what was flushed of a body that has not ended. */
export function decompressPart(coding: string, raw: Uint8Array): string {
  if (raw.length === 0) return "";
  const bytes = coding === "gzip"
    ? gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH })
    : coding === "br"
    ? brotliDecompressSync(raw, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
    : zstdDecompressSync(raw, { finishFlush: constants.ZSTD_e_flush });
  return Buffer.from(bytes).toString("latin1");
}

/** Reads a response in chunks to its end, and leaves what is behind it; throws when the connection ends before. */
export async function readChunked(peer: Peer): Promise<ChunkedResponse> {
  const head = (await peer.readUntil("\r\n\r\n")).slice(0, peer.received.indexOf("\r\n\r\n") + 4);
  const parts: string[] = [];
  let at = head.length;
  for (;;) {
    const line = await lineAt(peer, at);
    const size = parseInt(line, 16);
    at += line.length + 2;
    if (size === 0) break;
    await bytesTo(peer, at + size + 2);
    parts.push(peer.received.slice(at, at + size));
    if (peer.received.slice(at + size, at + size + 2) !== "\r\n") throw new Error("A chunk has no end");
    at += size + 2;
  }
  let trailers = "";
  for (let line = await lineAt(peer, at); line !== ""; line = await lineAt(peer, at)) {
    trailers += `${line}\r\n`;
    at += line.length + 2;
  }
  at += 2;
  peer.received = peer.received.slice(at);
  return { head, raw: Buffer.from(parts.join(""), "latin1"), trailers, sizeBytes: at };
}

async function lineAt(peer: Peer, at: number): Promise<string> {
  for (;;) {
    const end = peer.received.indexOf("\r\n", at);
    if (end >= 0) return peer.received.slice(at, end);
    await bytesTo(peer, peer.received.length + 1);
  }
}

async function bytesTo(peer: Peer, count: number): Promise<void> {
  await peer.readBytes(count);
  if (peer.received.length < count) throw new Error("The connection ended in the middle of the response");
}
