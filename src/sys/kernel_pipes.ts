/**
 * Pipes of the kernel between two sockets: bytes pass from one to the other without being copied to us (splice(2)).
 *
 *     socket --fill--> pipe --drain--> socket         pages change hands; nothing of it is seen here
 *
 * A pipe is made when first needed and kept for the next one who asks, PIPES_IDLE_MAX of them; one that is given back with
 * bytes in it is closed. Its size is PIPE_BYTES where the kernel grants that, else what the kernel gives.
 *
 * Why PIPE_BYTES: docs/decisions/2026-11-23-splice-for-bulk.md.
 *
 * May import: base, sys.
 *
 * @module
 */
import { Fcntl, Splice } from "./abi.ts";
import type { Libc } from "./libc.ts";
import { pointerTo } from "./memory.ts";

/** What a pipe is asked to hold. */
export const PIPE_BYTES = 262_144;
/** No pipe. */
const NONE = -1;
const PIPES_IDLE_MAX = 16;
/** Descriptors of one pipe. */
export const FDS_PER_PIPE = 2;

/** See the module's text. A pipe is known by its number, from 0 to `countMax` - 1. */
export class KernelPipes {
  /** How many are lent. */
  inUse = 0;
  readonly #libc: Libc;
  readonly #readFds: Int32Array;
  readonly #writeFds: Int32Array;
  /** Pipes that are open and empty, and numbers without one. */
  readonly #idle: number[] = [];
  readonly #unmade: number[] = [];
  readonly #pair = new Int32Array(new ArrayBuffer(64));
  readonly #pairPointer: Deno.PointerObject;
  readonly #openFds: Uint8Array;

  /** @param openFds Is 1 at each descriptor that is open here. */
  constructor(libc: Libc, countMax: number, openFds: Uint8Array) {
    this.#libc = libc;
    this.#openFds = openFds;
    this.#readFds = new Int32Array(countMax).fill(NONE);
    this.#writeFds = new Int32Array(countMax).fill(NONE);
    for (let pipe = countMax - 1; pipe >= 0; pipe--) this.#unmade.push(pipe);
    this.#pairPointer = pointerTo(new Uint8Array(this.#pair.buffer));
  }

  /** Lends an empty pipe; -1 when all are lent, or the process has no descriptors left. */
  take(): number {
    const pipe = this.#idle.pop() ?? this.#make();
    if (pipe !== NONE) this.inUse++;
    return pipe;
  }

  /** Takes a pipe back. */
  give(pipe: number, isEmpty: boolean): void {
    this.inUse--;
    if (isEmpty && this.#idle.length < PIPES_IDLE_MAX) this.#idle.push(pipe);
    else this.#close(pipe);
  }

  /** Moves at most `sizeBytes` out of a socket into the pipe, which is empty. Returns as a receive does. */
  fill(pipe: number, fd: number, sizeBytes: number): number {
    return this.#move(fd, this.#writeFds[pipe]!, sizeBytes, Splice.MOVE | Splice.NONBLOCK);
  }

  /** Moves at most `sizeBytes` out of the pipe into a socket; `hasMore` as in a send. Returns as a send does. */
  drain(pipe: number, fd: number, sizeBytes: number, hasMore: boolean): number {
    const flags = Splice.MOVE | Splice.NONBLOCK | (hasMore ? Splice.MORE : 0);
    return this.#move(this.#readFds[pipe]!, fd, sizeBytes, flags);
  }

  /** Closes all; none may be lent. */
  close(): void {
    for (const pipe of this.#idle.splice(0)) this.#close(pipe);
  }

  #move(from: number, to: number, sizeBytes: number, flags: number): number {
    const count = this.#libc.call.splice(from, null, to, null, sizeBytes, flags);
    return count < 0 ? -this.#libc.errno : count;
  }

  #make(): number {
    const pipe = this.#unmade.pop();
    if (pipe === undefined) return NONE;
    const { call } = this.#libc;
    if (call.pipe2(this.#pairPointer, Fcntl.O_NONBLOCK | Fcntl.O_CLOEXEC) < 0) {
      this.#unmade.push(pipe);
      return NONE;
    }
    [this.#readFds[pipe], this.#writeFds[pipe]] = [this.#pair[0]!, this.#pair[1]!];
    this.#openFds[this.#pair[0]!] = this.#openFds[this.#pair[1]!] = 1;
    // Refused beyond the user's share of pages (fs.pipe-user-pages-soft): a smaller pipe serves as well.
    call.fcntl(this.#pair[1]!, Fcntl.F_SETPIPE_SZ, PIPE_BYTES);
    return pipe;
  }

  #close(pipe: number): void {
    for (const fds of [this.#readFds, this.#writeFds]) {
      this.#libc.call.close(fds[pipe]!);
      this.#openFds[fds[pipe]!] = 0;
      fds[pipe] = NONE;
    }
    this.#unmade.push(pipe);
  }
}
