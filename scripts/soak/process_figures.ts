/**
 * Memory and CPU time of a running process, from /proc.
 *
 * @module
 */
import { takeCpuSnapshot } from "../bench/cpu_time.ts";
import { type CpuSnapshot, measureCpu } from "../bench/proc_stat.ts";

const SAMPLE_MS = 100;

/** Resident memory. @throws when the process has ended. */
export function readRssBytes(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(text)?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${pid} has ended`);
  return Number(kilobytes) * 1_024;
}

/** The limit of open files of a process. */
export function readFdLimit(pid: number | "self"): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/limits`);
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1] ?? "1024";
  return soft === "unlimited" ? Infinity : Number(soft);
}

/** CPU time from now on. */
export class CpuMeter {
  readonly #pid: number;
  readonly #before: CpuSnapshot;

  private constructor(pid: number, before: CpuSnapshot) {
    this.#pid = pid;
    this.#before = before;
  }

  static async start(pid: number): Promise<CpuMeter> {
    return new CpuMeter(pid, await takeCpuSnapshot(pid));
  }

  /** Seconds on a CPU since the start, of all threads. */
  async readSeconds(): Promise<number> {
    return measureCpu(this.#before, await takeCpuSnapshot(this.#pid)).ns / 1e9;
  }
}

/** Follows the resident memory, ten times a second. */
export class RssWatch implements AsyncDisposable {
  readonly baseBytes: number;
  peakBytes: number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pid: number) {
    this.baseBytes = this.peakBytes = readRssBytes(pid);
    this.#timer = setInterval(() => {
      try {
        this.peakBytes = Math.max(this.peakBytes, readRssBytes(pid));
      } catch {
        // It has ended; the case will see that by itself.
      }
    }, SAMPLE_MS);
  }

  get growthBytes(): number {
    return this.peakBytes - this.baseBytes;
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }
}
