/**
 * Stream sockets of the kernel: non-blocking, closed on exec. Every call returns what the kernel did: a count, an fd, 0, or a
 * negated error number; nothing throws and nothing is allocated but the addresses that are asked for.
 *
 * May import: base, config, sys.
 *
 * @module
 */
import { EventFd, Socket } from "./abi.ts";
import type { Slab } from "../base/slab.ts";
import type { TcpConfig } from "../config/model.ts";
import type { Libc } from "./libc.ts";
import { piecePointer, pointerTo, slabAddress } from "./memory.ts";
import { SockAddr } from "./sockaddr.ts";

type Address = Parameters<SockAddr["encode"]>[0];

/** How a connection is made: event/poller.ts calls it the same. */
interface ConnectOptions {
  readonly tcp: TcpConfig;
  readonly source: Address | null;
}

const EINVAL = 22;
const NONBLOCKING = Socket.SOCK_NONBLOCK | Socket.SOCK_CLOEXEC;

/** See the module's text. */
export class TcpSockets {
  readonly #libc: Libc;
  readonly #address = new SockAddr();
  readonly #source = new SockAddr();
  /** Two integers: an option's value (or a linger), and a length. */
  readonly #option = new Int32Array(new ArrayBuffer(64));
  readonly #optionPointer: Deno.PointerObject;
  readonly #optionLengthPointer: Deno.PointerObject | null;
  /** The fd whose peer's address lies in {@linkcode TcpSockets.#address} since its accept; -1 for none. */
  #addressOfFd = -1;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#optionPointer = pointerTo(new Uint8Array(this.#option.buffer));
    this.#optionLengthPointer = Deno.UnsafePointer.offset(this.#optionPointer, 8);
  }

  /**
   * A socket that listens, beside others at the same port if asked (SO_REUSEPORT); what it accepts inherits its options, so that an
   * accept costs one system call.
   */
  listen(address: Address, backlog: number, sharesPort: boolean): number {
    if (!this.#address.encode(address)) return -EINVAL;
    this.#addressOfFd = -1;
    const { call } = this.#libc;
    const { family } = this.#address;
    const fd = this.#result(call.socket(family, Socket.SOCK_STREAM | NONBLOCKING, 0));
    if (fd < 0) return fd;
    if (family !== Socket.AF_UNIX) {
      this.#setOption(fd, Socket.SOL_SOCKET, Socket.SO_REUSEADDR, 1);
      if (sharesPort) this.#setOption(fd, Socket.SOL_SOCKET, Socket.SO_REUSEPORT, 1);
      this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY, 1);
    }
    // `::` means every address of both families.
    if (family === Socket.AF_INET6) this.#setOption(fd, Socket.IPPROTO_IPV6, Socket.IPV6_V6ONLY, 0);
    const bound = this.#result(call.bind(fd, this.#address.pointer, this.#address.lengthBytes));
    const listening = bound < 0 ? bound : this.#result(call.listen(fd, backlog));
    if (listening < 0) call.close(fd);
    return listening < 0 ? listening : fd;
  }

  /** Another descriptor of the same socket. */
  duplicate(fd: number): number {
    return this.#result(this.#libc.call.dup(fd));
  }

  accept(listenFd: number): number {
    this.#address.clear();
    this.#addressOfFd = this.#result(
      this.#libc.call.accept4(listenFd, this.#address.pointer, this.#address.lengthPointer, NONBLOCKING),
    );
    return this.#addressOfFd;
  }

  /** A socket that connects, with bytes to send at once if `hasData`; how far it is says {@linkcode TcpSockets.connectResult}. */
  connect(address: Address, hasData: boolean, options?: ConnectOptions): number {
    if (!this.#address.encode(address)) return -EINVAL;
    this.#addressOfFd = -1;
    const { family } = this.#address;
    const fd = this.#result(this.#libc.call.socket(family, Socket.SOCK_STREAM | NONBLOCKING, 0));
    if (fd < 0) return fd;
    if (family !== Socket.AF_UNIX) {
      this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY, 1);
      // The handshake's last segment then goes out with the first bytes: one packet less (as HAProxy does).
      if (hasData) this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_QUICKACK, 0);
    }
    const prepared = options === undefined || family === Socket.AF_UNIX ? 0 : this.#prepare(fd, options);
    this.connectResult = prepared < 0 ? prepared : this.#result(
      this.#libc.call.connect(fd, this.#address.pointer, this.#address.lengthBytes),
    );
    return fd;
  }

  /** What bind(2) or connect(2) said for the fd returned last: 0, -EINPROGRESS, or why it failed at once. */
  connectResult = 0;

  /** Sets what TCP does about a silent peer; on a listening socket for all that it accepts from now on. */
  setTcp(fd: number, { keepAlive, userTimeoutMs }: TcpConfig): void {
    if (userTimeoutMs > 0) this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_USER_TIMEOUT, userTimeoutMs);
    if (keepAlive === null) return;
    this.#setOption(fd, Socket.SOL_SOCKET, Socket.SO_KEEPALIVE, 1);
    const { idleSeconds, intervalSeconds, probeCount } = keepAlive;
    if (idleSeconds > 0) this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPIDLE, idleSeconds);
    if (intervalSeconds > 0) this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPINTVL, intervalSeconds);
    if (probeCount > 0) this.#setOption(fd, Socket.IPPROTO_TCP, Socket.TCP_KEEPCNT, probeCount);
  }

  recv(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const place = piecePointer(slab, offset);
    const count = place !== null
      ? this.#libc.call.recv(fd, place, sizeBytes, 0)
      : this.#libc.call.recv_at(fd, slabAddress(slab) + offset, sizeBytes, 0);
    return count < 0 ? -this.#libc.errno : count;
  }

  /** With `hasMore` a segment that is not full waits for the next send (MSG_MORE), at most 200 ms. */
  send(fd: number, slab: Slab, offset: number, sizeBytes: number, hasMore: boolean): number {
    const flags = hasMore ? Socket.MSG_NOSIGNAL | Socket.MSG_MORE : Socket.MSG_NOSIGNAL;
    const place = piecePointer(slab, offset);
    const count = place !== null
      ? this.#libc.call.send(fd, place, sizeBytes, flags)
      : this.#libc.call.send_at(fd, slabAddress(slab) + offset, sizeBytes, flags);
    return count < 0 ? -this.#libc.errno : count;
  }

  shutdownSend(fd: number): void {
    this.#libc.call.shutdown(fd, Socket.SHUT_WR);
  }

  close(fd: number): void {
    if (this.#addressOfFd === fd) this.#addressOfFd = -1;
    this.#libc.call.close(fd);
  }

  /** Makes the coming close a reset: what is queued is dropped (SO_LINGER with time 0). */
  setReset(fd: number): void {
    this.#option[0] = 1;
    this.#option[1] = 0;
    this.#libc.call.setsockopt(fd, Socket.SOL_SOCKET, Socket.SO_LINGER, this.#optionPointer, 8);
  }

  /** The pending error of a socket (SO_ERROR), positive, and clears it; 0 for none. */
  takeError(fd: number): number {
    this.#option[0] = 0;
    this.#option[2] = 4;
    const { call } = this.#libc;
    const value = this.#optionPointer;
    const done = call.getsockopt(fd, Socket.SOL_SOCKET, Socket.SO_ERROR, value, this.#optionLengthPointer);
    return done < 0 ? this.#libc.errno : this.#option[0]!;
  }

  localAddress(fd: number, unixPath: string): Address {
    this.#addressOfFd = -1;
    this.#address.clear();
    this.#libc.call.getsockname(fd, this.#address.pointer, this.#address.lengthPointer);
    return this.#address.decode(unixPath);
  }

  /** The peer's address; costs no system call right after its accept. */
  peerAddress(fd: number, unixPath: string): Address {
    if (this.#addressOfFd !== fd) {
      this.#addressOfFd = -1;
      this.#address.clear();
      this.#libc.call.getpeername(fd, this.#address.pointer, this.#address.lengthPointer);
    }
    return this.#address.decode(unixPath);
  }

  /** A counter that wakes whoever waits for it: eventfd(2). */
  openWakeup(): number {
    return this.#result(this.#libc.call.eventfd(0, EventFd.NONBLOCK | EventFd.CLOEXEC));
  }

  wake(fd: number): void {
    this.#libc.call.eventfd_write(fd, 1n);
  }

  /** Takes the wake-ups of an eventfd. */
  takeWakeups(fd: number): void {
    this.#libc.call.eventfd_read(fd, this.#optionPointer);
  }

  /** Before connect(2): options, and the address to come from. Returns 0 or a negated error number. */
  #prepare(fd: number, { tcp, source }: ConnectOptions): number {
    this.setTcp(fd, tcp);
    if (source === null) return 0;
    if (!this.#source.encode(source)) return -EINVAL;
    const hasPort = source.kind === "tcp" && source.port > 0;
    // A port that was asked for may still be in TIME_WAIT, or in use towards another server.
    if (hasPort) this.#setOption(fd, Socket.SOL_SOCKET, Socket.SO_REUSEADDR, 1);
    else this.#setOption(fd, Socket.IPPROTO_IP, Socket.IP_BIND_ADDRESS_NO_PORT, 1);
    return this.#result(this.#libc.call.bind(fd, this.#source.pointer, this.#source.lengthBytes));
  }

  #setOption(fd: number, level: number, name: number, value: number): void {
    this.#option[0] = value;
    this.#libc.call.setsockopt(fd, level, name, this.#optionPointer, 4);
  }

  #result(value: number): number {
    return value < 0 ? -this.#libc.errno : value;
  }
}
