/**
 * What a poller is: sockets, and readiness of them. One contract suite holds all of them to this text
 * (tests/contract/poller_contract.ts).
 *
 *  - It reports by `may` verbs on the fd table and never calls a handler.
 *  - It reads the update list in `wait` and nowhere else.
 *  - Its calls return a count, 0 for end of stream, or a negated error number of base/errno.ts; they never throw for
 *    what the network does. `-EAGAIN` means: not now, a report will come when the direction is polled.
 *  - An fd number stays taken until everything that was begun on it has ended, so that nothing late can reach its next owner.
 *
 * | poller | kind | how a direction is polled |
 * |---|---|---|
 * | deno | completion | an operation is parked on Deno's socket; ends with its report |
 * | epoll | edge-triggered | registered |
 * | joint | both | epoll and deno in one table, for listeners that need the runtime |
 * | sim | either | a simulated kernel with a seed (tests/support) |
 *
 * May import: base, config, sys.
 *
 * @module
 */
import type { Slab } from "../base/slab.ts";
import type { TcpConfig } from "../config/model.ts";
import type { TlsContext } from "../sys/tls_context.ts";

/** A place to bind or to connect to, resolved. */
export type SocketAddress =
  | { readonly kind: "tcp"; /** IP literal. */ readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How a connection is made, beyond the usual: one object of a server's address, for all connections to it. */
export interface ConnectOptions {
  readonly tcp: TcpConfig;
  /** Where it comes from, of the family of where it goes to; null as the system chooses. A poller may lack it: see the proxy's start. */
  readonly source: SocketAddress | null;
}

/** Why a listener could not be bound; `errno` is positive. */
export class ListenError extends Error {
  override name = "ListenError";
  readonly errno: number;
  constructor(message: string, errno: number) {
    super(message);
    this.errno = errno;
  }
}

/**
 * Pipes between two sockets, through which bytes pass without being copied or seen (splice(2)). Counts and errors are those of
 * {@linkcode Poller.recv} and {@linkcode Poller.send}, but for a short count: it proves nothing.
 */
export interface Pipes {
  /** How many are lent. */
  readonly inUse: number;
  /** Lends an empty pipe; -1 when there is none. */
  take(): number;
  /** Takes a pipe back; what is left in it is lost. */
  give(pipe: number, isEmpty: boolean): void;
  /** Moves at most `sizeBytes` out of a socket into a pipe that is empty. */
  fill(pipe: number, fd: number, sizeBytes: number): number;
  /** Moves at most `sizeBytes` out of the pipe into a socket. */
  drain(pipe: number, fd: number, sizeBytes: number, hasMore: boolean): number;
}

/**
 * What threads of a process wake each other with: a bell is an fd that only its own thread receives from, and any may ring. It
 * stays open when its poller ends, for another thread may be about to ring it.
 */
export interface Bells {
  /** A bell of this thread: to be inserted in the fd table, where a ring is a possible receive; -1 when there is none. Not to be closed. */
  open(): number;
  /** Rings a bell, whose ever it is. */
  ring(bell: number): void;
  /** Forgets what was rung so far, of an own bell. */
  answer(bell: number): void;
}

/** What the handshake of a TLS connection is at. */
export const Handshake = { DONE: 0, AWAITS_RECV: 1, AWAITS_SEND: 2, FAILED: 3 } as const;

/** What a TLS connection is, once its handshake is done. */
export interface TlsFacts {
  /** "TLSv1.3" */
  readonly version: string;
  readonly cipher: string;
  /** Chosen by ALPN; "" for none. */
  readonly protocol: string;
  /** That the client asked for; "" for none. */
  readonly serverName: string;
  readonly isResumed: boolean;
  /** The subject of the peer's certificate, as "/CN=…"; "" without one. */
  readonly peerSubject: string;
  /** The (first) common name of that subject; "" without one, or when it is no text of 255 bytes at most. */
  readonly peerName: string;
}

/** TLS on a poller's sockets: once its handshake is done, {@linkcode Poller.recv} and {@linkcode Poller.send} carry what is inside. */
export interface Tls {
  /** Why the last handshake failed, in words. */
  readonly failure: string;
  /** What was wrong with the peer's certificate in that handshake: X509_V_ERR_* of OpenSSL, 0 for nothing. */
  readonly verdict: number;
  /** Of that handshake, on our side as a server: the client had said hello. */
  readonly hadHello: boolean;
  /** Puts TLS on a socket; `serverName` is whom a client asks for and expects, "" nobody. Returns 0 or a negated error number. */
  begin(fd: number, context: TlsContext, serverName: string): number;
  /** Goes on with a handshake, when the direction that it awaits is ready; returns a value of {@linkcode Handshake}. */
  handshake(fd: number): number;
  facts(fd: number): TlsFacts;
  isOn(fd: number): boolean;
}

/** See the module's text. */
export interface Poller {
  readonly name: "deno" | "epoll" | "joint" | "sim";
  /** Polled directions must be taken back when nobody wants them: level-triggered. */
  readonly unpolls: boolean;
  /** A receive that returned less than asked proves that nothing is left: EAGAIN need not be met. */
  readonly isShortReadEmpty: boolean;

  /** Null where there are none. */
  readonly pipes: Pipes | null;
  /** Null where there are none. */
  readonly bells: Bells | null;
  /** Null where there is none. */
  readonly tls: Tls | null;

  /** Binds and listens; `tcp` is for what is accepted, a poller may ignore it; `isOnDeno` asks for a socket of the runtime where there is a choice. @throws {ListenError} with the reason. */
  listen(address: SocketAddress, backlog: number, tcp?: TcpConfig, isOnDeno?: boolean): number;
  /** Takes one pending connection: its fd, or -EAGAIN, -EMFILE, -ECONNABORTED … */
  accept(listenFd: number): number;
  /** Begins to connect; `hasData` says that bytes will be sent as soon as that is done. Returns its fd, or -EMFILE … The end is reported as a possible send; ask {@linkcode Poller.connectResult}. */
  connect(address: SocketAddress, hasData: boolean, options?: ConnectOptions): number;
  /** 0 once connected, -EINPROGRESS while not, or why it failed. */
  connectResult(fd: number): number;
  /** Receives at most `sizeBytes` into `slab` at `offset`. */
  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number;
  /**
   * Sends at most `sizeBytes`; what was accepted is copied, the memory is free at return. `hasMore` says that more follows at once,
   * so that segments may be filled (MSG_MORE); a poller may ignore it.
   */
  send(fd: number, slab: Slab, offset: number, sizeBytes: number, hasMore: boolean): number;
  /** Ends the sending side after what was accepted. */
  shutdownSend(fd: number): void;
  /** Closes. What was accepted still goes out within a bounded time; with `isReset` it is dropped and the peer sees a reset. */
  close(fd: number, isReset: boolean): void;
  /** Whether an idle connection looks alive: no end, error or unexpected bytes known. Costs no system call. */
  isIdleAlive(fd: number): boolean;
  localAddress(fd: number): SocketAddress;
  peerAddress(fd: number): SocketAddress;

  /**
   * Applies the update list, then waits up to `timeoutMs` for reports and marks them. Returns true when the next turn can
   * begin at once; false when the poller will call `onWake` for it (it cannot block: it must return to its runtime).
   */
  wait(timeoutMs: number): boolean;
  /** Ends a wait from outside: a signal or a message came. May be called at any point (I18). */
  wake(): void;
  /** Set by the loop; called by pollers that returned false from `wait`. */
  onWake: () => void;
  /** Closes what is left and takes back every timer. */
  shutdown(): void;
}
