/**
 * An epoll instance: epoll(7), edge-triggered: receiving is watched from the first, sending once a send had to wait.
 *
 * The user's 64 bits of an event carry the fd (low word) and its generation (high word), so that an event for an fd that was
 * closed and given out again is recognised. The kernel forgets an fd by itself when it is closed.
 *
 * The events lie outside of the isolate (malloc): when a thread is ended while its wait is parked, the kernel may still write there,
 * and what V8 had freed would be somebody else's by then (seen as crashes at the end of a hadro with threads, 1 in 200).
 *
 * May import: base, sys.
 *
 * @module
 */
import { Epoll, type EpollEventLayout, epollEventLayout } from "./abi.ts";
import type { Libc } from "./libc.ts";
import { pointerTo } from "./memory.ts";

/** What is watched always; errors and hang-ups are told unasked. */
const RECEIVING = Epoll.IN | Epoll.RDHUP | Epoll.ET;
const EINTR = 4;

/** See the module's text. */
export class EpollSet {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #layout: EpollEventLayout;
  readonly #events: Int32Array;
  readonly #eventsPointer: Deno.PointerObject;
  readonly #countMax: number;
  /** One event, for registering. */
  readonly #request: Int32Array;
  readonly #requestPointer: Deno.PointerObject;

  /** @param countMax Events of one wait at most. @throws {Error} when there is no epoll, or no layout for this processor. */
  constructor(libc: Libc, countMax: number, layout = epollEventLayout(Deno.build.arch)) {
    if (layout === null) throw new Error(`no layout of epoll_event is known for ${Deno.build.arch}`);
    this.#libc = libc;
    this.#layout = layout;
    this.#countMax = countMax;
    const request = new Uint8Array(new ArrayBuffer(64));
    this.#request = new Int32Array(request.buffer);
    this.#requestPointer = pointerTo(request);
    this.#fd = libc.call.epoll_create1(Epoll.CLOEXEC);
    if (this.#fd < 0) throw new Error(`epoll_create1 failed (errno ${libc.errno})`);
    const sizeBytes = countMax * layout.wordsPerEvent * 4;
    this.#eventsPointer = libc.call.malloc(sizeBytes)!;
    this.#events = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(this.#eventsPointer, sizeBytes));
  }

  /** Registers `fd` for receiving, and for sending if asked; returns 0 or a negated error number. */
  add(fd: number, generation: number, isSendWatched: boolean): number {
    return this.#control(Epoll.CTL_ADD, fd, generation, isSendWatched ? RECEIVING | Epoll.OUT : RECEIVING);
  }

  /** Watches both directions of a registered `fd` from now on; its state is told again. */
  watchSend(fd: number, generation: number): number {
    return this.#control(Epoll.CTL_MOD, fd, generation, RECEIVING | Epoll.OUT);
  }

  /** Forgets `fd`: only needed where another descriptor of the same socket outlives it. */
  remove(fd: number): void {
    this.#control(Epoll.CTL_DEL, fd, 0, 0);
  }

  /** Waits on this thread; returns how many events came (0 when interrupted). */
  wait(timeoutMs: number): number {
    const count = this.#libc.call.epoll_wait(this.#fd, this.#eventsPointer, this.#countMax, timeoutMs);
    return count < 0 ? this.#failed(this.#libc.errno) : count;
  }

  /** Waits on another thread, so that this one can run its event loop. No other wait may begin meanwhile. */
  async park(timeoutMs: number): Promise<number> {
    const count = await this.#libc.call.epoll_wait_parked(
      this.#fd,
      this.#eventsPointer,
      this.#countMax,
      timeoutMs,
    );
    return Math.max(0, count);
  }

  /** The bits (Epoll) of event `index` of the last wait. */
  bits(index: number): number {
    return this.#events[index * this.#layout.wordsPerEvent]!;
  }

  fd(index: number): number {
    return this.#events[index * this.#layout.wordsPerEvent + this.#layout.dataWord]!;
  }

  generation(index: number): number {
    return this.#events[index * this.#layout.wordsPerEvent + this.#layout.dataWord + 1]! >>> 0;
  }

  /** Not while a wait is parked. */
  close(): void {
    this.#libc.call.close(this.#fd);
    this.#libc.call.free(this.#eventsPointer);
  }

  #control(operation: number, fd: number, generation: number, events: number): number {
    const { dataWord } = this.#layout;
    this.#request[0] = events;
    this.#request[dataWord] = fd;
    this.#request[dataWord + 1] = generation;
    const done = this.#libc.call.epoll_ctl(this.#fd, operation, fd, this.#requestPointer);
    return done < 0 ? -this.#libc.errno : 0;
  }

  #failed(errno: number): number {
    if (errno === EINTR) return 0;
    throw new Error(`epoll_wait failed (errno ${errno})`);
  }
}
