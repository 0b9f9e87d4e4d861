/**
 * The answers that hadro gives itself: made once, sent from permanent memory, so that an error never waits for a buffer.
 *
 *     per status:  [ head, keep-alive ][ body ]  [ head, close ][ body ]      to HEAD only the head is sent
 *
 *     429: as many as there are times in RETRY_AFTER_S, each saying when to come again; the next longer one is taken
 *
 * May import: base, protocol.
 *
 * @module
 */
import { Slab } from "../base/slab.ts";
import { reasonPhrase } from "../protocol/http/status.ts";

/** Statuses that hadro answers by itself, and what they mean to a person. */
const REPLY_TEXT: Readonly<Record<number, string>> = {
  400: "The request could not be understood.",
  401: "This listener asks for a user and a password.",
  403: "This client may not use this listener.",
  404: "No route of this listener matches the request.",
  405: "This method is not allowed here.",
  408: "The request took too long.",
  413: "The request is too large.",
  414: "The request target is too long.",
  429: "This client sends more requests than it may.",
  431: "The request's header fields are too large.",
  500: "The proxy failed to handle the request.",
  501: "The request uses a transfer coding that is not implemented.",
  502: "The server gave an invalid or incomplete response.",
  503: "No server is available to handle this request.",
  504: "The server did not respond in time.",
  505: "This version of HTTP is not supported.",
};

/** Where one answer lies in {@linkcode ErrorReplies.slab}. */
export interface Reply {
  readonly offset: number;
  readonly headBytes: number;
  readonly totalBytes: number;
}

const SLAB_BYTES = 32_768;
const CHALLENGE = 'www-authenticate: Basic realm="hadro", charset="UTF-8"\r\n';

/** What Retry-After may say, in seconds; the last is the longest that a rate can have. */
export const RETRY_AFTER_S: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 90, 120, 180, 240, 300, 450, 600, 900],
  ...[1_200, 1_800, 2_700, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400],
];

/** Whether the client may go on after this answer: not after what makes its bytes doubtful, but when it need only wait or try again. */
export function mayKeepAlive(status: number): boolean {
  return status >= 500 || status === 401 || status === 429;
}

/** See the module's text. */
export class ErrorReplies {
  readonly slab = new Slab(SLAB_BYTES);
  readonly #replies = new Map<number, Reply>();
  #used = 0;

  constructor() {
    for (const status of Object.keys(REPLY_TEXT)) {
      if (Number(status) !== 429) this.#add(Number(status), 0);
    }
    for (const seconds of RETRY_AFTER_S) this.#add(429, seconds);
  }

  /** The answer for one of {@linkcode REPLY_TEXT}'s statuses; of 429 the one that says to wait `waitMs`, or a little longer. */
  get(status: number, closes: boolean, waitMs = 0): Reply {
    return this.#replies.get(keyOf(status, closes, status === 429 ? retryAfter(waitMs) : 0))!;
  }

  #add(status: number, retryAfterS: number): void {
    this.#write(status, false, retryAfterS);
    this.#write(status, true, retryAfterS);
  }

  #write(status: number, closes: boolean, retryAfterS: number): void {
    const reason = reasonPhrase(status);
    const body = `${status} ${reason}\n${REPLY_TEXT[status]}\n`;
    const head =
      `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${body.length}\r\ncache-control: no-cache\r\n` +
      `content-type: text/plain\r\n${
        status === 405 ? "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" : ""
      }${retryAfterS > 0 ? `retry-after: ${retryAfterS}\r\n` : ""}${status === 401 ? CHALLENGE : ""}` +
      `${closes ? "connection: close\r\n" : ""}\r\n`;
    const { written } = new TextEncoder().encodeInto(head + body, this.slab.bytes.subarray(this.#used));
    this.#replies.set(keyOf(status, closes, retryAfterS), {
      offset: this.#used,
      headBytes: head.length,
      totalBytes: written,
    });
    this.#used += written;
  }
}

function retryAfter(waitMs: number): number {
  for (let i = 0; i < RETRY_AFTER_S.length; i++) {
    if (RETRY_AFTER_S[i]! * 1_000 >= waitMs) return RETRY_AFTER_S[i]!;
  }
  return RETRY_AFTER_S[RETRY_AFTER_S.length - 1]!;
}

function keyOf(status: number, closes: boolean, retryAfterS: number): number {
  return (retryAfterS * 1_000 + status) * 2 + (closes ? 1 : 0);
}
