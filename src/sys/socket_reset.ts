/**
 * Resets a TCP connection: connect(2) to AF_UNSPEC makes Linux drop what is queued and send RST at once.
 *
 * Deno's sockets cannot do that (SO_LINGER 0 would not either: Deno shuts the sending side before it closes, so the peer
 * sees an orderly end first) and tell no descriptor, so the socket is looked up among this process's descriptors by its two
 * ports (getsockname, getpeername). That costs about a microsecond per open descriptor, on resets only.
 *
 * | what | value on Linux (x86-64, arm64) | source |
 * |---|---|---|
 * | AF_UNSPEC, AF_INET, AF_INET6 | 0, 2, 10 | sys/socket.h |
 * | sockaddr_in, sockaddr_in6 | family at byte 0, port at byte 2 in network order; 16 and 28 bytes | netinet/in.h |
 *
 * May import: nothing. One of the places with Deno.dlopen.
 *
 * @module
 */

const AF_INET = 2;
const AF_INET6 = 10;
const SOCKADDR_BYTES = 28;

const SYMBOLS = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
} as const;

const LIBC_NAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** Resets sockets that only Deno holds. */
export class SocketReset {
  readonly #libc: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #address = new Uint8Array(SOCKADDR_BYTES);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #length = new Uint32Array(1);
  readonly #lengthBytes = new Uint8Array(this.#length.buffer);
  /** A sockaddr of family AF_UNSPEC. */
  readonly #unspecified = new Uint8Array(16);

  constructor(libc: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.#libc = libc;
  }

  /** Opens libc; null where there is no Linux, no FFI or no such library: resets are then orderly ends. */
  static open(): SocketReset | null {
    if (Deno.build.os !== "linux") return null;
    for (const name of LIBC_NAMES) {
      try {
        return new SocketReset(Deno.dlopen(name, SYMBOLS));
      } catch {
        // The next name, or none: the caller counts each reset that becomes an orderly end.
      }
    }
    return null;
  }

  /** Resets the one TCP socket with these ports; returns false when none or several have them. The owner still closes it. */
  reset(localPort: number, peerPort: number): boolean {
    let found = -1;
    for (const entry of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(entry.name);
      if (this.#port(this.#libc.symbols.getsockname, fd) !== localPort) continue;
      if (this.#port(this.#libc.symbols.getpeername, fd) !== peerPort) continue;
      if (found >= 0) return false;
      found = fd;
    }
    if (found < 0) return false;
    return this.#libc.symbols.connect(found, this.#unspecified, this.#unspecified.length) === 0;
  }

  close(): void {
    this.#libc.close();
  }

  /** The port that `call` tells of a descriptor; -1 when it is no connected TCP socket. */
  #port(
    call: (fd: number, address: Uint8Array<ArrayBuffer>, length: Uint8Array<ArrayBuffer>) => number,
    fd: number,
  ): number {
    this.#length[0] = SOCKADDR_BYTES;
    if (call(fd, this.#address, this.#lengthBytes) !== 0) return -1;
    const family = this.#addressView.getUint16(0, true);
    return family === AF_INET || family === AF_INET6 ? this.#addressView.getUint16(2, false) : -1;
  }
}
