/**
 * A request that came on an HTTP/2 stream, as HTTP/1 has it: its head and its body lie in a buffer as if they had been received so.
 *
 *     body         a length was said    none was said
 *     in memory    as it came           each piece a chunk; trailers behind the last one
 *
 *     memory   | head, body, as far as there is room |   then further pieces of memory, each taken over when the one before is empty
 *
 * Memory is the pool's where it can be had at once. Where it cannot, it is a piece of its own, no larger than needed: what has come must
 * be kept, for frames behind it (WINDOW_UPDATE) may be what sets buffers free. How much may come is bounded by the windows.
 *
 * May import: base, event, buffer, protocol, mux.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import { Criticality } from "../buffer/criticality.ts";
import { NO_BUFFER } from "../buffer/pool.ts";
import { IoClass } from "../event/io_queue.ts";
import { Front, FrontPhase } from "./front.ts";
import { HEAD_CAPACITY, HeadStatus } from "./h1_end.ts";
import type { MessageCopy } from "./message_copy.ts";
import { FULL_CAPACITY, type SocketEnd } from "./socket_end.ts";

/** Behind a head that has memory of its own: for what a proxy adds. */
const REWRITE_BYTES = 1_024;
/** Digits and line ends of a chunk. */
const CHUNK_BYTES = 8;
const LAST_CHUNK = new TextEncoder().encode("0\r\n");
const CRLF = new TextEncoder().encode("\r\n");

/** A piece of memory behind the first one. */
interface Store {
  readonly slab: Slab;
  readonly buffer: number;
  readonly base: number;
  readonly capacity: number;
  tail: number;
}

/** See the module's text. */
export abstract class H2Request extends Front {
  readonly isMultiplexed = true;
  /** Payload that came and was not forwarded. */
  heldBytes = 0;
  /** Payload that came. */
  bodyBytes = 0;
  /** Everything of the request came. */
  isComplete = false;
  #isChunked = false;
  /** Nobody wants it any more. */
  #isDropped = false;
  #capacity: number = FULL_CAPACITY;
  #more: Store[] = [];
  /** Made for the first chunk. */
  #chunkHead: Uint8Array | null = null;

  override get capacityBytes(): number {
    return this.#capacity;
  }

  /** Only one that is whole, and in one piece. */
  override get isRepeatable(): boolean {
    return this.isComplete && this.#more.length === 0;
  }

  override get chunkedBytes(): number {
    return this.#isChunked ? this.bodyBytes : 0;
  }

  override get takenBytes(): number {
    return this.receivedBytes;
  }

  override get lacksBuffer(): boolean {
    return false;
  }

  /** Wherever a request's bytes lie, they came already. */
  override setReceiving(_isWanted: boolean): void {}

  /** The head, `text[0, length)`, becomes the beginning of the request; its bytes are copied. */
  putHead(text: Uint8Array, length: number, isChunked: boolean): void {
    this.#isChunked = isChunked;
    const buffer = this.#acquire(Criticality.REQUEST_HEAD);
    const { pool } = this.context.buffers;
    if (buffer === NO_BUFFER) {
      this.#capacity = Math.min(FULL_CAPACITY, length + REWRITE_BYTES);
      this.holdMemory(new Slab(this.#capacity), 0, NO_BUFFER);
      this.onOwnMemory(this.#capacity);
    } else this.holdMemory(pool.slab(buffer), pool.offset(buffer), buffer);
    for (let i = 0; i < length; i++) this.bytes[this.base + i] = text[i]!;
    this.tail = length;
    this.receivedBytes += length;
    this.phase = FrontPhase.HEAD;
  }

  /** Parses the head that was put. */
  readHead(): number {
    const status = this.parseHead();
    return status === HeadStatus.DONE && this.waitingBytes > this.headLimitBytes
      ? HeadStatus.TOO_LARGE
      : status;
  }

  override beginForwarding(_headBytes: number, kind: number, contentLength: number): boolean {
    this.forwardableBytes = this.tail - this.head;
    this.body.begin(kind, contentLength);
    return true;
  }

  override setBodyPhase(): void {
    this.phase = this.isComplete ? FrontPhase.DONE : FrontPhase.BODY;
  }

  override putBack(copy: MessageCopy): void {
    super.putBack(copy);
    this.#capacity = FULL_CAPACITY;
  }

  override makeRewriteRoom(): void {
    if (this.#capacity === FULL_CAPACITY && this.tail > HEAD_CAPACITY) this.compact();
  }

  /** A piece of the body came. */
  putBody(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.heldBytes += count;
    this.bodyBytes += count;
    this.onHeld(count);
    if (!this.#isChunked) {
      this.#put(bytes, start, end);
      return;
    }
    this.#chunkHead ??= new Uint8Array(CHUNK_BYTES);
    this.#put(this.#chunkHead, 0, writeChunkHead(this.#chunkHead, count));
    this.#put(bytes, start, end);
    this.#put(CRLF, 0, CRLF.length);
  }

  /** The body is whole; `trailers[0, length)` are whole lines. */
  putEnd(trailers: Uint8Array, length: number): void {
    this.isComplete = true;
    if (this.#isChunked && !this.#isDropped) {
      this.#put(LAST_CHUNK, 0, LAST_CHUNK.length);
      this.#put(trailers, 0, length);
      this.#put(CRLF, 0, CRLF.length);
    }
    if (this.phase === FrontPhase.BODY) this.phase = FrontPhase.DONE;
  }

  override forward(to: SocketEnd, isLast = false): number {
    const count = super.forward(to, isLast);
    if (!this.hasBuffer && this.#more.length > 0) this.#takeNext();
    if (count > 0) {
      this.#release(this.forwardableBytes === 0 ? this.heldBytes : Math.min(count, this.heldBytes));
    }
    return count;
  }

  /** What was held is of no use any more. */
  dropRequest(): void {
    this.#isDropped = true;
    this.releaseParser();
    this.releaseBuffer();
    for (const { buffer, capacity } of this.#more) {
      if (buffer === NO_BUFFER) this.onOwnMemory(-capacity);
      else this.context.buffers.release(buffer);
    }
    this.#more = [];
    this.forwardableBytes = 0;
    this.#release(this.heldBytes);
  }

  /** A piece of the body came that nobody wants any more. */
  passBody(count: number): void {
    this.bodyBytes += count;
  }

  /** Payload of `count` bytes came, and is kept. */
  protected abstract onHeld(count: number): void;

  /** Memory that is not the pool's was taken, or (below 0) given back. */
  protected abstract onOwnMemory(sizeBytes: number): void;

  /** Payload of `count` bytes found its way out: the client may send as much again. */
  protected abstract onReleased(count: number): void;

  protected override dropBuffer(): void {
    if (this.hasBuffer && this.buffer === NO_BUFFER) this.onOwnMemory(-this.#capacity);
    super.dropBuffer();
  }

  #release(count: number): void {
    if (count === 0) return;
    this.heldBytes -= count;
    this.onReleased(count);
  }

  #put(bytes: Uint8Array, start: number, end: number): void {
    this.receivedBytes += end - start;
    let at = start;
    while (at < end) {
      const last = this.#more[this.#more.length - 1];
      if (last !== undefined) {
        const count = Math.min(last.capacity - last.tail, end - at);
        copy(bytes, at, last.slab.bytes, last.base + last.tail, count);
        last.tail += count;
        at += count;
      } else if (this.hasBuffer) at += this.#putFirst(bytes, at, end);
      if (at < end) this.#addStore(end - at);
    }
  }

  /** Into the first piece, behind what waits there; while a head may still be edited, with room for that. */
  #putFirst(bytes: Uint8Array, at: number, end: number): number {
    const capacity = this.hasParser ? this.#capacity - REWRITE_BYTES : this.#capacity;
    const count = Math.max(0, Math.min(capacity - this.tail, end - at));
    copy(bytes, at, this.bytes, this.base + this.tail, count);
    this.tail += count;
    if (this.phase >= FrontPhase.BODY) this.forwardableBytes += count;
    return count;
  }

  #addStore(sizeBytes: number): void {
    const buffer = this.#acquire(Criticality.REQUEST_BODY);
    const { pool } = this.context.buffers;
    const isOwn = buffer === NO_BUFFER;
    const capacity = isOwn ? Math.min(FULL_CAPACITY, sizeBytes + CHUNK_BYTES) : FULL_CAPACITY;
    const slab = isOwn ? new Slab(capacity) : pool.slab(buffer);
    if (isOwn) this.onOwnMemory(capacity);
    const base = isOwn ? 0 : pool.offset(buffer);
    if (this.hasBuffer) this.#more.push({ slab, buffer, base, capacity, tail: 0 });
    else {
      this.holdMemory(slab, base, buffer);
      this.#capacity = capacity;
    }
  }

  #takeNext(): void {
    const next = this.#more.shift()!;
    this.holdMemory(next.slab, next.base, next.buffer);
    this.#capacity = next.capacity;
    this.tail = this.forwardableBytes = next.tail;
  }

  #acquire(criticality: number): number {
    const isHigh = this.context.engine.fdTable.ioClass(this.fd) <= IoClass.INTERACTIVE;
    return this.context.buffers.acquireNow(criticality, isHigh);
  }
}

/** Writes the line that a chunk of `count` bytes begins with; returns its length. */
function writeChunkHead(into: Uint8Array, count: number): number {
  let shift = 0;
  while (count >> (shift + 4) > 0) shift += 4;
  let at = 0;
  for (; shift >= 0; shift -= 4) {
    const digit = (count >> shift) & 0xf;
    into[at++] = digit < 10 ? 0x30 + digit : 0x57 + digit;
  }
  into[at] = 0x0d;
  into[at + 1] = 0x0a;
  return at + 2;
}

function copy(from: Uint8Array, start: number, into: Uint8Array, at: number, count: number): void {
  if (count > 64) into.set(from.subarray(start, start + count), at);
  else for (let i = 0; i < count; i++) into[at + i] = from[start + i]!;
}
