/**
 * A server whose checks pass, or fail in one of the ways that servers have: it changes its mode when it is told to.
 *
 * @module
 */
import type { Prng } from "../../../src/base/prng.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";
import type { SimNetwork } from "./sim_network.ts";
import { SimServer } from "./sim_peer.ts";
import type { SimPeer } from "./sim_peer.ts";
import type { SimActor } from "./sim_world.ts";

/** Modes in which an http check passes. */
export const GOOD_MODES = ["answers", "trickles", "chunks"] as const;
/** Modes in which it fails. */
export const BAD_MODES = [
  "refuses",
  "hangs",
  "garbage",
  "status",
  "closes",
  "resets",
  "stops",
  "holds",
] as const;
export type ServerMode = (typeof GOOD_MODES)[number] | (typeof BAD_MODES)[number];

const ANSWERS: Partial<Record<ServerMode, string>> = {
  answers: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready",
  trickles: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
  chunks: "HTTP/1.1 301 Moved\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nready\r\n0\r\n\r\n",
  garbage: "\x00\xffSSH-2.0-OpenSSH\r\n",
  status: "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
  stops: "HTTP/1.1 200 OK\r\nContent-",
  holds: "HTTP/1.1 200 OK\r\nContent-",
};

/** See the module's text. */
export class SimChecked implements SimActor {
  readonly isDone = true;
  mode: ServerMode = "refuses";
  checkCount = 0;
  readonly #network: SimNetwork;
  readonly #prng: Prng;
  readonly #address: SocketAddress;
  #server: SimServer | null = null;

  constructor(network: SimNetwork, prng: Prng, address: SocketAddress) {
    this.#network = network;
    this.#prng = prng;
    this.#address = address;
  }

  get isGood(): boolean {
    return (GOOD_MODES as readonly string[]).includes(this.mode);
  }

  /** From now on; what is connected stays as it was begun. */
  become(mode: ServerMode): void {
    this.mode = mode;
    if (mode === "refuses") {
      this.#server?.stop();
      this.#server = null;
    } else {
      this.#server ??= new SimServer(
        this.#network,
        this.#prng,
        this.#address,
        (peer) => this.#serve(peer),
      );
    }
  }

  act(): boolean {
    return this.#server?.act() === true;
  }

  #serve(peer: SimPeer): () => boolean {
    const { mode } = this;
    this.checkCount++;
    let hasAnswered = false;
    if (mode === "resets") peer.close(true);
    return () => {
      if (peer.socket.isClosed) return false;
      const hasReceived = peer.pumpIn();
      if (!hasAnswered && (mode === "closes" || peer.received.endsWith("\r\n\r\n"))) {
        hasAnswered = true;
        peer.queue(ANSWERS[mode] ?? "");
        if (mode !== "hangs" && mode !== "holds") peer.endAfter();
      }
      const hasSent = peer.pumpOut();
      if (peer.isOver && peer.hasSentAll) peer.close();
      return hasReceived || hasSent;
    };
  }
}
