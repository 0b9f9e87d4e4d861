/**
 * A sink whose every write a test decides: taken, taken in part, refused, or left waiting.
 *
 * @module
 */
import type { ByteSink } from "../../../src/observe/access_log/log_writer.ts";

interface PendingWrite {
  readonly bytes: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/** See the module's text. */
export class ScriptedSink implements ByteSink {
  /** Everything taken so far. */
  text = "";
  isClosed = false;
  /** Takes every write at once; otherwise writes wait for {@linkcode ScriptedSink.take} or {@linkcode ScriptedSink.fail}. */
  isOpen: boolean;
  /** What a synchronous write takes, or throws, in turn; when empty all is taken. */
  readonly syncScript: (number | Error)[] = [];
  syncWrites = 0;
  #pending: PendingWrite | null = null;

  constructor(isOpen: boolean) {
    this.isOpen = isOpen;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  get isWaiting(): boolean {
    return this.#pending !== null;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
    if (this.#pending !== null) throw new Error("two writes in flight");
    if (this.isOpen) return Promise.resolve(this.#keep(bytes, bytes.length));
    return new Promise((resolve, reject) => this.#pending = { bytes, resolve, reject });
  }

  writeSync(bytes: Uint8Array): number {
    this.syncWrites++;
    const step = this.syncScript.shift() ?? bytes.length;
    if (typeof step !== "number") throw step;
    return this.#keep(bytes, step);
  }

  close(): void {
    if (this.isClosed) throw new Error("closed twice");
    this.isClosed = true;
  }

  /** Ends the waiting write after at most `countMax` bytes, read now as a kernel would. */
  async take(countMax = Infinity): Promise<void> {
    const { bytes, resolve } = this.#pop();
    resolve(this.#keep(bytes, Math.min(bytes.length, countMax)));
    await settled();
  }

  /** Ends the waiting write with an error. */
  async fail(error: Error): Promise<void> {
    this.#pop().reject(error);
    await settled();
  }

  #pop(): PendingWrite {
    const pending = this.#pending;
    if (pending === null) throw new Error("no write is waiting");
    this.#pending = null;
    return pending;
  }

  #keep(bytes: Uint8Array, count: number): number {
    this.text += new TextDecoder("latin1").decode(bytes.subarray(0, count));
    return count;
  }
}

/** Lets the continuations of promises that are settled run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve();
}
