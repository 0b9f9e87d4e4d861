/**
 * Servers that fail requests in the ways that `retry-on` knows, and answer right in the end. They note what they were asked.
 *
 * @module
 */
import type { Prng } from "../../../src/base/prng.ts";
import { answer, cutMessage } from "./sim_http.ts";
import type { SimPeer } from "./sim_peer.ts";

/** How a request fails: as soon as its head is there, or with its body. */
export const FAILURES = ["ends", "resets", "talks", "stops", "unavailable", "hangs"] as const;
export type Failure = (typeof FAILURES)[number];

const WORDS: Partial<Record<Failure, string>> = {
  talks: "SSH-2.0-OpenSSH_9.6\r\n\r\n",
  stops: "HTTP/1.1 200 OK\r\nContent-Le",
  unavailable: "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy",
};

export interface SimFailingOptions {
  readonly failures: readonly Failure[];
  /** Of each request, over all servers. */
  readonly failuresMax: number;
  readonly chance: number;
  /** A connection that has answered is closed, perhaps when the next request is under way. */
  readonly staleChance: number;
}

/** See the module's text. One for all servers of a world. */
export class SimFailing {
  /** The heads that came, by the mark of their sending. */
  readonly heads = new Map<string, string[]>();
  failedCount = 0;
  readonly #prng: Prng;
  readonly #options: SimFailingOptions;
  readonly #failedOf = new Map<string, number>();

  constructor(prng: Prng, options: SimFailingOptions) {
    this.#prng = prng;
    this.#options = options;
  }

  serve(peer: SimPeer): () => boolean {
    let cut = 0;
    let answeredCount = 0;
    /** What will become of the request at `cut`; undefined: its head is not there yet. */
    let fate: Failure | null | undefined;
    let isFailing = false;
    return () => {
      if (peer.socket.isClosed) return false;
      const hasReceived = peer.pumpIn();
      const hasSent = peer.pumpOut();
      const isStale = answeredCount > 0 && fate === undefined && peer.hasSentAll &&
        this.#prng.chance(this.#options.staleChance);
      if (isStale || (peer.isOver && peer.hasSentAll)) {
        // In order, for an answer may be under way; it is a reset if another request has come already.
        peer.close();
        return true;
      }
      if (isFailing) return hasReceived || hasSent;
      const headEnd = peer.received.indexOf("\r\n\r\n", cut);
      if (fate === undefined && headEnd >= 0) fate = this.#decide(peer.received.slice(cut, headEnd + 4));
      if (fate === undefined) return hasReceived || hasSent;
      const message = cutMessage(peer.received, cut, false, false);
      if (fate !== null && (message !== null || this.#prng.chance(0.1))) {
        isFailing = true;
        this.#fail(peer, fate);
        return true;
      }
      if (fate === null && message !== null) {
        answer(peer, this.#prng, message.head, message.body);
        cut = message.endsAt;
        answeredCount++;
        fate = undefined;
      }
      return true;
    };
  }

  #decide(head: string): Failure | null {
    const mark = /X-Send: (\d+)/.exec(head)![1]!;
    const heads = this.heads.get(mark) ?? [];
    this.heads.set(mark, [...heads, head]);
    const { failures, failuresMax, chance } = this.#options;
    const failed = this.#failedOf.get(mark) ?? 0;
    if (failed >= failuresMax || !this.#prng.chance(chance)) return null;
    this.#failedOf.set(mark, failed + 1);
    this.failedCount++;
    return failures[this.#prng.nextBelow(failures.length)]!;
  }

  #fail(peer: SimPeer, failure: Failure): void {
    peer.queue(WORDS[failure] ?? "");
    if (failure === "resets") peer.close(true);
    else if (failure === "ends") peer.close();
    else if (failure === "stops") peer.endAfter();
  }
}
