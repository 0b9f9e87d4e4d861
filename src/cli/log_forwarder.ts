/**
 * The access log of a thread: batches go to the main isolate, which writes them, one batch in flight.
 *
 *     thread: ring → batch --log--> main: whole lines → sink --logWritten--> thread: the next batch
 *
 * So the ring of each thread is its bound, a stalled reader stalls no thread, and what is dropped is counted where it was made.
 * With `--log-full block` the thread sleeps until the main isolate has written (Atomics.wait).
 *
 * May import: base, observe, cli.
 *
 * @module
 */
import { Errno, errnoName } from "../base/errno.ts";
import type { ByteSink } from "../observe/access_log/log_writer.ts";
import type { FromThread, WriteFailure } from "./thread_messages.ts";

/** Longest sleep of a thread that waits for the log: it then looks again. */
const BLOCK_MS = 1_000;

/** See the module's text. */
export class LogForwarder implements ByteSink {
  readonly #post: (message: FromThread, transfer: Transferable[]) => void;
  /** Batches that the main isolate is done with, and the error number of the last one. */
  readonly #written: Int32Array;
  #sentCount = 0;
  #pending: PromiseWithResolvers<number> | null = null;
  #pendingBytes = 0;

  constructor(
    post: (message: FromThread, transfer: Transferable[]) => void,
    written: SharedArrayBuffer,
  ) {
    this.#post = post;
    this.#written = new Int32Array(written);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#pending = Promise.withResolvers<number>();
    this.#pendingBytes = bytes.length;
    this.#send(bytes);
    return this.#pending.promise;
  }

  writeSync(bytes: Uint8Array): number {
    this.#send(bytes);
    for (;;) {
      const written = Atomics.load(this.#written, 0);
      if (written >= this.#sentCount) {
        const errno = Atomics.load(this.#written, 1);
        if (errno !== 0) throw toError({ errno, message: `${errnoName(errno)} (os error ${errno})` });
        return bytes.length;
      }
      Atomics.wait(this.#written, 0, written, BLOCK_MS);
    }
  }

  /** The main isolate wrote the batch, or could not. */
  onWritten(failure: WriteFailure | null): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null) return;
    if (failure === null) pending.resolve(this.#pendingBytes);
    else pending.reject(toError(failure));
  }

  close(): void {}

  #send(bytes: Uint8Array): void {
    this.#sentCount++;
    const copy = bytes.slice();
    this.#post({ kind: "log", bytes: copy }, [copy.buffer]);
  }
}

/** What a thread is told of an error of the sink. */
export function writeFailure(error: unknown): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  const errno = Number(/os error (\d+)/.exec(message)?.[1] ?? Errno.EIO);
  return { errno: error instanceof Deno.errors.BrokenPipe ? Errno.EPIPE : errno, message };
}

function toError({ errno, message }: WriteFailure): Error {
  return errno === Errno.EPIPE ? new Deno.errors.BrokenPipe(message) : new Error(message);
}
