/**
 * The log lines of all threads, written by the main isolate: whole lines only, each thread's in its order.
 *
 * A batch may end in the middle of a line (where a thread's ring begins anew): that part waits for the next batch. A batch that
 * could not be written is as if it had not come: its thread sends it again. (What a sink took of it before it failed is there twice.)
 *
 * May import: base, observe.
 *
 * @module
 */
import type { ByteSink } from "../observe/access_log/log_writer.ts";

const LINE_END = 0x0a;
const NOTHING = new Uint8Array(0);

/** Told when a batch is written: null, or why it could not be. */
type OnWritten = (error: unknown) => void;

interface Batch {
  readonly thread: number;
  readonly bytes: Uint8Array;
  /** What waited of the thread before: if the batch fails, it comes again. */
  readonly restBefore: Uint8Array;
  readonly onWritten: OnWritten;
}

/** See the module's text. */
export class LogCollector {
  readonly #rests: Uint8Array[];
  /** The batch of each thread that was added last; null once its thread is dead. */
  readonly #last: (Batch | null)[];
  readonly #queue: Batch[] = [];
  #sink: ByteSink;
  #isWriting = false;
  #onIdle: (() => void) | null = null;

  constructor(sink: ByteSink, threadCount: number) {
    this.#sink = sink;
    this.#rests = new Array<Uint8Array>(threadCount).fill(NOTHING);
    this.#last = new Array<Batch | null>(threadCount).fill(null);
  }

  /** Takes a batch of `thread`; `onWritten` is called once it is out. */
  add(thread: number, taken: Uint8Array, onWritten: OnWritten): void {
    const end = taken.lastIndexOf(LINE_END) + 1;
    const rest = this.#rests[thread];
    const bytes = end === 0 ? NOTHING : join(rest, taken.subarray(0, end));
    this.#rests[thread] = end === 0 ? join(rest, taken) : taken.slice(end);
    const batch = { thread, bytes, restBefore: rest, onWritten };
    this.#last[thread] = batch;
    this.#queue.push(batch);
    if (!this.#isWriting) this.#writeNext();
  }

  /** Forgets the half of a line that a thread left when it died. */
  forget(thread: number): void {
    this.#rests[thread] = NOTHING;
    this.#last[thread] = null;
  }

  /** Goes on with another sink: the file was rotated. */
  reopen(sink: ByteSink): void {
    const old = this.#sink;
    this.#sink = sink;
    if (!this.#isWriting) old.close();
    else this.#queue.push({ thread: -1, bytes: NOTHING, restBefore: NOTHING, onWritten: () => old.close() });
  }

  /** Everything is written, or `timeoutMs` are over. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isWriting) {
      const idle = Promise.withResolvers<void>();
      this.#onIdle = idle.resolve;
      const timer = setTimeout(idle.resolve, timeoutMs);
      await idle.promise;
      clearTimeout(timer);
    }
    this.#sink.close();
  }

  async #writeNext(): Promise<void> {
    this.#isWriting = true;
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      let failure: unknown = null;
      const sink = this.#sink; // to its end, whatever is reopened meanwhile: no line is in two files
      try {
        for (let at = 0; at < batch.bytes.length;) at += await sink.write(batch.bytes.subarray(at));
      } catch (error) {
        failure = error;
        if (this.#last[batch.thread] === batch) this.#rests[batch.thread] = batch.restBefore;
      }
      batch.onWritten(failure);
    }
    this.#isWriting = false;
    this.#onIdle?.();
  }
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.length === 0) return tail;
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
