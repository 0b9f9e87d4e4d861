/**
 * A thread without an engine: speaks a thread's messages, and does what a test tells it over a channel of its own.
 *
 *     test --"hadro-<thread>": <command>--> puppet
 *
 * @module
 */
import type { FromThread, StartMessage, ToThread } from "../../../src/cli/thread_messages.ts";
import { ConnectionCounts } from "../../../src/proxy/connection_counts.ts";

/** What a test tells a puppet to do, and what it answers: `done`. */
export type Command =
  | { readonly kind: "die"; readonly reason: string }
  | { readonly kind: "open"; readonly fds: readonly number[]; readonly connections: number }
  | { readonly kind: "say"; readonly message: FromThread };

/** What a puppet tells a test. */
export type Told =
  | { readonly kind: "started"; readonly thread: number; readonly bound: StartMessage["bound"] }
  | { readonly kind: "got"; readonly thread: number; readonly message: Exclude<ToThread, StartMessage> };

/** Where a test and its puppets meet: the name of a BroadcastChannel, taken from the worker's URL. */
export function channelNames(id: string, thread: number): { readonly commands: string; readonly told: string } {
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
    } else told!.postMessage({ kind: "got", thread: index, message: data } satisfies Told);
  };
}

function start(id: string, start: StartMessage, post: (message: FromThread) => void): BroadcastChannel {
  const names = channelNames(id, start.thread);
  const told = new BroadcastChannel(names.told);
  new BroadcastChannel(names.commands).onmessage = ({ data }: MessageEvent<Command>) => {
    if (data.kind === "die") throw new Error(data.reason);
    if (data.kind === "say") post(data.message);
    else {
      for (const fd of data.fds) new Uint8Array(start.openFds)[fd] = 1;
      const counts = new ConnectionCounts(new Int32Array(start.connectionCells), 0, start.thread);
      for (let i = 0; i < data.connections; i++) counts.add(0);
      told.postMessage({ kind: "got", thread: start.thread, message: { kind: "counters" } } satisfies Told);
    }
  };
  told.postMessage({ kind: "started", thread: start.thread, bound: start.bound } satisfies Told);
  return told;
}
