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
 * next batch, while the ring keeps what it has; an error is told once. What waits when the reader goes, or when time is up at the end,
 * counts as dropped.
 *
 * May import: base, proxy, observe/access_log.
 *
 * @module
 */
import { ByteWriter } from "../../base/byte_writer.ts";
import type { LogRecord, LogSink } from "../../proxy/log_record.ts";
import type { LogFormat } from "./format.ts";

export const RING_BYTES = 4 * 1_024 * 1_024;
/** Holds the largest record, every captured byte and every letter of a text written as six (`\u001F`). */
export const LINE_BYTES_MAX = 32_768;
export const FLUSH_BYTES = 32 * 1_024;
export const FLUSH_MS = 10;
const LINE_END = 0x0a;

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
  /** Where the write in flight goes; null when there is none. */
  #writingTo: ByteSink | null = null;
  #isGone = false;
  #toldReason = "";
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
      this.#drop();
      return;
    }
    this.#noteDropped();
    this.#line.reset();
    this.#format.write(this.#line, record);
    this.#append();
  }

  /** Begins a batch when enough waits; else makes sure that one will begin soon. Called once a turn. */
  flushSoon(): void {
    if (this.#waiting === 0 || this.#writingTo !== null) return;
    if (this.#options.blocks) this.#writeSync();
    else if (this.#waiting >= FLUSH_BYTES) this.#write();
    else this.#timer ??= setTimeout(() => this.#onTimer(), FLUSH_MS);
  }

  /** Goes on with another sink: the file was rotated. */
  reopen(sink: ByteSink): void {
    const old = this.#sink;
    this.#sink = sink;
    this.#isGone = false;
    if (old !== this.#writingTo) old.close();
  }

  /** Writes what waits, for at most `timeoutMs`, and closes; tells how many lines were lost. */
  async close(timeoutMs: number): Promise<number> {
    clearTimeout(this.#timer);
    if (!this.#isGone) this.#noteDropped();
    if (this.#waiting > 0 || this.#writingTo !== null) {
      const idle = Promise.withResolvers<void>();
      this.#onIdle = idle.resolve;
      const timer = setTimeout(idle.resolve, timeoutMs);
      if (this.#writingTo === null) this.#write();
      await idle.promise;
      clearTimeout(timer);
    }
    this.#giveUp();
    this.#sink.close();
    return this.counters.dropped;
  }

  #onTimer(): void {
    this.#timer = undefined;
    if (this.#waiting > 0 && this.#writingTo === null) this.#write();
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
    if (this.#isFullFor(length) && this.#options.blocks) this.#writeSync();
    if (this.#isGone || this.#isFullFor(length)) {
      this.#drop();
      return;
    }
    let at = (this.#head + this.#waiting) % RING_BYTES;
    if (at + length < RING_BYTES) {
      this.#ring.set(bytes.subarray(0, length), at);
      at += length;
    } else {
      for (let i = 0; i < length; i++) {
        this.#ring[at] = bytes[i];
        if (++at === RING_BYTES) at = 0;
      }
    }
    this.#ring[at] = LINE_END;
    this.#waiting += length + 1;
  }

  #drop(): void {
    this.counters.dropped++;
    this.#droppedSinceNote++;
  }

  #isFullFor(length: number): boolean {
    return RING_BYTES - this.#waiting < length + 1;
  }

  /** What can be written in one piece. */
  #batch(): Uint8Array {
    return this.#ring.subarray(this.#head, Math.min(this.#head + this.#waiting, RING_BYTES));
  }

  #write(): void {
    const sink = this.#sink;
    this.#writingTo = sink;
    this.counters.writes++;
    sink.write(this.#batch()).then(
      (count) => this.#onWritten(sink, count),
      (error) => this.#onFailed(sink, error),
    );
  }

  #onWritten(sink: ByteSink, count: number): void {
    this.#writingTo = null;
    if (sink !== this.#sink) sink.close();
    if (this.#isGone) return;
    this.#take(count);
    this.#noteDropped();
    if (this.#waiting >= FLUSH_BYTES || (this.#waiting > 0 && this.#onIdle !== null)) this.#write();
    else if (this.#waiting > 0) this.flushSoon();
    else this.#onIdle?.();
  }

  /** A failure of a sink that was replaced meanwhile says nothing of the new one. */
  #onFailed(sink: ByteSink, error: unknown): void {
    this.#writingTo = null;
    if (sink !== this.#sink) {
      sink.close();
      if (this.#onIdle !== null) this.#write();
      return;
    }
    if (!this.#isGone) this.#fail(error);
    this.#onIdle?.();
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
      this.#giveUp();
      this.#options.onError(
        `access log: the reader is gone (${reason}); lines are dropped from now on, traffic goes on`,
      );
    } else if (reason !== this.#toldReason) {
      this.#toldReason = reason;
      this.#options.onError(`access log: cannot write: ${reason}; trying again`);
    }
  }

  /** Nothing more will be written: what waits is lost. */
  #giveUp(): void {
    this.#isGone = true;
    for (let at = this.#head; this.#waiting > 0; this.#waiting--) {
      if (this.#ring[at] === LINE_END) this.#drop();
      if (++at === RING_BYTES) at = 0;
    }
    this.#head = 0;
  }
}

/** A pipe that was made non-blocking by another process: the write must simply be tried again. */
function isWouldBlock(error: unknown): boolean {
  return error instanceof Error && (error.name === "WouldBlock" || error.message.includes("os error 11"));
}
