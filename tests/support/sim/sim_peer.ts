/** Actors: clients and servers outside of the engine, on sockets of the simulated network. @module */
import { Errno } from "../../../src/base/errno.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { SimListener, SimNetwork } from "./sim_network.ts";
import type { SimSocket } from "./sim_socket.ts";
import type { SimActor } from "./sim_world.ts";
import type { SocketAddress } from "../../../src/event/poller.ts";

const CHUNK_BYTES_MAX = 5_000;

/** A socket with a send list and a memory of what came. */
export class SimPeer {
  readonly socket: SimSocket;
  readonly prng: Prng;
  /** Everything received, as latin1. */
  received = "";
  /** The other side ended. */
  isEnded = false;
  /** Negated error number of a receive, 0 for none. */
  error = 0;
  /** The same of a send: what came before may still be received. */
  sendError = 0;
  #outbox: Uint8Array = new Uint8Array(0);
  #endsAfter = false;
  readonly #scratch = new Uint8Array(CHUNK_BYTES_MAX);

  constructor(socket: SimSocket, prng: Prng) {
    this.socket = socket;
    this.prng = prng;
  }

  get isOver(): boolean {
    return this.isEnded || this.error !== 0 || this.socket.isClosed;
  }

  get hasSentAll(): boolean {
    return this.#outbox.length === 0;
  }

  /** Queues text (latin1) or bytes. */
  queue(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? latin1(data) : data;
    const joined = new Uint8Array(this.#outbox.length + bytes.length);
    joined.set(this.#outbox);
    joined.set(bytes, this.#outbox.length);
    this.#outbox = joined;
  }

  /** Ends the sending side behind what is queued. */
  endAfter(): void {
    this.#endsAfter = true;
  }

  /** Sends a piece of what is queued; returns whether anything happened. */
  pumpOut(): boolean {
    if (this.socket.isClosed || this.socket.isConnecting) return false;
    if (this.#outbox.length === 0) {
      if (!this.#endsAfter || this.socket.isSendShut) return false;
      this.socket.shutdownSend();
      return true;
    }
    const wanted = 1 + this.prng.nextBelow(Math.min(this.#outbox.length, CHUNK_BYTES_MAX));
    const count = this.socket.send(this.#outbox, 0, wanted);
    if (count === -Errno.EAGAIN) return false;
    if (count < 0) {
      this.sendError = count;
      this.#outbox = new Uint8Array(0);
    } else this.#outbox = this.#outbox.slice(count);
    return true;
  }

  /** Receives a piece; returns whether anything happened. */
  pumpIn(): boolean {
    if (this.isOver || this.socket.isConnecting) return false;
    const count = this.socket.receive(this.#scratch, 0, 1 + this.prng.nextBelow(CHUNK_BYTES_MAX));
    if (count === -Errno.EAGAIN) return false;
    if (count > 0) { for (let i = 0; i < count; i++) this.received += String.fromCharCode(this.#scratch[i]); }
    else if (count === 0) this.isEnded = true;
    else this.error = count;
    return true;
  }

  close(isReset = false): void {
    this.socket.close(isReset);
  }
}

/** A server: each accepted connection is given to `onPeer`, which returns what it does in each step. */
export class SimServer implements SimActor {
  readonly listener: SimListener;
  readonly peers: SimPeer[] = [];
  readonly #prng: Prng;
  readonly #network: SimNetwork;
  readonly #onPeer: (peer: SimPeer) => () => boolean;
  readonly #acts: (() => boolean)[] = [];

  constructor(
    network: SimNetwork,
    prng: Prng,
    address: SocketAddress,
    onPeer: (peer: SimPeer) => () => boolean,
  ) {
    this.#network = network;
    this.#prng = prng;
    this.listener = network.listen(address);
    this.#onPeer = onPeer;
  }

  get isDone(): boolean {
    return true;
  }

  act(): boolean {
    let hasActed = false;
    while (this.listener.backlog.length > 0) {
      const peer = new SimPeer(this.listener.backlog.shift()!, this.#prng);
      this.peers.push(peer);
      this.#acts.push(this.#onPeer(peer));
      hasActed = true;
    }
    for (const act of this.#acts) if (this.#prng.chance(0.8) && act()) hasActed = true;
    return hasActed;
  }

  stop(): void {
    this.#network.unlisten(this.listener);
    for (const peer of this.peers) peer.close();
  }
}

/** Returns text as bytes, a byte a character. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
