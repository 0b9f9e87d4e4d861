/**
 * A thread without an engine: speaks a thread's messages, and does what a test tells it over channels of its own (puppet_show.ts).
 * Only a stop at once it answers by itself.
 *
 * @module
 */
import type { FromThread, StartMessage, ToThread } from "../../../src/cli/thread_messages.ts";
import { ConnectionCounts, countColumns } from "../../../src/proxy/connection_counts.ts";

/** What a test tells a puppet to do. */
export type Command =
  | { readonly kind: "die"; readonly reason: string }
  /** Has these descriptors and so many connections of the first listener open. */
  | { readonly kind: "open"; readonly fds: readonly number[]; readonly connections: number }
  | { readonly kind: "say"; readonly message: FromThread };

/** What a puppet tells a test. */
export type Told =
  | { readonly kind: "started"; readonly thread: number; readonly bound: StartMessage["bound"] }
  | { readonly kind: "opened"; readonly thread: number }
  | { readonly kind: "got"; readonly thread: number; readonly message: Exclude<ToThread, StartMessage> };

/** The channels by which a test and its puppets speak; the id is in the URL of the worker. */
export function channelNames(
  id: string,
  thread: number,
): { readonly commands: string; readonly told: string } {
  return { commands: `${id}-${thread}`, told: `${id}-told` };
}

if ("WorkerGlobalScope" in globalThis) runPuppet();

function runPuppet(): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<ToThread>) => void;
    postMessage(message: FromThread): void;
  };
  const id = new URL(import.meta.url).searchParams.get("id")!;
  let told: BroadcastChannel | null = null;
  let index = -1;
  scope.onmessage = ({ data }) => {
    if (data.kind === "start") {
      index = data.thread;
      told = start(id, data, (message) => scope.postMessage(message));
      return;
    }
    told!.postMessage({ kind: "got", thread: index, message: data } satisfies Told);
    if (data.kind === "stop" && data.isAtOnce) {
      scope.postMessage({ kind: "drained", killedCount: 0, droppedLineCount: 0 });
    }
  };
}

function start(id: string, start: StartMessage, post: (message: FromThread) => void): BroadcastChannel {
  const names = channelNames(id, start.thread);
  const told = new BroadcastChannel(names.told);
  new BroadcastChannel(names.commands).onmessage = ({ data }: MessageEvent<Command>) => {
    if (data.kind === "die") {
      Error.stackTraceLimit = 0; // Deno prints it
      throw new Error(data.reason);
    }
    if (data.kind === "say") post(data.message);
    else {
      for (const fd of data.fds) new Uint8Array(start.openFds)[fd] = 1;
      const cells = new Int32Array(start.connectionCells);
      const counts = new ConnectionCounts(cells, countColumns(start.config), start.thread);
      for (let i = 0; i < data.connections; i++) counts.add(0);
      told.postMessage({ kind: "opened", thread: start.thread } satisfies Told);
    }
  };
  told.postMessage({ kind: "started", thread: start.thread, bound: start.bound } satisfies Told);
  return told;
}
