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
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import { LogFileError, openSink } from "../observe/access_log/access_log.ts";
import { ConnectionCounts } from "../proxy/connection_counts.ts";
import { epollSlotCount, openLibc } from "./build_engine.ts";
import { ExitCode } from "./exit_codes.ts";
import { LogCollector } from "./log_collector.ts";
import { hasColour, printCounters, report, reportKilled, reportListeners, reportStopping } from "./report.ts";
import { handleSignals } from "./signals.ts";
import type { BoundListeners, FromThread, ToThread } from "./thread_messages.ts";

/** Pause before a thread that died is started again. */
const RESTART_MS = 1_000;
const LOG_CLOSE_MS = 2_000;
/** How long threads may take to answer with their counters. */
const COUNTERS_MS = 2_000;
/** The same words from another thread within this time are the same news. */
const SAME_NEWS_MS = 2_000;

/** Runs `threadCount` threads until all have drained; returns the exit code. */
export async function runThreads(config: Config, plan: MemoryPlan, threadCount: number): Promise<number> {
  let supervisor: Supervisor;
  try {
    supervisor = new Supervisor(config, plan, threadCount);
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    report(error.message);
    return ExitCode.RUNTIME;
  }
  return await supervisor.run();
}

interface Thread {
  readonly worker: Worker;
  readonly openFds: SharedArrayBuffer;
  readonly logWritten: Int32Array;
}

class Supervisor {
  readonly #config: Config;
  readonly #threadPlan: MemoryPlan;
  readonly #threadCount: number;
  readonly #connectionCells: SharedArrayBuffer;
  readonly #collector: LogCollector | null;
  readonly #threads: (Thread | null)[];
  readonly #ended = Promise.withResolvers<number>();
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  readonly #news = new Map<string, number>();
  #bound: BoundListeners | null = null;
  #boundCount = 0;
  #stopCount = 0;
  #drainedCount = 0;
  #killedCount = 0;
  #counters: Record<string, number>[] = [];
  #onCounters: (() => void) | null = null;

  /** @throws {LogFileError} when the log file cannot be opened. */
  constructor(config: Config, plan: MemoryPlan, threadCount: number) {
    this.#config = config;
    this.#threadCount = threadCount;
    // Memory is divided; connections are counted together, against the limit of the process.
    const bufferCount = Math.floor(plan.bufferCount / threadCount);
    this.#threadPlan = { ...plan, bufferCount, bufferBytes: Math.floor(plan.bufferBytes / threadCount) };
    this.#connectionCells = new SharedArrayBuffer(
      ConnectionCounts.sharedBytes(config.listeners.length, threadCount),
    );
    this.#collector = config.log.format === "off"
      ? null
      : new LogCollector(openSink(config.log.file), threadCount);
    this.#threads = new Array<Thread | null>(threadCount).fill(null);
  }

  async run(): Promise<number> {
    const stopSignals = handleSignals({
      onStop: (isAtOnce) => this.#stop(isAtOnce),
      onCounters: () => this.#printCounters(),
      onReopen: () => this.#reopenLog(),
    });
    this.#start(0);
    const exitCode = await this.#ended.promise;
    stopSignals();
    for (const timer of this.#restarts) clearTimeout(timer);
    for (const thread of this.#threads) thread?.worker.terminate();
    await this.#collector?.close(LOG_CLOSE_MS);
    reportKilled(this.#killedCount);
    return exitCode;
  }

  #start(index: number): void {
    const openFds = new SharedArrayBuffer(epollSlotCount(this.#threadPlan));
    const logWritten = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(Deno.mainModule, { type: "module", name: `hadro-${index}` });
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
      thread: index,
      threadCount: this.#threadCount,
      hasColour: hasColour(),
      connectionCells: this.#connectionCells,
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
    switch (message.kind) {
      case "bound":
        this.#onBound(index, message);
        return;
      case "failed":
        report(message.message);
        this.#ended.resolve(ExitCode.RUNTIME);
        return;
      case "report":
        this.#tell(message.message);
        return;
      case "log":
        this.#collector!.add(index, message.bytes, (error) => this.#onLogWritten(index, error));
        return;
      case "counters":
        this.#counters.push(message.counters);
        if (this.#counters.length >= this.#aliveCount) this.#onCounters?.();
        return;
      case "drained":
        this.#killedCount += message.killedCount;
        this.#onDrained(index);
    }
  }

  /** The first thread found the ports: the others follow. When all listen, people are told. */
  #onBound(index: number, bound: BoundListeners): void {
    if (this.#bound === null) {
      this.#bound = { addresses: bound.addresses, unixListeners: bound.unixListeners };
      for (let other = 1; other < this.#threadCount; other++) this.#start(other);
    }
    if (this.#stopCount > 0) this.#post(index, { kind: "stop", isAtOnce: this.#stopCount > 1 });
    if (++this.#boundCount === this.#threadCount) reportListeners(this.#config, this.#bound.addresses);
  }

  #onDrained(index: number): void {
    this.#threads[index]?.worker.terminate();
    this.#threads[index] = null;
    if (++this.#drainedCount === this.#threadCount) this.#ended.resolve(ExitCode.OK);
  }

  #onDeath(index: number, reason: string): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    this.#threads[index] = null;
    thread.worker.terminate();
    this.#closeFds(new Uint8Array(thread.openFds));
    this.#counts(index).clear();
    this.#collector?.forget(index);
    if (this.#bound === null) {
      report(`thread ${index} ended at its start: ${reason}`);
      this.#ended.resolve(ExitCode.RUNTIME);
      return;
    }
    if (this.#stopCount > 0) {
      this.#onDrained(index);
      return;
    }
    report(`thread ${index} ended: ${reason}; its connections are lost, another starts in ${RESTART_MS} ms`);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(index);
    }, RESTART_MS);
    this.#restarts.add(timer);
  }

  /** Closes what a dead thread had open: its listeners would go on to be given connections. */
  #closeFds(openFds: Uint8Array): void {
    const libc = openLibc(this.#config, () => {});
    if (libc === null) return;
    for (let fd = 0; fd < openFds.length; fd++) if (openFds[fd] === 1) libc.call.close(fd);
    libc.close();
  }

  #counts(index: number): ConnectionCounts {
    return new ConnectionCounts(new Int32Array(this.#connectionCells), this.#config.listeners.length, index);
  }

  #onLogWritten(index: number, error: unknown): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    Atomics.add(thread.logWritten, 0, 1);
    Atomics.notify(thread.logWritten, 0);
    const failure = error === null
      ? null
      : error instanceof Error
      ? { name: error instanceof Deno.errors.BrokenPipe ? "BrokenPipe" : error.name, message: error.message }
      : { name: "Error", message: String(error) };
    this.#post(index, { kind: "logWritten", error: failure });
  }

  #stop(isAtOnce: boolean): void {
    this.#stopCount++;
    if (!isAtOnce) reportStopping(this.#counts(0).total, this.#config.drainMs);
    this.#drainedCount += this.#restarts.size;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    this.#broadcast({ kind: "stop", isAtOnce });
    if (this.#drainedCount === this.#threadCount) this.#ended.resolve(ExitCode.OK);
  }

  #reopenLog(): void {
    if (this.#collector === null || this.#config.log.file === "-") return;
    try {
      this.#collector.reopen(openSink(this.#config.log.file));
    } catch (error) {
      report(`${error instanceof Error ? error.message : error}; going on with the old file`);
    }
  }

  get #aliveCount(): number {
    return this.#threads.filter((thread) => thread !== null).length;
  }

  /** Asks every thread; prints the sums (of `…Max` and `…Longest…` the greatest), and how many threads answered. */
  #printCounters(): void {
    this.#counters = [];
    const finish = () => {
      clearTimeout(timer);
      this.#onCounters = null;
      printCounters(sumCounters(this.#counters));
    };
    const timer = setTimeout(finish, COUNTERS_MS);
    this.#onCounters = finish;
    this.#broadcast({ kind: "counters" });
  }

  /** Every thread finds out the same about a server: once is enough. */
  #tell(message: string): void {
    const nowMs = performance.now();
    const toldMs = this.#news.get(message);
    if (toldMs !== undefined && nowMs - toldMs < SAME_NEWS_MS) return;
    for (const [text, ms] of this.#news) if (nowMs - ms >= SAME_NEWS_MS) this.#news.delete(text);
    this.#news.set(message, nowMs);
    report(message);
  }
}

function sumCounters(all: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = { threads: all.length };
  for (const counters of all) {
    for (const [name, value] of Object.entries(counters)) {
      const isGreatest = name.includes("Longest") || name.endsWith("Max");
      sums[name] = isGreatest ? Math.max(sums[name] ?? 0, value) : (sums[name] ?? 0) + value;
    }
  }
  return sums;
}
