/**
 * The stickiness of one tcp connection: the server that its client had, and has now.
 *
 * May import: proxy.
 *
 * @module
 */
import type { ClientIdentity } from "../client_identity.ts";
import type { Server } from "../server.ts";
import { StickState } from "./stick_state.ts";
import type { Stickiness } from "./stickiness.ts";

/** See the module's text. */
export class TcpStick {
  readonly #stickiness: Stickiness;
  readonly #client: ClientIdentity;
  readonly #state = new StickState();

  constructor(stickiness: Stickiness, client: ClientIdentity) {
    this.#stickiness = stickiness;
    this.#client = client;
  }

  /** The server that the client is to have; null: any. */
  choose(wallMs: number): Server | null {
    return this.#stickiness.chooseForClient(this.#state, this.#client, wallMs);
  }

  /** The client is connected to this server. */
  learn(server: Server, wallMs: number): void {
    this.#stickiness.learn(this.#state, server, wallMs);
  }
}
