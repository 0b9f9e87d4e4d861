/**
 * The main isolate of a hadro with several threads: starts them, writes their log, passes signals on, replaces the dead.
 *
 *     start:   the first thread binds and says where; the others bind the same ports (SO_REUSEPORT)
 *     stop:    every thread drains; when the last one has, the log is closed
 *     a death: its descriptors are closed, its connections counted no more, a new thread takes its place after RESTART_MS
 *
 * Nothing of a connection is ever shared: a thread that dies loses its own connections and no others.
 *
 * May import: everything but other commands.
 *
 * @module
 */
import { type MemoryPlan, planOfThread } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import { openSink } from "../observe/access_log/access_log.ts";
import type { ConnectionCounts } from "../proxy/connection_counts.ts";
import type { TlsMaterial } from "../net/tls_material.ts";
import { epollSlotCount } from "./build_engine.ts";
import { ExitCode } from "./exit_codes.ts";
import { writeFailure } from "./log_forwarder.ts";
import { LogCollector } from "./log_collector.ts";
import {
  hasColour,
  printCounters,
  report,
  reportDropped,
  reportKilled,
  reportListeners,
  reportStopping,
} from "./report.ts";
import { clearThread, connectionCountsOf, newSharedCells, type SharedCells } from "./shared_cells.ts";
import { ThreadCounters } from "./thread_counters.ts";
import { ThreadFds } from "./thread_fds.ts";
import type { BoundListeners, FromThread, ToThread } from "./thread_messages.ts";
import { NamePublisher } from "./thread_names.ts";
import { ThreadNews } from "./thread_news.ts";

const LOG_CLOSE_MS = 2_000;
/** How long threads may take to end at once: one that hangs, or that waits for its log's reader, is ended. */
const KILL_MS = 3_000;

export interface SupervisorOptions {
  readonly threadCount: number;
  /** The module that threads run. */
  readonly worker: string;
  /** Pause before a thread that died is started again. */
  readonly restartMs: number;
  /** @default {null: nothing is encrypted} */
  readonly tls?: TlsMaterial | null;
  /** Tells people. @default {standard error} */
  readonly report?: (message: string) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly openFds: SharedArrayBuffer;
  readonly logWritten: Int32Array;
}

/** See the module's text. */
export class Supervisor {
  readonly #config: Config;
  readonly #options: SupervisorOptions;
  readonly #report: (message: string) => void;
  readonly #threadPlan: MemoryPlan;
  readonly #threadCount: number;
  readonly #cells: SharedCells;
  readonly #collector: LogCollector | null;
  readonly #threads: (Thread | null)[];
  readonly #ended = Promise.withResolvers<number>();
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  readonly #fds: ThreadFds;
  readonly #news: ThreadNews;
  readonly #names: NamePublisher;
  readonly #counters = new ThreadCounters(printCounters, () => this.#names.counters());
  #tls: TlsMaterial | null;
  #bound: BoundListeners | null = null;
  #boundCount = 0;
  #stopCount = 0;
  #drainedCount = 0;
  #killedCount = 0;
  #droppedLineCount = 0;
  #killTimer: ReturnType<typeof setTimeout> | undefined;

  /** @throws {LogFileError} when the log file cannot be opened. */
  constructor(config: Config, plan: MemoryPlan, options: SupervisorOptions) {
    const { threadCount } = options;
    [this.#config, this.#options, this.#threadCount] = [config, options, threadCount];
    this.#report = options.report ?? report;
    this.#tls = options.tls ?? null;
    this.#names = NamePublisher.start(config, this.#report, (message) => this.#broadcast(message));
    [this.#news, this.#fds] = [new ThreadNews(this.#report), new ThreadFds(config)];
    this.#threadPlan = planOfThread(plan, threadCount);
    this.#cells = newSharedCells(config, threadCount);
    this.#collector = config.log.format === "off"
      ? null
      : new LogCollector(openSink(config.log.file), threadCount);
    this.#threads = new Array<Thread | null>(threadCount).fill(null);
  }

  /** Runs until all have drained; returns the exit code. `onEnd` is called before what is left of the log is written. */
  async run(onEnd: () => void = () => {}): Promise<number> {
    this.#start(0);
    const exitCode = await this.#ended.promise;
    onEnd();
    clearTimeout(this.#killTimer);
    for (const timer of this.#restarts) clearTimeout(timer);
    for (const thread of this.#threads) thread?.worker.terminate();
    this.#counters.stop();
    this.#names.close();
    this.#fds.release();
    await this.#collector?.close(LOG_CLOSE_MS);
    reportDropped(this.#droppedLineCount, this.#report);
    reportKilled(this.#killedCount, this.#report);
    return exitCode;
  }

  /** The first time drains, the second one ends at once. */
  stop(isAtOnce: boolean): void {
    this.#stopCount++;
    if (!isAtOnce) reportStopping(this.#counts(0).total, this.#config.drainMs, this.#report);
    else this.#killTimer ??= setTimeout(() => this.#ended.resolve(ExitCode.OK), KILL_MS);
    this.#drainedCount += this.#restarts.size;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    this.#fds.release();
    this.#broadcast({ kind: "stop", isAtOnce });
    this.#endIfDrained();
  }

  /** Certificates changed; a thread that cannot use them says so. */
  setTls(material: TlsMaterial): void {
    this.#tls = material;
    this.#broadcast({ kind: "tls", material });
  }

  /** Prints the sums of all threads. */
  printCounters(): void {
    const alive = [...this.#threads.keys()].filter((index) => this.#threads[index] !== null);
    if (this.#counters.begin(alive)) this.#broadcast({ kind: "counters" });
  }

  /** Goes on with a new log file: the old one was moved away. */
  reopenLog(): void {
    if (this.#collector === null || this.#config.log.file === "-") return;
    try {
      this.#collector.reopen(openSink(this.#config.log.file));
    } catch (error) {
      this.#report(`${error instanceof Error ? error.message : error}; going on with the old file`);
    }
  }

  #start(index: number): void {
    const openFds = new SharedArrayBuffer(epollSlotCount(this.#threadPlan));
    const logWritten = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(this.#options.worker, { type: "module", name: `hadro-${index}` });
    this.#threads[index] = { worker, openFds, logWritten: new Int32Array(logWritten) };
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => this.#onMessage(index, data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#onDeath(index, event.message);
    };
    this.#post(index, {
      kind: "start",
      config: this.#config,
      plan: this.#threadPlan,
      tls: this.#tls,
      thread: index,
      threadCount: this.#threadCount,
      hasColour: hasColour(),
      ...this.#cells,
      names: this.#names.known,
      openFds,
      logWritten,
      bound: this.#bound,
    });
  }

  #post(index: number, message: ToThread): void {
    this.#threads[index]?.worker.postMessage(message);
  }

  #broadcast(message: ToThread): void {
    for (let index = 0; index < this.#threadCount; index++) this.#post(index, message);
  }

  #onMessage(index: number, message: FromThread): void {
    const thread = this.#threads[index];
    if (thread === null) return; // its last words, after its end was told
    switch (message.kind) {
      case "bound":
        this.#onBound(index, message);
        return;
      case "failed":
        this.#onFailed(index, message.message);
        return;
      case "report":
        this.#news.tell(message.message, message.isOnce);
        return;
      case "log":
        this.#collector!.add(index, message.bytes, (error) => this.#onLogWritten(index, thread, error));
        return;
      case "counters":
        this.#counters.add(index, message.counters);
        return;
      case "drained":
        this.#killedCount += message.killedCount;
        this.#droppedLineCount += message.droppedLineCount;
        this.#onDrained(index);
    }
  }

  /** The first thread found the ports: the others follow. When all listen, people are told. */
  #onBound(index: number, bound: BoundListeners): void {
    const isStopping = this.#stopCount > 0;
    if (this.#bound === null) {
      const { addresses, unixListeners } = bound;
      this.#bound = { addresses, unixListeners: isStopping ? new Map() : this.#fds.keep(unixListeners) };
      if (isStopping) this.#drainedCount += this.#threadCount - 1;
      else for (let other = 1; other < this.#threadCount; other++) this.#start(other);
    }
    if (isStopping) this.#post(index, { kind: "stop", isAtOnce: this.#stopCount > 1 });
    if (++this.#boundCount === this.#threadCount) {
      reportListeners(this.#config, this.#bound.addresses, this.#report);
    }
  }

  /** A thread cannot bind: at the start that is the end, later on it may have lacked something for a while. */
  #onFailed(index: number, reason: string): void {
    if (this.#boundCount >= this.#threadCount) {
      this.#onDeath(index, reason);
      return;
    }
    this.#report(reason);
    this.#ended.resolve(ExitCode.RUNTIME);
  }

  #onDrained(index: number): void {
    this.#threads[index]?.worker.terminate();
    this.#threads[index] = null;
    this.#counters.forget(index);
    this.#drainedCount++;
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#drainedCount >= this.#threadCount) this.#ended.resolve(ExitCode.OK);
  }

  #onDeath(index: number, reason: string): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    this.#threads[index] = null;
    thread.worker.terminate();
    this.#fds.closeAll(new Uint8Array(thread.openFds), index === 0);
    clearThread(this.#cells, this.#config, this.#threadCount, index);
    this.#collector?.forget(index);
    this.#counters.forget(index);
    if (this.#bound === null) {
      this.#report(`thread ${index} ended at its start: ${reason}`);
      this.#ended.resolve(ExitCode.RUNTIME);
      return;
    }
    if (this.#stopCount > 0) {
      this.#report(`thread ${index} ended: ${reason}; its connections are lost`);
      this.#onDrained(index);
      return;
    }
    const { restartMs } = this.#options;
    this.#report(
      `thread ${index} ended: ${reason}; its connections are lost, another starts in ${restartMs} ms`,
    );
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(index);
    }, restartMs);
    this.#restarts.add(timer);
  }

  #counts(index: number): ConnectionCounts {
    return connectionCountsOf(this.#cells, this.#config, index);
  }

  #onLogWritten(index: number, thread: Thread, error: unknown): void {
    if (this.#threads[index] !== thread) return;
    const failure = error === null ? null : writeFailure(error);
    Atomics.store(thread.logWritten, 1, failure?.errno ?? 0);
    Atomics.add(thread.logWritten, 0, 1);
    Atomics.notify(thread.logWritten, 0);
    this.#post(index, { kind: "logWritten", error: failure });
  }
}
