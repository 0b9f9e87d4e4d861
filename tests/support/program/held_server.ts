/**
 * An HTTP server that a test holds back.
 *
 * @module
 */
import { response, ScriptedServer } from "./peers.ts";

/** A server that answers when it is told to, in the order in which it was asked. */
export class HeldServer {
  /** Paths, as they came. */
  readonly asked: string[] = [];
  readonly #server: ScriptedServer;
  readonly #held: (() => void)[] = [];
  #isOpen = false;
  #askedWakers: (() => void)[] = [];

  constructor() {
    this.#server = new ScriptedServer(async (peer) => {
      for (;;) {
        await peer.readUntil("\r\n\r\n");
        if (!peer.received.includes("\r\n\r\n")) return peer.close();
        const head = peer.take();
        this.asked.push(head.split(" ")[1]!);
        for (const wake of this.#askedWakers.splice(0)) wake();
        if (!this.#isOpen) await new Promise<void>((resolve) => this.#held.push(resolve));
        await peer.send(response("ok"));
      }
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** Answers the oldest request that it has. */
  answerOne(): void {
    this.#held.shift()!();
  }

  /** Answers all that it has, and all that come. */
  open(): void {
    this.#isOpen = true;
    for (const answer of this.#held.splice(0)) answer();
  }

  async askedCount(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => this.#askedWakers.push(resolve));
  }

  async stop(): Promise<void> {
    this.open();
    await this.#server.stop();
  }
}
