/**
 * How far a message's body has come in: RFC 9112 section 6 as a counter.
 *
 *     kind          ends
 *     NONE          at once
 *     LENGTH        after `remainingBytes`
 *     CHUNKED       where the chunk scanner says
 *     UNTIL_CLOSE   with the connection
 *
 * May import: protocol.
 *
 * @module
 */
import { ChunkScanner } from "../protocol/h1/chunk_scanner.ts";
import { BodyKind } from "../protocol/http/framing.ts";

/** What {@linkcode H1Body.advance} returns for chunked framing that is broken. */
export const BAD_BODY = -1;

/** One direction of one exchange; reused for the next message. */
export class H1Body {
  kind: number = BodyKind.NONE;
  isDone = true;
  remainingBytes = 0;
  /** Why chunked framing is broken: a ParseError. */
  errorCode = 0;
  /** Trailers of chunked bodies are kept: {@linkcode H1Body.trailers}. Holds from the next `begin` on. */
  keepsTrailers = false;
  /** Made for the first chunked body of a connection. */
  #scanner: ChunkScanner | null = null;

  /** `contentLength` counts with BodyKind.LENGTH only. */
  begin(kind: number, contentLength: number): void {
    this.kind = kind;
    this.remainingBytes = kind === BodyKind.LENGTH ? contentLength : 0;
    this.isDone = kind === BodyKind.NONE;
    this.errorCode = 0;
    if (kind === BodyKind.CHUNKED) {
      this.#scanner ??= new ChunkScanner();
      this.#scanner.reset();
      this.#scanner.keepsTrailers = this.keepsTrailers;
    }
  }

  /** The trailer section's fields and last CRLF, `trailerBytes` of it; null when there are none, or they are not kept. */
  get trailers(): Uint8Array | null {
    return this.kind === BodyKind.CHUNKED ? this.#scanner!.trailers : null;
  }

  get trailerBytes(): number {
    return this.kind === BodyKind.CHUNKED ? this.#scanner!.trailerBytes : 0;
  }

  /** Payload in chunks that was seen. */
  get chunkedBytes(): number {
    return this.kind === BodyKind.CHUNKED ? this.#scanner!.payloadSizeBytes : 0;
  }

  /** Whether the next bytes need not be seen: they are payload, `opaqueBytes` of them at most. */
  get isOpaque(): boolean {
    return !this.isDone && (this.kind === BodyKind.LENGTH || this.kind === BodyKind.UNTIL_CLOSE);
  }

  get opaqueBytes(): number {
    return this.kind === BodyKind.LENGTH ? this.remainingBytes : Infinity;
  }

  /** `count` opaque bytes came and were not seen. */
  pass(count: number): void {
    if (this.kind !== BodyKind.LENGTH) return;
    this.remainingBytes -= count;
    this.isDone = this.remainingBytes === 0;
  }

  /** Looks at new bytes; returns the index after the last one that belongs to this body, or BAD_BODY. */
  advance(bytes: Uint8Array, start: number, end: number): number {
    switch (this.kind) {
      case BodyKind.LENGTH: {
        const count = Math.min(this.remainingBytes, end - start);
        this.remainingBytes -= count;
        this.isDone = this.remainingBytes === 0;
        return start + count;
      }
      case BodyKind.CHUNKED: {
        const stop = this.#scanner!.scan(bytes, start, end);
        if (this.#scanner!.errorCode !== 0) {
          this.errorCode = this.#scanner!.errorCode;
          return BAD_BODY;
        }
        this.isDone = this.#scanner!.isDone;
        return stop;
      }
      case BodyKind.UNTIL_CLOSE:
        return end;
      default:
        return start;
    }
  }

  /**
   * As {@linkcode H1Body.advance} for a chunked body whose framing must go: moves the payload of `[start, end)` to its front and
   * returns the payload's end, or BAD_BODY. What follows the message is dropped.
   */
  strip(bytes: Uint8Array, start: number, end: number): number {
    const stop = this.#scanner!.decode(bytes, start, end);
    if (this.#scanner!.errorCode !== 0) {
      this.errorCode = this.#scanner!.errorCode;
      return BAD_BODY;
    }
    this.isDone = this.#scanner!.isDone;
    return stop;
  }

  /** The connection ended: returns whether the message is whole. */
  endOfStream(): boolean {
    if (this.kind === BodyKind.UNTIL_CLOSE) this.isDone = true;
    return this.isDone;
  }
}
