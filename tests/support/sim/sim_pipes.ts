/**
 * Simulated pipes of a kernel: few, small, and free to move less than they could at any time.
 *
 * @module
 */
import { Errno } from "../../../src/base/errno.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Pipes } from "../../../src/event/poller.ts";
import type { SimSocket } from "./sim_socket.ts";

/** Fewer than the connections that want one. */
const PIPES_MAX = 3;
const PIPE_BYTES_MAX = 60_000;

/** A pipe's memory, and what lies in it. */
interface SimPipeMemory {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  isLent: boolean;
}

/** Who has the sockets. */
export interface SocketSource {
  /** Bytes moved. */
  progress: number;
  socket(fd: number): SimSocket;
}

export class SimPipes implements Pipes {
  readonly #source: SocketSource;
  readonly #prng: Prng;
  readonly #pipes: SimPipeMemory[];
  /** Bytes that went through. */
  passedBytes = 0;

  constructor(source: SocketSource, prng: Prng) {
    this.#source = source;
    this.#prng = prng;
    this.#pipes = Array.from({ length: prng.nextBelow(PIPES_MAX + 1) }, () => ({
      bytes: new Uint8Array(1 + prng.nextBelow(PIPE_BYTES_MAX)),
      start: 0,
      end: 0,
      isLent: false,
    }));
  }

  /** For checks: pipes that are lent. */
  get inUse(): number {
    return this.#pipes.filter((pipe) => pipe.isLent).length;
  }

  take(): number {
    const pipe = this.#pipes.findIndex((one) => !one.isLent);
    if (pipe >= 0) this.#pipes[pipe].isLent = true;
    return pipe;
  }

  give(pipe: number, isEmpty: boolean): void {
    const memory = this.#lent(pipe);
    const heldBytes = memory.end - memory.start;
    if (isEmpty !== (heldBytes === 0)) throw new Error(`pipe ${pipe} is given back with ${heldBytes} bytes`);
    memory.isLent = false;
    memory.start = memory.end = 0;
  }

  fill(pipe: number, fd: number, sizeBytes: number): number {
    const memory = this.#lent(pipe);
    if (memory.end > memory.start) throw new Error(`pipe ${pipe} is filled before it is empty`);
    const count = this.#source.socket(fd).receive(
      memory.bytes,
      0,
      this.#part(memory.bytes.length, sizeBytes),
    );
    memory.start = 0;
    memory.end = Math.max(0, count);
    if (count !== -Errno.EAGAIN) this.#source.progress++;
    return count;
  }

  drain(pipe: number, fd: number, sizeBytes: number): number {
    const memory = this.#lent(pipe);
    const wanted = this.#part(memory.end - memory.start, sizeBytes);
    const count = this.#source.socket(fd).send(memory.bytes, memory.start, wanted);
    if (count !== -Errno.EAGAIN) this.#source.progress++;
    if (count > 0) {
      memory.start += count;
      this.passedBytes += count;
    }
    return count;
  }

  /** At most both, and often less. */
  #part(available: number, sizeBytes: number): number {
    const most = Math.min(available, sizeBytes);
    return this.#prng.chance(0.5) ? most : 1 + this.#prng.nextBelow(most);
  }

  #lent(pipe: number): SimPipeMemory {
    const memory = this.#pipes[pipe];
    if (!memory?.isLent) throw new Error(`pipe ${pipe} is not lent`);
    return memory;
  }
}
