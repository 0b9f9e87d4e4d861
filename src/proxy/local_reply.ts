/**
 * An answer that hadro gives by itself, on its way to the client.
 *
 *     an error      lies ready in permanent memory (error_reply.ts)
 *     a redirect    is written into shared memory before each send, from the request's head, which stays in the client's buffer
 *
 * May import: base, mux, proxy.
 *
 * @module
 */
import type { Front } from "../mux/front.ts";
import type { ErrorReplies } from "./error_reply.ts";
import type { Redirect } from "./redirect.ts";

/** What {@linkcode LocalReply.send} came to. */
export const ReplyProgress = { DONE: 0, BLOCKED: 1, FAILED: 2 } as const;

/** See the module's text. Reused by its stream. */
export class LocalReply {
  readonly #errors: ErrorReplies;
  #redirect: Redirect | null = null;
  #offset = 0;
  #sentBytes = 0;
  #totalBytes = 0;
  #closes = false;

  constructor(errors: ErrorReplies) {
    this.#errors = errors;
  }

  /** Begins with an error, which with 429 says when to come again; returns the length of its head. */
  beginError(status: number, closes: boolean, isHeadOnly: boolean, waitMs = 0): number {
    const { offset, headBytes, totalBytes } = this.#errors.get(status, closes, waitMs);
    this.#begin(null, closes);
    this.#offset = offset;
    this.#totalBytes = isHeadOnly ? headBytes : totalBytes;
    return headBytes;
  }

  /** Begins with a redirect of the request that `front` holds; returns the length of its head. */
  beginRedirect(redirect: Redirect, front: Front, closes: boolean): number {
    this.#begin(redirect, closes);
    this.#totalBytes = this.#write(redirect, front);
    return this.#totalBytes;
  }

  /** Sends as much as the client takes; returns a {@linkcode ReplyProgress}. */
  send(front: Front): number {
    if (this.#redirect !== null) this.#write(this.#redirect, front);
    const { slab } = this.#redirect ?? this.#errors;
    while (this.#sentBytes < this.#totalBytes) {
      const offset = this.#offset + this.#sentBytes;
      const count = front.sendBytes(slab, offset, this.#totalBytes - this.#sentBytes, this.#closes);
      if (count > 0) this.#sentBytes += count;
      if (front.isSendBlocked) return ReplyProgress.BLOCKED;
      if (front.sendError !== 0) return ReplyProgress.FAILED;
    }
    return ReplyProgress.DONE;
  }

  #begin(redirect: Redirect | null, closes: boolean): void {
    this.#redirect = redirect;
    this.#closes = closes;
    this.#offset = this.#sentBytes = 0;
  }

  #write(redirect: Redirect, front: Front): number {
    return redirect.write(front.parsedHead, front.bytes, front.messageStart, this.#closes);
  }
}
