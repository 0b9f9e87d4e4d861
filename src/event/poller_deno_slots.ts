/**
 * The memory of the `deno` poller's slots: small places that belong to a slot, and big ones lent by the buffer pool.
 *
 *     slab of small places:  | read 1 kB | send 1 kB |  per slot, SLOTS_PER_SLAB slots a slab, made when first used
 *
 * A parked read of an idle connection uses the small place, so no pool buffer is tied to it. Big places are taken only
 * when {@linkcode MemorySource.takeSpare} gives one; without one everything works on, a kilobyte at a time.
 *
 * May import: base.
 *
 * @module
 */
import { Errno } from "../base/errno.ts";
import { Slab } from "../base/slab.ts";

/** A typical request head, or a small answer. */
const READ_SLOT_BYTES = 1_024;
const SEND_SLOT_BYTES = 1_024;
const SLOTS_PER_SLAB = 512;
const NONE = -1;

/** Who lends big places: the buffer pool, seen from above. */
export interface MemorySource {
  readonly sizeBytes: number;
  /** A place, or -1 when there is not plenty. */
  takeSpare(): number;
  release(place: number): void;
  slab(place: number): Slab;
  offset(place: number): number;
}

/** Small and big places by slot. At most one read place and one send place are in use per slot. */
export class SlotMemory {
  readonly #source: MemorySource | null;
  readonly #slabs: (Uint8Array | null)[];
  readonly #smallReads: (Uint8Array | null)[];
  readonly #smallSends: (Uint8Array | null)[];
  readonly #readViews: (Uint8Array | null)[];
  readonly #sendViews: (Uint8Array | null)[];
  readonly #readPlaces: Int32Array;
  readonly #sendPlaces: Int32Array;

  constructor(capacity: number, source: MemorySource | null) {
    this.#source = source;
    this.#slabs = new Array(Math.ceil(capacity / SLOTS_PER_SLAB)).fill(null);
    this.#smallReads = new Array(capacity).fill(null);
    this.#smallSends = new Array(capacity).fill(null);
    this.#readViews = new Array(capacity).fill(null);
    this.#sendViews = new Array(capacity).fill(null);
    this.#readPlaces = new Int32Array(capacity).fill(NONE);
    this.#sendPlaces = new Int32Array(capacity).fill(NONE);
  }

  /** The place for the next read: big when asked for and to be had. */
  takeRead(fd: number, wantsBig: boolean): Uint8Array {
    const place = wantsBig && this.#source !== null ? this.#source.takeSpare() : NONE;
    this.#readPlaces[fd] = place;
    const view = place === NONE ? this.#smallRead(fd) : this.#bigView(place, this.#source!.sizeBytes);
    this.#readViews[fd] = view;
    return view;
  }

  /** What {@linkcode SlotMemory.takeRead} gave last. */
  readView(fd: number): Uint8Array {
    return this.#readViews[fd]!;
  }

  /** Gives a big read place back; of no effect on a small one. */
  releaseRead(fd: number): void {
    const place = this.#readPlaces[fd]!;
    if (place === NONE) return;
    this.#readPlaces[fd] = NONE;
    this.#readViews[fd] = null;
    this.#source!.release(place);
  }

  /** Copies what will be sent into a place of this slot; returns how much of it was taken. */
  fillSend(fd: number, slab: Slab, offset: number, sizeBytes: number): number {
    const place = sizeBytes > SEND_SLOT_BYTES && this.#source !== null ? this.#source.takeSpare() : NONE;
    this.#sendPlaces[fd] = place;
    const view = place === NONE ? this.#smallSend(fd) : this.#bigView(place, this.#source!.sizeBytes);
    const count = Math.min(sizeBytes, view.length);
    view.set(slab.bytes.subarray(offset, offset + count));
    this.#sendViews[fd] = view;
    return count;
  }

  /** What {@linkcode SlotMemory.fillSend} filled. */
  sendView(fd: number): Uint8Array {
    return this.#sendViews[fd]!;
  }

  /** Gives a big send place back; of no effect on a small one. */
  releaseSend(fd: number): void {
    const place = this.#sendPlaces[fd]!;
    if (place === NONE) return;
    this.#sendPlaces[fd] = NONE;
    this.#sendViews[fd] = null;
    this.#source!.release(place);
  }

  #bigView(place: number, sizeBytes: number): Uint8Array {
    const offset = this.#source!.offset(place);
    return this.#source!.slab(place).bytes.subarray(offset, offset + sizeBytes);
  }

  #smallRead(fd: number): Uint8Array {
    return this.#smallReads[fd] ??= this.#cut(fd, 0, READ_SLOT_BYTES);
  }

  #smallSend(fd: number): Uint8Array {
    return this.#smallSends[fd] ??= this.#cut(fd, READ_SLOT_BYTES, SEND_SLOT_BYTES);
  }

  #cut(fd: number, at: number, sizeBytes: number): Uint8Array {
    const slotBytes = READ_SLOT_BYTES + SEND_SLOT_BYTES;
    const index = Math.floor(fd / SLOTS_PER_SLAB);
    const slab = this.#slabs[index] ??= new Uint8Array(SLOTS_PER_SLAB * slotBytes);
    const offset = (fd % SLOTS_PER_SLAB) * slotBytes + at;
    return slab.subarray(offset, offset + sizeBytes);
  }
}

const ERRNO_BY_DENO_NAME: Readonly<Record<string, number>> = {
  ConnectionRefused: Errno.ECONNREFUSED,
  ConnectionReset: Errno.ECONNRESET,
  ConnectionAborted: Errno.ECONNABORTED,
  NotConnected: Errno.ENOTCONN,
  BrokenPipe: Errno.EPIPE,
  TimedOut: Errno.ETIMEDOUT,
  AddrInUse: Errno.EADDRINUSE,
  AddrNotAvailable: Errno.EADDRNOTAVAIL,
  PermissionDenied: Errno.EACCES,
  NotFound: Errno.ENOENT,
  Interrupted: Errno.EINTR,
  UnexpectedEof: Errno.ECONNRESET,
  NetworkUnreachable: Errno.ENETUNREACH,
};

/** Returns the negated error number of what Deno threw: by its `code`, its class, or the number in its text. */
export function errnoOf(error: unknown): number {
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code;
    const byCode = typeof code === "string" ? (Errno as Record<string, number>)[code] : undefined;
    if (byCode !== undefined) return -byCode;
    const inText = /\(os error (\d+)\)/.exec(error.message);
    if (inText !== null) return -Number(inText[1]);
    const byName = ERRNO_BY_DENO_NAME[error.name];
    if (byName !== undefined) return -byName;
  }
  return -Errno.EIO;
}
