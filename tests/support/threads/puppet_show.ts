/**
 * A supervisor with puppets for threads: what it told people, what it told its threads, when.
 *
 * @module
 */
import { onTestFinished } from "vitest";
import { planOrFail } from "../../../src/cli/dry_run.ts";
import type { FromThread } from "../../../src/cli/thread_messages.ts";
import { Supervisor } from "../../../src/cli/thread_supervisor.ts";
import { configOf } from "../config/written.ts";
import { channelNames, type Command, type Told } from "./puppet.ts";

const WAIT_MS_MAX = 10_000;
/** Deno hears nothing on a channel that is opened after the last one was closed: so the last one is never closed. */
const _kept = new BroadcastChannel("kept");

/** See the module's text. */
export class PuppetShow {
  readonly supervisor: Supervisor;
  /** The exit code. */
  readonly ended: Promise<number>;
  /** What people were told. */
  readonly reports: string[] = [];
  /** What puppets told. */
  readonly told: Told[] = [];
  readonly #id = crypto.randomUUID();
  readonly #channel: BroadcastChannel;
  #wake = Promise.withResolvers<void>();

  constructor(threadCount: number, options: { restartMs?: number; words?: string } = {}) {
    const config = configOf(`hadro 1 :2 --log off ${options.words ?? ""}`);
    this.#channel = new BroadcastChannel(channelNames(this.#id, 0).told);
    this.#channel.onmessage = ({ data }: MessageEvent<Told>) => {
      this.told.push(data);
      this.#signal();
    };
    this.supervisor = new Supervisor(config, planOrFail(config), {
      threadCount,
      worker: new URL(`./puppet.ts?id=${this.#id}`, import.meta.url).href,
      restartMs: options.restartMs ?? 0,
      report: (message) => {
        this.reports.push(message);
        this.#signal();
      },
    });
    this.ended = this.supervisor.run();
    onTestFinished(async () => {
      this.supervisor.stop(true);
      await this.ended;
      this.#channel.close();
    });
  }

  /** A show whose threads all listen. */
  static async running(
    threadCount: number,
    options: { restartMs?: number; words?: string; unixListeners?: ReadonlyMap<string, number> } = {},
  ): Promise<PuppetShow> {
    const show = new PuppetShow(threadCount, options);
    for (let thread = 0; thread < threadCount; thread++) {
      await show.started(thread);
      show.say(thread, bound(options.unixListeners));
    }
    await show.reported(/^listening on/);
    return show;
  }

  /** Tells a puppet what to do. */
  command(thread: number, command: Command): void {
    const channel = new BroadcastChannel(channelNames(this.#id, thread).commands);
    channel.postMessage(command);
    channel.close();
  }

  /** Lets a puppet say this to the supervisor. */
  say(thread: number, message: FromThread): void {
    this.command(thread, { kind: "say", message });
  }

  /** A puppet has these descriptors and so many connections open. */
  async opens(thread: number, fds: readonly number[], connections: number): Promise<void> {
    this.command(thread, { kind: "open", fds, connections });
    await this.until(() => this.told.find((one) => one.kind === "opened" && one.thread === thread));
  }

  /** How thread `thread` was started for the time number `index`. */
  started(thread: number, index = 0): Promise<Told & { kind: "started" }> {
    return this.until(() =>
      this.told.filter((one) => one.kind === "started").filter((one) => one.thread === thread)[index]
    );
  }

  /** The thread was told to stop. */
  async stopped(thread: number): Promise<void> {
    await this.until(() =>
      this.told.find((one) => one.kind === "got" && one.thread === thread && one.message.kind === "stop")
    );
  }

  reported(pattern: RegExp): Promise<string> {
    return this.until(() => this.reports.find((message) => pattern.test(message)));
  }

  /** Waits until `find` finds something. */
  async until<T>(find: () => T | undefined): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`It never came: ${JSON.stringify([this.reports, this.told])}`)),
      WAIT_MS_MAX,
    );
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        await Promise.race([this.#wake.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #signal(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

/** What a thread says that listens. */
export function bound(unixListeners: ReadonlyMap<string, number> = new Map()): FromThread {
  return { kind: "bound", addresses: [{ kind: "tcp", host: "127.0.0.1", port: 1 }], unixListeners };
}

/** What a thread says that has drained. */
export function drained(killedCount = 0, droppedLineCount = 0): FromThread {
  return { kind: "drained", killedCount, droppedLineCount };
}
