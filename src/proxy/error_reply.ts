/**
 * The answers that hadro gives itself: made once, sent from permanent memory, so that an error never waits for a buffer.
 *
 *     per status:  [ head, keep-alive ][ body ]  [ head, close ][ body ]      to HEAD only the head is sent
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
  403: "This client may not use this listener.",
  404: "No route of this listener matches the request.",
  405: "This method is not allowed here.",
  408: "The request took too long.",
  413: "The request is too large.",
  414: "The request target is too long.",
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

const SLAB_BYTES = 16_384;

/** See the module's text. */
export class ErrorReplies {
  readonly slab = new Slab(SLAB_BYTES);
  readonly #replies = new Map<number, Reply>();
  #used = 0;

  constructor() {
    for (const status of Object.keys(REPLY_TEXT)) {
      this.#add(Number(status), false);
      this.#add(Number(status), true);
    }
  }

  /** The answer for one of {@linkcode REPLY_TEXT}'s statuses. */
  get(status: number, closes: boolean): Reply {
    return this.#replies.get(status * 2 + (closes ? 1 : 0))!;
  }

  #add(status: number, closes: boolean): void {
    const reason = reasonPhrase(status);
    const body = `${status} ${reason}\n${REPLY_TEXT[status]}\n`;
    const head =
      `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${body.length}\r\ncache-control: no-cache\r\n` +
      `content-type: text/plain\r\n${
        status === 405 ? "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" : ""
      }` +
      `${closes ? "connection: close\r\n" : ""}\r\n`;
    const { written } = new TextEncoder().encodeInto(head + body, this.slab.bytes.subarray(this.#used));
    this.#replies.set(status * 2 + (closes ? 1 : 0), {
      offset: this.#used,
      headBytes: head.length,
      totalBytes: written,
    });
    this.#used += written;
  }
}
