/**
 * The answer to an http check as far as it must be known: its head, and with expect body: as much of its body as fits.
 *
 *     HEAD --complete--> status expected? --yes--> PASSED (404 with disable-on-404: CONDITIONAL)   no --> FAILED
 *       |                body expected?   --------> BODY --text found--> PASSED;  end, or no more room --> FAILED
 *       +--malformed, too large, ended, or broken--> FAILED
 *
 * Interim answers (1xx) are passed over. Chunks are taken out of a body where it lies.
 *
 * This is also a buffer: one memory, used by one check after another (check_buffers.ts).
 *
 * May import: base, config, protocol, proxy/health.
 *
 * @module
 */
import { Slab } from "../../base/slab.ts";
import type { CheckRequest } from "../../config/model_health.ts";
import { ChunkScanner } from "../../protocol/h1/chunk_scanner.ts";
import { HeadParser, ParseStatus } from "../../protocol/h1/head_parser.ts";
import { BodyKind, responseFraming } from "../../protocol/http/framing.ts";
import { Method } from "../../protocol/http/method.ts";
import { HealthReason } from "./health_reason.ts";

/** Bytes of an answer that are kept at most, head and body. */
export const ANSWER_BYTES_MAX = 16_384;

/** What an answer, or a whole check, has come to. VOID: it says nothing about the server. */
export const Verdict = { PENDING: 0, PASSED: 1, CONDITIONAL: 2, FAILED: 3, VOID: 4 } as const;

const NO_BYTES = new Uint8Array(0);

/** See the module's text. */
export class CheckAnswer {
  readonly slab = new Slab(ANSWER_BYTES_MAX);
  /** Where the next bytes belong. */
  length = 0;
  /** Why it failed. */
  reason: number = HealthReason.NONE;
  detail = 0;
  readonly #parser = new HeadParser("response");
  readonly #chunks = new ChunkScanner();
  #request: CheckRequest | null = null;
  #needle: Uint8Array = NO_BYTES;
  #isBody = false;
  #bodyKind: number = BodyKind.NONE;
  #bodyStart = 0;
  /** Bytes of a body by length that are still to come. */
  #missing = 0;

  /** Begins with the next check. */
  begin(request: CheckRequest, needle: Uint8Array): void {
    this.#request = request;
    this.#needle = needle;
    this.length = 0;
    this.#isBody = false;
    this.#parser.reset();
  }

  get roomBytes(): number {
    return ANSWER_BYTES_MAX - this.length;
  }

  /** `count` bytes were received behind {@linkcode CheckAnswer.length}; returns a {@linkcode Verdict}. */
  take(count: number): number {
    const from = this.length;
    this.length += count;
    return this.#isBody ? this.#takeBody(from) : this.#takeHead();
  }

  /** The connection ended, in order (0) or with a negated error number. */
  end(errno: number): number {
    if (this.#isBody && this.#bodyKind === BodyKind.UNTIL_CLOSE && errno === 0) {
      return this.#fail(HealthReason.BODY, 0);
    }
    return this.#fail(HealthReason.CLOSED, errno);
  }

  #takeHead(): number {
    const parser = this.#parser;
    const { bytes } = this.slab;
    for (;;) {
      const status = parser.parse(bytes, 0, this.length);
      if (status === ParseStatus.ERROR) return this.#fail(HealthReason.BAD_ANSWER, parser.errorCode);
      if (status !== ParseStatus.DONE) {
        return this.roomBytes > 0 ? Verdict.PENDING : this.#fail(HealthReason.BAD_ANSWER, 0);
      }
      if (parser.status >= 200 || parser.status === 101) return this.#judgeHead();
      bytes.copyWithin(0, parser.headEnd, this.length);
      this.length -= parser.headEnd;
      parser.reset();
    }
  }

  #judgeHead(): number {
    const { status } = this.#parser;
    const { expect, disableOn404, method } = this.#request!;
    if (status === 404 && disableOn404) {
      this.#fail(HealthReason.STATUS, status);
      return Verdict.CONDITIONAL;
    }
    if (expect.kind === "status") {
      const isExpected = expect.ranges.some(([first, last]) => status >= first && status <= last);
      return isExpected ? Verdict.PASSED : this.#fail(HealthReason.STATUS, status);
    }
    const methodId = method === "GET" ? Method.GET : Method.OPTIONS;
    this.#isBody = true;
    this.#bodyKind = responseFraming(this.#parser, methodId, status);
    this.#missing = this.#parser.contentLength;
    this.#bodyStart = this.#parser.headEnd;
    this.#chunks.reset();
    return this.#takeBody(this.#bodyStart);
  }

  #takeBody(from: number): number {
    let isOver = this.#bodyKind === BodyKind.NONE || this.#bodyKind === BodyKind.TUNNEL;
    if (this.#bodyKind === BodyKind.CHUNKED) {
      this.length = this.#chunks.decode(this.slab.bytes, from, this.length);
      if (this.#chunks.errorCode !== 0) return this.#fail(HealthReason.BAD_ANSWER, this.#chunks.errorCode);
      isOver = this.#chunks.isDone;
    } else if (this.#bodyKind === BodyKind.LENGTH) {
      this.length = Math.min(this.length, from + this.#missing);
      this.#missing -= this.length - from;
      isOver = this.#missing === 0;
    }
    if (this.#hasNeedle(from)) return Verdict.PASSED;
    if (isOver) return this.#fail(HealthReason.BODY, 0);
    return this.roomBytes > 0 ? Verdict.PENDING : this.#fail(HealthReason.BODY, 1);
  }

  /** Whether the text occurs in the body; only what came since `from` is new. */
  #hasNeedle(from: number): boolean {
    const { bytes } = this.slab;
    const needle = this.#needle;
    for (
      let at = Math.max(this.#bodyStart, from - needle.length + 1);
      at + needle.length <= this.length;
      at++
    ) {
      let i = 0;
      while (i < needle.length && bytes[at + i] === needle[i]) i++;
      if (i === needle.length) return true;
    }
    return false;
  }

  #fail(reason: number, detail: number): number {
    this.reason = reason;
    this.detail = detail;
    return Verdict.FAILED;
  }
}
