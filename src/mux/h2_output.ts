/**
 * What an HTTP/2 connection has to send: small frames in a place of its own, and at most one large payload where it lies.
 *
 *     place     | sent | frames ... head of a DATA frame | frames that came up meanwhile | room |
 *                      head                             cut                             tail
 *     payload                                            ^ `payloadLeft` bytes: in the response buffer of a stream, or in memory
 *                                                          taken for the rest of a stream that ended, or for a large header block
 *
 * So to send takes no buffer of the pool: what a connection owes (answers to PING and SETTINGS, RST_STREAM, WINDOW_UPDATE) and what
 * a response needs never wait for one, and a response buffer that can be sent becomes free without taking another.
 *
 * May import: base, mux/socket_end.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import type { SocketEnd } from "./socket_end.ts";

/** The place for frames. */
const OUTPUT_BYTES = 4_096;

/** What {@linkcode H2Output.flush} came to. */
export const FlushResult = {
  /** Everything was sent. */
  EMPTY: 0,
  /** The socket takes no more, or failed. */
  BLOCKED: 1,
  /** The payload is next, and its owner must send it ({@linkcode H2Output.sendPayload}). */
  PAYLOAD: 2,
} as const;

/** See the module's text. */
export class H2Output {
  /** Of the payload that was begun: bytes to go. */
  payloadLeft = 0;
  /** Whose it is; null: kept here. */
  payloadOwner: object | null = null;
  tail = 0;
  readonly #slab = new Slab(OUTPUT_BYTES);
  #head = 0;
  #cut = 0;
  #rest: Slab | null = null;
  #restOffset = 0;

  get isEmpty(): boolean {
    return this.#head === this.tail && this.payloadLeft === 0;
  }

  /** Whether `sizeBytes` more have room; makes it where it can. */
  hasRoom(sizeBytes: number): boolean {
    if (this.#head > 0 && OUTPUT_BYTES - this.tail < sizeBytes) {
      this.#slab.bytes.copyWithin(0, this.#head, this.tail);
      this.tail -= this.#head;
      this.#cut -= this.#head;
      this.#head = 0;
    }
    return OUTPUT_BYTES - this.tail >= sizeBytes;
  }

  /** The memory of the place: the writers of protocol/h2 write at `tail`, where there is room, and move it. */
  get bytes(): Uint8Array {
    return this.#slab.bytes;
  }

  /** Copies `bytes[start, end)` behind the frames. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const into = this.#slab.bytes;
    for (let i = start; i < end; i++) into[this.tail++] = bytes[i]!;
  }

  /** What follows is `sizeBytes` of payload that `owner` has; only while no other payload is begun. */
  beginPayload(owner: object, sizeBytes: number): void {
    this.#cut = this.tail;
    this.payloadOwner = owner;
    this.payloadLeft = sizeBytes;
  }

  /** What follows is `bytes[start, end)`, of which a copy is kept; only while no other payload is begun. */
  writeLarge(bytes: Uint8Array, start: number, end: number): void {
    this.#cut = this.tail;
    this.payloadLeft = end - start;
    this.#keep(bytes, start);
  }

  /** The owner of the payload goes: a copy of the rest, at `start` in `bytes`, is kept. */
  keepPayload(bytes: Uint8Array, start: number): void {
    this.#keep(bytes, start);
  }

  /** Sends what is here; returns a {@linkcode FlushResult}. */
  flush(end: SocketEnd): number {
    for (;;) {
      const isPayloadNext = this.payloadLeft > 0;
      const limit = isPayloadNext ? this.#cut : this.tail;
      if (this.#head < limit) {
        const count = end.sendBytes(this.#slab, this.#head, limit - this.#head, isPayloadNext);
        if (count > 0) this.#head += count;
        if (this.#head < limit) return FlushResult.BLOCKED;
      }
      if (!isPayloadNext) {
        this.#head = this.tail = this.#cut = 0;
        return FlushResult.EMPTY;
      }
      if (this.payloadOwner !== null) return FlushResult.PAYLOAD;
      this.sendPayload(end, this.#rest!, this.#restOffset);
      if (this.payloadLeft > 0) return FlushResult.BLOCKED;
    }
  }

  /** Sends of the payload, which lies at `offset` of `slab`; everything before it was sent. Returns the count taken, or an error. */
  sendPayload(end: SocketEnd, slab: Slab, offset: number): number {
    const count = end.sendBytes(slab, offset, this.payloadLeft, this.tail > this.#cut);
    if (count <= 0) return count;
    this.payloadLeft -= count;
    if (this.#rest !== null) this.#restOffset += count;
    if (this.payloadLeft === 0) {
      this.payloadOwner = this.#rest = null;
      this.#restOffset = 0;
    }
    return count;
  }

  #keep(bytes: Uint8Array, start: number): void {
    const rest = new Slab(this.payloadLeft);
    rest.bytes.set(bytes.subarray(start, start + this.payloadLeft));
    this.#rest = rest;
    this.#restOffset = 0;
    this.payloadOwner = null;
  }
}
