/**
 * The C library through FFI: every call that hadro makes of it, and the error number of the last one.
 *
 * A call allocates nothing and takes Deno's fast path. Pointers are objects made once for a place in memory: an address passed
 * as a number (`usize`) costs about 250 ns more a call (2026-11-23: recv with two of them 1,108 ns, with a pointer and
 * a `u32` 524 ns, on a loaded machine), and is left for places that change (`recv_at`, `send_at`).
 * `errno` belongs to the thread that opened the library; its place is asked for once. A call that runs on another thread
 * (`epoll_wait_parked`) has its own, which nobody reads.
 *
 * May import: nothing. One of the places with Deno.dlopen.
 *
 * @module
 */

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  // Sizes and results are size_t and ssize_t, but never more than a buffer: 32 bits hold them.
  recv: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  recv_at: { name: "recv", parameters: ["i32", "usize", "u32", "i32"], result: "i32" },
  send_at: { name: "send", parameters: ["i32", "usize", "u32", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getpeername: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  epoll_wait_parked: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  pipe2: { parameters: ["pointer", "i32"], result: "i32" },
  // Variadic: an integer is passed as any other on both processors.
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  splice: { parameters: ["i32", "pointer", "i32", "pointer", "u32", "u32"], result: "i32" },
  malloc: { parameters: ["usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  eventfd_read: { parameters: ["i32", "pointer"], result: "i32" },
} as const;

const LIBRARY_NAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** The calls as they are made here: addresses are numbers, which FFI takes and its types do not say. */
type WithNumbers<Call> = Call extends (...args: infer Args) => infer Result
  ? (...args: { [K in keyof Args]: Args[K] extends bigint ? number | bigint : Args[K] }) => Result
  : Call;
type Calls = {
  readonly [Name in keyof Deno.DynamicLibrary<typeof SYMBOLS>["symbols"]]: WithNumbers<
    Deno.DynamicLibrary<typeof SYMBOLS>["symbols"][Name]
  >;
};

/** See the module's text. */
export class Libc {
  readonly call: Calls;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #errno: Int32Array;

  constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.#library = library;
    this.call = library.symbols as unknown as Calls;
    const place = library.symbols.__errno_location();
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(place!, 4));
  }

  /** Opens the C library, glibc or musl; null with the reason where that cannot be done. */
  static open(): Libc | string {
    if (Deno.build.os !== "linux") return `${Deno.build.os} is not Linux`;
    const reasons: string[] = [];
    for (const name of LIBRARY_NAMES) {
      try {
        return new Libc(Deno.dlopen(name, SYMBOLS));
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    return `libc cannot be opened (${reasons[0]})`;
  }

  /** The positive error number of the last call that failed, if made by this thread. */
  get errno(): number {
    return this.#errno[0]!;
  }

  close(): void {
    this.#library.close();
  }
}
