/**
 * A thread: a Worker that runs one instance and does what the main isolate says.
 *
 * An exception that nobody catches ends the thread, not the process: the main isolate is told by the Worker's error event,
 * closes what the thread had open, and starts another.
 *
 * May import: everything but commands.
 *
 * @module
 */
import type { SocketAddress } from "../event/poller.ts";
import { type AccessLog, openAccessLog } from "../observe/access_log/access_log.ts";
import { BindError } from "../proxy/proxy.ts";
import type { TlsMaterial } from "../net/tls_material.ts";
import { TlsContextError } from "../sys/tls_context.ts";
import { PollerError } from "./build_engine.ts";
import { Instance } from "./instance.ts";
import { LogForwarder } from "./log_forwarder.ts";
import { connectionCountsOf, healthCellsOf, queueCellsOf, stickCellsOf } from "./shared_cells.ts";
import { ThreadNames } from "./thread_names.ts";
import type { BoundListeners, FromThread, StartMessage, ToThread } from "./thread_messages.ts";

/** How long the rest of the log may take to reach the main isolate. */
const LOG_CLOSE_MS = 2_000;

/** What a Worker's global scope has, of what is used here. */
interface WorkerScope {
  postMessage(message: FromThread, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
}

/** Whether this isolate is a thread of hadro. */
export function isThread(): boolean {
  return "WorkerGlobalScope" in globalThis;
}

/** Runs this isolate as a thread. */
export function runThread(): void {
  const scope = globalThis as unknown as WorkerScope;
  const thread = new Thread((message, transfer) => scope.postMessage(message, transfer ?? []));
  scope.onmessage = ({ data }) => thread.onMessage(data);
}

class Thread {
  readonly #post: (message: FromThread, transfer?: Transferable[]) => void;
  #instance: Instance | null = null;
  #log: AccessLog | null = null;
  #forwarder: LogForwarder | null = null;
  #names: ThreadNames | null = null;

  constructor(post: (message: FromThread, transfer?: Transferable[]) => void) {
    this.#post = post;
  }

  onMessage(message: ToThread): void {
    switch (message.kind) {
      case "start":
        this.#start(message);
        return;
      case "stop":
        this.#instance?.stop(message.isAtOnce);
        return;
      case "counters":
        this.#post({ kind: "counters", counters: this.#instance?.counters() ?? {} });
        return;
      case "names":
        this.#names?.onUpdate(message.key, message.update);
        return;
      case "tls":
        this.#setTls(message.material);
        return;
      case "logWritten":
        this.#forwarder!.onWritten(message.error);
    }
  }

  #start(start: StartMessage): void {
    const report = (message: string) => this.#post({ kind: "report", message, isOnce: false });
    this.#forwarder = new LogForwarder(this.#post, start.logWritten);
    this.#log = openAccessLog(start.config.log, {
      onError: (message) => this.#post({ kind: "report", message, isOnce: true }),
      hasColour: start.hasColour,
      sink: this.#forwarder,
    });
    this.#names = new ThreadNames(start.names);
    try {
      this.#instance = new Instance({
        config: start.config,
        plan: start.plan,
        log: this.#log,
        tls: start.tls,
        report,
        sharing: {
          listeners: {
            openFds: new Uint8Array(start.openFds),
            isFirst: start.bound === null,
            bindsUnshared: start.thread === 0,
            unixListeners: start.bound?.unixListeners ?? new Map(),
          },
          connections: connectionCountsOf(start, start.config, start.thread),
          names: this.#names,
          health: healthCellsOf(start, start.threadCount, start.thread),
          stickCells: stickCellsOf(start),
          queueCells: queueCellsOf(start, start.config, start.threadCount, start.thread),
          boundAddresses: start.bound?.addresses ?? null,
        },
      });
    } catch (error) {
      if (!(error instanceof BindError || error instanceof PollerError || error instanceof TlsContextError)) {
        throw error;
      }
      this.#post({ kind: "failed", message: error.message });
      return;
    }
    this.#instance.start();
    this.#post({ kind: "bound", ...boundListeners(this.#instance) });
    this.#instance.drained.then((killedCount) => this.#end(killedCount));
  }

  /** What cannot be used was told by the main isolate, most likely. */
  #setTls(material: TlsMaterial): void {
    try {
      this.#instance?.setTls(material);
    } catch (error) {
      if (!(error instanceof TlsContextError)) throw error;
      this.#post({ kind: "report", message: error.message, isOnce: true });
    }
  }

  async #end(killedCount: number): Promise<void> {
    this.#instance!.close();
    const droppedLineCount = await this.#log!.close(LOG_CLOSE_MS);
    this.#post({ kind: "drained", killedCount, droppedLineCount });
  }
}

function boundListeners(instance: Instance): BoundListeners {
  const addresses: SocketAddress[] = instance.addresses;
  const unixListeners = new Map<string, number>();
  for (const [index, address] of addresses.entries()) {
    if (address.kind === "unix") unixListeners.set(address.path, instance.proxy.listeners[index].fd);
  }
  return { addresses, unixListeners };
}
