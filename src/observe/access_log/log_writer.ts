/**
 * The access log's way out: a bounded ring of lines, written in batches, that never stalls traffic unless told to.
 *
 *     logStream --> line --> ring (RING_BYTES) --> one write in flight --> sink
 *                              |
 *                              +-- no room: `drop`   the line is counted; a line that says how many follows as soon as there is room
 *                                           `block`  written at once, waiting for the reader: traffic waits, nothing is lost
 *
 * A batch is begun when FLUSH_BYTES wait, or FLUSH_MS after the first line. With `block` all writes are synchronous, so that order is
 * kept. A sink that fails never reaches the proxy: EPIPE is final (the reader is gone), other errors are tried again with the
 * next batch; the lines meanwhile are counted as dropped, the error is told once.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord, LogSink } from "../../proxy/log_record.ts";
import type { LogFormat } from "./format.ts";

export const RING_BYTES = 1_024 * 1_024;
export const LINE_BYTES_MAX = 8_192;
export const FLUSH_BYTES = 32 * 1_024;
export const FLUSH_MS = 10;

/** Where lines go: standard output or a file. */
export interface ByteSink {
  /** Writes a part of `bytes`; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  close(): void;
}

export interface LogWriterOptions {
  readonly format: LogFormat;
  readonly sink: ByteSink;
  readonly blocks: boolean;
  /** Told once for each kind of failure. */
  readonly onError: (message: string) => void;
}

/** See the module's text. */
export class LogWriter implements LogSink {
  readonly enabled = true;
  /** Lines taken, lines dropped, bytes written, writes done, failed writes. */
  readonly counters = { lines: 0, dropped: 0, bytes: 0, writes: 0, errors: 0 };
  readonly #format: LogFormat;
  readonly #options: LogWriterOptions;
  readonly #line = new ByteWriter(LINE_BYTES_MAX);
  readonly #ring = new Uint8Array(RING_BYTES);
  #sink: ByteSink;
  #head = 0;
  #waiting = 0;
  #droppedSinceNote = 0;
  #isWriting = false;
  #isGone = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onIdle: (() => void) | null = null;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#format = options.format;
    this.#sink = options.sink;
  }

  logStream(record: LogRecord): void {
    this.counters.lines++;
    if (this.#isGone) {
      this.counters.dropped++;
      return;
    }
    this.#noteDropped();
    this.#line.reset();
    this.#format.write(this.#line, record);
    this.#append();
  }

  /** Begins a batch when enough waits; else makes sure that one will begin soon. Called once a turn. */
  flushSoon(): void {
    if (this.#waiting === 0 || this.#isWriting) return;
    if (this.#options.blocks) this.#writeSync();
    else if (this.#waiting >= FLUSH_BYTES) this.#write();
    else this.#timer ??= setTimeout(() => this.#onTimer(), FLUSH_MS);
  }

  /** Goes on with another sink: the file was rotated. */
  reopen(sink: ByteSink): void {
    const old = this.#sink;
    this.#sink = sink;
    this.#isGone = false;
    if (!this.#isWriting) old.close();
  }

  /** Writes what waits, for at most `timeoutMs`, and closes; tells how many lines were lost. */
  async close(timeoutMs: number): Promise<number> {
    clearTimeout(this.#timer);
    if (this.#waiting > 0 || this.#isWriting) {
      const idle = Promise.withResolvers<void>();
      this.#onIdle = idle.resolve;
      const timer = setTimeout(idle.resolve, timeoutMs);
      this.#noteDropped();
      if (!this.#isWriting) this.#write();
      await idle.promise;
      clearTimeout(timer);
    }
    this.#sink.close();
    return this.counters.dropped;
  }

  #onTimer(): void {
    this.#timer = undefined;
    if (this.#waiting > 0 && !this.#isWriting) this.#write();
  }

  #noteDropped(): void {
    if (this.#droppedSinceNote === 0 || RING_BYTES - this.#waiting < LINE_BYTES_MAX) return;
    this.#line.reset();
    this.#format.writeDropped(this.#line, this.#droppedSinceNote);
    this.#droppedSinceNote = 0;
    this.#append();
  }

  /** Puts the line into the ring, with its line end. */
  #append(): void {
    const { bytes, length } = this.#line;
    if (RING_BYTES - this.#waiting < length + 1) {
      if (!this.#options.blocks) {
        this.counters.dropped++;
        this.#droppedSinceNote++;
        return;
      }
      this.#writeSync();
      if (this.#isGone) return;
    }
    let at = (this.#head + this.#waiting) % RING_BYTES;
    for (let i = 0; i < length; i++) {
      this.#ring[at] = bytes[i];
      if (++at === RING_BYTES) at = 0;
    }
    this.#ring[at] = 0x0a;
    this.#waiting += length + 1;
  }

  /** What can be written in one piece. */
  #batch(): Uint8Array {
    return this.#ring.subarray(this.#head, Math.min(this.#head + this.#waiting, RING_BYTES));
  }

  #write(): void {
    this.#isWriting = true;
    this.counters.writes++;
    const sink = this.#sink;
    sink.write(this.#batch()).then((count) => this.#onWritten(sink, count), (error) => this.#onFailed(error));
  }

  #onWritten(sink: ByteSink, count: number): void {
    this.#take(count);
    this.#isWriting = false;
    if (sink !== this.#sink) sink.close();
    this.#noteDropped();
    if (this.#waiting >= FLUSH_BYTES || (this.#waiting > 0 && this.#onIdle !== null)) this.#write();
    else if (this.#waiting > 0) this.flushSoon();
    else this.#onIdle?.();
  }

  #onFailed(error: unknown): void {
    this.#isWriting = false;
    this.#fail(error);
    if (this.#waiting === 0 || this.#onIdle !== null) this.#onIdle?.();
  }

  #writeSync(): void {
    while (this.#waiting > 0 && !this.#isGone) {
      this.counters.writes++;
      try {
        this.#take(this.#sink.writeSync(this.#batch()));
      } catch (error) {
        if (isWouldBlock(error)) continue;
        this.#fail(error);
        return;
      }
    }
  }

  #take(count: number): void {
    this.counters.bytes += count;
    this.#head = (this.#head + count) % RING_BYTES;
    this.#waiting -= count;
  }

  /** EPIPE: nobody will ever read again. Anything else may pass; the ring keeps what it has. */
  #fail(error: unknown): void {
    this.counters.errors++;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Deno.errors.BrokenPipe) {
      this.#isGone = true;
      this.#waiting = 0;
      this.#options.onError(
        `access log: the reader is gone (${reason}); lines are dropped from now on, traffic goes on`,
      );
    } else if (this.counters.errors === 1) {
      this.#options.onError(`access log: cannot write: ${reason}; trying again`);
    }
  }
}

/** A pipe that was made non-blocking by another process: the write must simply be tried again. */
function isWouldBlock(error: unknown): boolean {
  return error instanceof Error && (error.name === "WouldBlock" || error.message.includes("os error 11"));
}
