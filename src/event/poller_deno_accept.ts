/**
 * The listening sockets of the `deno` poller: accept as completion.
 *
 *     idle --poll--> accepting --connection--> held (accepts on, up to HELD_MAX) --take--> …
 *                        \------- error ------> held error; accepts again at the next poll
 *
 * An accept in flight cannot be taken back: a listener that is paused may still hold one connection.
 *
 * Beside other threads tcp ports are shared (SO_REUSEPORT); what Deno cannot share is bound by one thread, and the listeners of the
 * others never have anything: unix sockets, and all of them where Deno runs without --unstable-net.
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

/** What threads must know to bind the same addresses. */
export interface DenoSharing {
  /** The thread that binds first finds out whether a port is in use. */
  readonly isFirst: boolean;
  /** The one thread that binds what cannot be shared. */
  readonly bindsUnshared: boolean;
}

interface ListenSlot {
  /** Null when another thread has it. */
  readonly listener: Deno.TcpListener | Deno.UnixListener | null;
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
  readonly #sharing: DenoSharing | null;

  constructor(onReady: (fd: number) => void, sharing: DenoSharing | null) {
    this.#onReady = onReady;
    this.#sharing = sharing;
  }

  /** Binds and returns the address really bound. @throws {ListenError} */
  listen(fd: number, address: SocketAddress, backlog: number): SocketAddress {
    const listener = this.#bind(address, backlog);
    this.#slots.set(fd, { listener, held: [], error: 0, isAccepting: false, isClosed: false });
    const bound = listener?.addr;
    return bound?.transport === "tcp" ? { kind: "tcp", host: bound.hostname, port: bound.port } : address;
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
    this.#slots.delete(fd);
    if (slot.listener === null) return;
    const { addr } = slot.listener;
    slot.listener.close();
    if (addr.transport === "unix") removeSocket(addr.path);
    for (const conn of slot.held) conn.close();
  }

  #bind(address: SocketAddress, backlog: number): Deno.TcpListener | Deno.UnixListener | null {
    if (this.#sharing === null) return openListener(address, backlog, false);
    const isShared = address.kind === "tcp" && canSharePorts();
    if (!isShared) return this.#sharing.bindsUnshared ? openListener(address, backlog, false) : null;
    if (!this.#sharing.isFirst) return openListener(address, backlog, true);
    const probe = openListener(address, backlog, false);
    const { port } = (probe as Deno.TcpListener).addr;
    probe.close();
    return openListener({ ...address, port }, backlog, true);
  }

  #accept(fd: number, slot: ListenSlot): void {
    if (slot.isAccepting || slot.isClosed || slot.listener === null) return;
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

/** Whether Deno may set SO_REUSEPORT: an unstable option, and asking for it where it is not allowed ends the process. */
export function canSharePorts(): boolean {
  return "listenDatagram" in Deno;
}

function openListener(
  address: SocketAddress,
  backlog: number,
  sharesPort: boolean,
): Deno.TcpListener | Deno.UnixListener {
  try {
    if (address.kind === "unix") return openUnixListener(address.path);
    const options = { hostname: address.host, port: address.port, tcpBacklog: backlog };
    return Deno.listen(sharesPort ? { ...options, reusePort: true } : options);
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
