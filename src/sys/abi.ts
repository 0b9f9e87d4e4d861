/**
 * The numbers of Linux's system interface, one table per ABI. What is the same on both is written once.
 *
 * | what | source |
 * |---|---|
 * | EPOLL*, epoll_event | linux/eventpoll.h; the struct is packed on x86-64 only (12 bytes there, 16 elsewhere) |
 * | AF_*, SOCK_*, SOL_SOCKET, SO_*, MSG_*, SHUT_* | asm-generic/socket.h, linux/socket.h, bits/socket_type.h |
 * | IPPROTO_*, IP_*, TCP_*, IPV6_V6ONLY | linux/in.h, linux/tcp.h, linux/in6.h |
 * | SPLICE_F_*, F_SETPIPE_SZ, O_* | bits/fcntl-linux.h, linux/fcntl.h, asm-generic/fcntl.h |
 * | EFD_*, O_NONBLOCK | asm-generic/fcntl.h, sys/eventfd.h |
 * | sockaddr_in, sockaddr_in6, sockaddr_un | linux/in.h, linux/in6.h, linux/un.h: 16, 28 and 110 bytes |
 *
 * May import: nothing.
 *
 * @module
 */

export const Epoll = {
  IN: 0x001,
  OUT: 0x004,
  ERR: 0x008,
  HUP: 0x010,
  RDHUP: 0x2000,
  /** Edge-triggered: bit 31, negative as a 32-bit integer. */
  ET: 0x8000_0000 | 0,
  CTL_ADD: 1,
  CTL_DEL: 2,
  CTL_MOD: 3,
  CLOEXEC: 0x80000,
} as const;

export const Socket = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_NONBLOCK: 0x800,
  SOCK_CLOEXEC: 0x80000,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_ERROR: 4,
  SO_KEEPALIVE: 9,
  SO_LINGER: 13,
  SO_REUSEPORT: 15,
  IPPROTO_IP: 0,
  /** The port of a bound address is chosen at connect(2), where it need be free towards that peer only. Linux 4.2. */
  IP_BIND_ADDRESS_NO_PORT: 24,
  IPPROTO_TCP: 6,
  TCP_NODELAY: 1,
  TCP_KEEPIDLE: 4,
  TCP_KEEPINTVL: 5,
  TCP_KEEPCNT: 6,
  TCP_QUICKACK: 12,
  /** In milliseconds. */
  TCP_USER_TIMEOUT: 18,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  SHUT_WR: 1,
} as const;

export const EventFd = { CLOEXEC: 0x80000, NONBLOCK: 0x800 } as const;

export const Fcntl = { O_NONBLOCK: 0x800, O_CLOEXEC: 0x80000, F_SETPIPE_SZ: 1031 } as const;

export const Splice = { MOVE: 1, NONBLOCK: 2, MORE: 4 } as const;

/** Room for every kind of socket address. */
export const SOCKADDR_BYTES_MAX = 112;

/** How struct epoll_event lies in memory, in 32-bit words. */
export interface EpollEventLayout {
  readonly wordsPerEvent: number;
  /** Of the user's 64 bits: the low and the high word. */
  readonly dataWord: number;
}

/** Returns the layout for a processor as Deno names it; null for one that is not known here. */
export function epollEventLayout(arch: string): EpollEventLayout | null {
  if (arch === "x86_64") return { wordsPerEvent: 3, dataWord: 1 };
  if (arch === "aarch64") return { wordsPerEvent: 4, dataWord: 2 };
  return null;
}
