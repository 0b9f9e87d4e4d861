/**
 * A request as the client sent it, kept while it may have to be sent again (HAProxy: l7_buffer).
 *
 *     NONE --keep: it fits, a buffer is to spare--> KEPT --putBack: a try failed--> NONE, the request is at the client's end as if it
 *       ^                                            | just had come, and is kept again when it is sent again
 *       +-- final head, end of the stream, it grew --+
 *           too large: the buffer is given back
 *
 * The copy is of what came, not of what was sent: another server gets the head that is made for it. A body that still comes is added
 * as it is passed on, so that a request may be repeated in the middle of its body.
 *
 * May import: base, mux, protocol, proxy/retry.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import type { H1Back } from "../../mux/h1_back.ts";
import { HEAD_CAPACITY, HeadStatus } from "../../mux/h1_end.ts";
import type { H1Front } from "../../mux/h1_front.ts";
import { MessageCopy } from "../../mux/message_copy.ts";
import type { EndContext } from "../../mux/waiting_bytes.ts";
import { BodyKind, requestFraming } from "../../protocol/http/framing.ts";

/** The first count of what was passed on is still to be made. */
const UNKNOWN = -1;

/** See the module's text. One a stream, reused. */
export class RequestReplay {
  /** There is a copy that is whole as far as the request has come. */
  isKept = false;
  /** The request was sent before: it gets a connection of its own now. */
  isRepeated = false;
  /** Why it was not sent again though the failure allowed it, in words; "" when nothing was in the way. */
  refusal = "";
  readonly #context: EndContext;
  /** Made when it is first needed. */
  #copy: MessageCopy | null = null;
  /** Bytes of the edited request that were sent, or may be, and are in the copy. */
  #passedBytes = UNKNOWN;

  constructor(context: EndContext) {
    this.#context = context;
  }

  /** Begins for another request. */
  reset(): void {
    this.isRepeated = false;
    this.refusal = "";
  }

  /** Before its head is edited: copies what has come of a request, if it can be copied whole. */
  keep(front: H1Front): void {
    const { body, forwardableBytes } = front;
    const stillComes = body.kind === BodyKind.LENGTH ? body.remainingBytes : 0;
    if (forwardableBytes + stillComes > HEAD_CAPACITY) return;
    this.#copy ??= new MessageCopy(this.#context);
    if (!this.#copy.take()) return;
    this.#copy.append(front, front.head, forwardableBytes);
    this.#passedBytes = UNKNOWN;
    this.isKept = true;
  }

  /** Before more of the request is sent: copies what came since, or gives up. */
  follow(front: H1Front, back: H1Back): void {
    const passedBytes = back.sentBytes + front.forwardableBytes;
    const freshBytes = this.#passedBytes === UNKNOWN ? 0 : passedBytes - this.#passedBytes;
    this.#passedBytes = passedBytes;
    if (freshBytes === 0) return;
    const isTooLarge = this.#copy!.waitingBytes + freshBytes > HEAD_CAPACITY;
    // What went through a pipe was seen by nobody.
    if (isTooLarge || front.pipedBytes > 0) this.release();
    else this.#copy!.append(front, front.head + front.forwardableBytes - freshBytes, freshBytes);
  }

  /** Whether the copy and what waits behind the request fit one buffer. */
  fits(front: H1Front): boolean {
    return this.#copy!.waitingBytes + front.waitingBytes - front.forwardableBytes <= HEAD_CAPACITY;
  }

  /** Puts the request back to where it came to, its head parsed, its body followed as far as it has come; only if it {@linkcode RequestReplay.fits}. */
  putBack(front: H1Front): void {
    front.putBack(this.#copy!);
    this.isKept = false;
    this.isRepeated = true;
    const status = front.parseHead();
    assert(status === HeadStatus.DONE, "a head that was parsed once is parsed again");
    const head = front.parsedHead;
    const isBodyGood = front.beginForwarding(head.headEnd, requestFraming(head), head.contentLength);
    assert(isBodyGood, "a body that was good is good again");
    front.setBodyPhase();
  }

  /** Why the exchange failed, and why there was no other. */
  explain(reason: string): string {
    return this.refusal === "" ? reason : `${reason}; ${this.refusal}`;
  }

  /** Gives the buffer back. */
  release(): void {
    this.isKept = false;
    this.#copy!.releaseBuffer();
  }
}
