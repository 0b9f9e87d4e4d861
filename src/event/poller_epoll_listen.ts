/**
 * The listening sockets of the `epoll` poller: who binds what, alone and beside other threads.
 *
 *                    alone      first thread                          other threads
 *     tcp            bind       bind to see whether the port is       bind beside it (SO_REUSEPORT)
 *                               free, then again to share it
 *     unix           bind       bind                                  duplicate its descriptor
 *
 * A unix socket's file that nobody listens on is replaced, and ours is removed at the end.
 *
 * May import: base, sys.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import type { TcpSockets } from "../sys/tcp_socket.ts";
import { removeSocket, removeStaleSocket } from "../sys/unix_path.ts";
import type { SocketAddress } from "./poller.ts";

/** What a poller shares with those of other threads of the process, which has one table of descriptors. */
export interface EpollSharing {
  /** A byte for each slot of the fd table, 1 while the fd is open: in shared memory, so that what a dead thread left is closed. */
  readonly openFds: Uint8Array;
  /** The thread that binds first; it alone finds out that a port is in use. */
  readonly isFirst: boolean;
  /** Listening unix sockets by path, kept open by the main isolate. */
  readonly unixListeners: ReadonlyMap<string, number>;
}

/** See the module's text. */
export class EpollListeners {
  readonly #sockets: TcpSockets;
  readonly #sharing: EpollSharing | null;
  /** Files that were made here, by fd. */
  readonly #paths = new Map<number, string>();

  constructor(sockets: TcpSockets, sharing: EpollSharing | null) {
    this.#sockets = sockets;
    this.#sharing = sharing;
  }

  /** Binds; returns the fd or a negated error number. */
  listen(address: SocketAddress, backlog: number): number {
    return address.kind === "unix"
      ? this.#listenUnix(address.path, backlog)
      : this.#listenTcp(address, backlog);
  }

  /** A listener was closed. */
  onClosed(fd: number): void {
    const path = this.#paths.size > 0 ? this.#paths.get(fd) : undefined;
    if (path === undefined) return;
    this.#paths.delete(fd);
    removeSocket(path);
  }

  #listenTcp(address: SocketAddress, backlog: number): number {
    const sockets = this.#sockets;
    if (this.#sharing === null) return sockets.listen(address, backlog, false);
    if (!this.#sharing.isFirst) return sockets.listen(address, backlog, true);
    const probe = sockets.listen(address, backlog, false);
    if (probe < 0) return probe;
    const bound = sockets.localAddress(probe, "");
    sockets.close(probe);
    return sockets.listen(bound, backlog, true);
  }

  #listenUnix(path: string, backlog: number): number {
    const shared = this.#sharing?.unixListeners.get(path);
    if (shared !== undefined) return this.#sockets.duplicate(shared);
    let fd = this.#sockets.listen({ kind: "unix", path }, backlog, false);
    if (fd === -Errno.EADDRINUSE && removeStaleSocket(path)) {
      fd = this.#sockets.listen({ kind: "unix", path }, backlog, false);
    }
    if (fd >= 0) this.#paths.set(fd, path);
    return fd;
  }
}
