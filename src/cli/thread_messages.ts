/**
 * What the main isolate and its threads say to each other.
 *
 *     main → thread      start, stop, counters, names, tls, logWritten
 *     thread → main      bound or failed, report, log, counters, drained
 *
 * Everything is plain data; what is shared is shared memory (EpollSharing, ConnectionCounts, HealthCells, QueueCells).
 *
 * May import: everything but commands.
 *
 * @module
 */
import type { MemoryPlan } from "../config/memory_plan.ts";
import type { Config } from "../config/model.ts";
import type { SocketAddress } from "../event/poller.ts";
import type { TlsMaterial } from "../net/tls_material.ts";
import type { SharedCells } from "./shared_cells.ts";
import type { KnownNames, NamesMessage } from "./thread_names.ts";

/** To begin with. */
export interface StartMessage extends SharedCells {
  readonly kind: "start";
  readonly config: Config;
  /** The thread's share. */
  readonly plan: MemoryPlan;
  readonly tls: TlsMaterial | null;
  /** From 0. */
  readonly thread: number;
  readonly threadCount: number;
  readonly hasColour: boolean;
  /** A byte for each fd that this thread has open. */
  readonly openFds: SharedArrayBuffer;
  /**
   * Two integers for a thread that blocks on its log: how many batches the main isolate is done with, and the error number of the
   * last one, 0 when it was written.
   */
  readonly logWritten: SharedArrayBuffer;
  /** What is known about names. */
  readonly names: KnownNames;
  /** Null for the first thread, which finds out. */
  readonly bound: BoundListeners | null;
}

/** Where listeners were bound, in the order of the configuration. */
export interface BoundListeners {
  readonly addresses: readonly SocketAddress[];
  /** Listening unix sockets by path: descriptors that every thread may use. */
  readonly unixListeners: ReadonlyMap<string, number>;
}

/** Why the log could not be written. */
export interface WriteFailure {
  readonly errno: number;
  readonly message: string;
}

export type ToThread =
  | StartMessage
  | { readonly kind: "stop"; readonly isAtOnce: boolean }
  | { readonly kind: "counters" }
  | NamesMessage
  /** Certificates changed. */
  | { readonly kind: "tls"; readonly material: TlsMaterial }
  /** The batch that was sent is written, or why not. */
  | {
    readonly kind: "logWritten";
    readonly error: WriteFailure | null;
  };

export type FromThread =
  | ({ readonly kind: "bound" } & BoundListeners)
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "report"; readonly message: string; /** Never again. */ readonly isOnce: boolean }
  | { readonly kind: "log"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "counters"; readonly counters: Record<string, number> }
  | { readonly kind: "drained"; readonly killedCount: number; readonly droppedLineCount: number };
