/**
 * The simulated network: listeners by port, connections being made, bytes under way. A seed decides how much arrives when.
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { FdState } from "../../../src/event/fd_state.ts";
import { ListenError, type SocketAddress } from "../../../src/event/poller.ts";
import { SimSocket } from "./sim_socket.ts";

/** Where every simulated host is. */
export const SIM_HOST = "10.0.0.1";
const FIRST_EPHEMERAL_PORT = 40_000;

/** A listening socket with its backlog. */
export class SimListener {
  readonly address: SocketAddress;
  readonly backlog: SimSocket[] = [];
  onEdge: (bits: number) => void = () => {};

  constructor(address: SocketAddress) {
    this.address = address;
  }
}

export interface SimNetworkOptions {
  /** Receive buffers, bytes: the most that one direction of a connection holds. */
  readonly pipeBytes: number;
}

/** See the module's text. */
export class SimNetwork {
  readonly #prng: Prng;
  readonly #options: SimNetworkOptions;
  readonly #listeners = new Map<string, SimListener>();
  readonly #connecting: { readonly socket: SimSocket; readonly key: string }[] = [];
  readonly #sockets = new Set<SimSocket>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(prng: Prng, options: SimNetworkOptions) {
    this.#prng = prng;
    this.#options = options;
  }

  /** Sockets that are not closed. */
  get openCount(): number {
    return this.#sockets.size;
  }

  listen(address: SocketAddress): SimListener {
    const bound = address.kind === "tcp" && address.port === 0
      ? { ...address, port: this.#nextPort++ }
      : address;
    if (this.#listeners.has(keyOf(bound))) throw new ListenError("the address is in use", Errno.EADDRINUSE);
    const listener = new SimListener(bound);
    this.#listeners.set(keyOf(bound), listener);
    return listener;
  }

  unlisten(listener: SimListener): void {
    this.#listeners.delete(keyOf(listener.address));
    for (const socket of listener.backlog.splice(0)) socket.close(true);
  }

  /** A socket that will be connected, or refused, in a later step. */
  connect(address: SocketAddress): SimSocket {
    const local: SocketAddress = { kind: "tcp", host: SIM_HOST, port: this.#nextPort++ };
    const socket = new SimSocket(local, address, this.#options.pipeBytes);
    socket.isConnecting = true;
    this.#sockets.add(socket);
    this.#connecting.push({ socket, key: keyOf(address) });
    return socket;
  }

  /** Lets some of what is under way arrive; returns whether anything did. */
  step(): boolean {
    let hasMoved = false;
    for (let i = this.#connecting.length - 1; i >= 0; i--) {
      if (this.#prng.chance(0.4)) continue;
      const [attempt] = this.#connecting.splice(i, 1);
      this.#finishConnect(attempt.socket, attempt.key);
      hasMoved = true;
    }
    for (const socket of this.#sockets) {
      if (socket.isClosed) {
        if (!socket.incoming.hasFlying || socket.peer === null || socket.peer.isClosed) {
          this.#sockets.delete(socket);
        }
        continue;
      }
      if (socket.isResetDue) {
        socket.isResetDue = false;
        socket.breakConnection();
        hasMoved = true;
      }
      if (!socket.incoming.hasFlying || this.#prng.chance(0.3)) continue;
      const maxBytes = this.#prng.chance(0.5)
        ? Number.MAX_SAFE_INTEGER
        : this.#prng.nextBelow(this.#options.pipeBytes);
      if (socket.incoming.arrive(maxBytes)) {
        socket.onEdge(FdState.READY_R);
        hasMoved = true;
      }
    }
    return hasMoved;
  }

  /** Nothing is under way. */
  get isQuiet(): boolean {
    if (this.#connecting.length > 0) return false;
    for (const socket of this.#sockets) {
      if (!socket.isClosed && (socket.isResetDue || socket.incoming.hasFlying)) return false;
    }
    return true;
  }

  #finishConnect(socket: SimSocket, key: string): void {
    if (socket.isClosed) return;
    socket.isConnecting = false;
    const listener = this.#listeners.get(key);
    if (listener === undefined) {
      socket.error = Errno.ECONNREFUSED;
      socket.isBroken = true;
      socket.onEdge(FdState.READY_R | FdState.READY_W);
      return;
    }
    const accepted = new SimSocket(listener.address, socket.local, this.#options.pipeBytes);
    accepted.peer = socket;
    socket.peer = accepted;
    this.#sockets.add(accepted);
    listener.backlog.push(accepted);
    socket.onEdge(FdState.READY_W);
    listener.onEdge(FdState.READY_R);
  }
}

function keyOf(address: SocketAddress): string {
  return address.kind === "unix" ? address.path : String(address.port);
}
