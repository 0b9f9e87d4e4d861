/**
 * The listening sockets of the `deno` poller: accept as completion.
 *
 *     idle --poll--> accepting --connection--> held (accepts on, up to HELD_MAX) --take--> …
 *                        \------- error ------> held error; accepts again at the next poll
 *
 * An accept in flight cannot be taken back: a listener that is paused may still hold one connection.
 *
 * May import: base, sys.
 *
 * @module
 */
import { Errno, errnoName } from "../base/errno.ts";
import { ListenError, type SocketAddress } from "./poller.ts";
import { removeSocket, removeStaleSocket } from "../sys/unix_path.ts";
import { errnoOf } from "./poller_deno_slots.ts";

type DenoConn = Deno.TcpConn | Deno.UnixConn;

/** Connections held per listener at most: one turn's worth of accepts. */
const HELD_MAX = 16;

interface ListenSlot {
  readonly listener: Deno.TcpListener | Deno.UnixListener;
  readonly held: DenoConn[];
  /** A negated error number to hand out, or 0. */
  error: number;
  isAccepting: boolean;
  isClosed: boolean;
}

/** All listeners of a poller, by fd. `onReady` tells that something can be taken. */
export class DenoListeners {
  readonly #slots = new Map<number, ListenSlot>();
  readonly #onReady: (fd: number) => void;

  constructor(onReady: (fd: number) => void) {
    this.#onReady = onReady;
  }

  /** Binds and returns the address really bound. @throws {ListenError} */
  listen(fd: number, address: SocketAddress, backlog: number): SocketAddress {
    const listener = openListener(address, backlog);
    this.#slots.set(fd, { listener, held: [], error: 0, isAccepting: false, isClosed: false });
    const bound = listener.addr;
    return bound.transport === "tcp" ? { kind: "tcp", host: bound.hostname, port: bound.port } : address;
  }

  /** Accepts, unless it is doing so; what is held already is reported at once. */
  poll(fd: number): void {
    const slot = this.#slots.get(fd)!;
    if (slot.held.length > 0) this.#onReady(fd);
    else this.#accept(fd, slot);
  }

  /** Takes a connection, or returns a negated error number: -EAGAIN for none. */
  take(fd: number): DenoConn | number {
    const slot = this.#slots.get(fd)!;
    const conn = slot.held.shift();
    if (conn !== undefined) return conn;
    const error = slot.error;
    slot.error = 0;
    return error === 0 ? -Errno.EAGAIN : error;
  }

  close(fd: number): void {
    const slot = this.#slots.get(fd);
    if (slot === undefined || slot.isClosed) return;
    slot.isClosed = true;
    const { addr } = slot.listener;
    slot.listener.close();
    if (addr.transport === "unix") removeSocket(addr.path);
    for (const conn of slot.held) conn.close();
    this.#slots.delete(fd);
  }

  #accept(fd: number, slot: ListenSlot): void {
    if (slot.isAccepting || slot.isClosed) return;
    slot.isAccepting = true;
    const accepting: Promise<DenoConn> = slot.listener.accept();
    accepting.then((conn) => {
      slot.isAccepting = false;
      if (slot.isClosed) {
        conn.close();
        return;
      }
      slot.held.push(conn);
      this.#onReady(fd);
      if (slot.held.length < HELD_MAX) this.#accept(fd, slot);
    }, (error) => {
      slot.isAccepting = false;
      if (slot.isClosed) return;
      const errno = errnoOf(error);
      // Reset before it was accepted: that is over already, and no lack of anything.
      slot.error = errno === -Errno.ENOTCONN ? -Errno.ECONNABORTED : errno;
      this.#onReady(fd);
    });
  }
}

function openListener(address: SocketAddress, backlog: number): Deno.TcpListener | Deno.UnixListener {
  try {
    if (address.kind === "unix") return openUnixListener(address.path);
    return Deno.listen({ hostname: address.host, port: address.port, tcpBacklog: backlog });
  } catch (error) {
    const errno = -errnoOf(error);
    throw new ListenError(errnoName(errno), errno);
  }
}

/** Binds the path, also when a process that ended in a hurry left its file there. */
function openUnixListener(path: string): Deno.UnixListener {
  try {
    return Deno.listen({ transport: "unix", path });
  } catch (error) {
    if (-errnoOf(error) !== Errno.EADDRINUSE || !removeStaleSocket(path)) throw error;
    return Deno.listen({ transport: "unix", path });
  }
}
