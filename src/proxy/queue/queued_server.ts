/**
 * What queues see of a backend and its servers: who can serve, and whom.
 *
 * May import: proxy/queue.
 *
 * @module
 */
import type { LimitedServer, ServerLimit } from "./server_limit.ts";

/** A server, as a queue sees it. */
export interface QueuedServer extends LimitedServer {
  readonly isBackup: boolean;
  readonly usable: boolean;
  /** null: it takes whatever comes. */
  readonly limit: ServerLimit | null;
}

/** Whose queues these are. */
export interface QueuedBackend {
  readonly servers: readonly QueuedServer[];
  /** A stream got a slot of a server that was kept for it. */
  noteBegin(serverIndex: number): void;
}

/** Whether it may have traffic at all. */
export function canServe({ usable, weight }: QueuedServer): boolean {
  return usable && weight > 0;
}

/** Whether those who wait for any server are this one's to serve: a backup's only while no ordinary server, and no backup before it, can be used. */
export function servesAny(servers: readonly QueuedServer[], index: number): boolean {
  if (!servers[index]!.isBackup) return true;
  for (let i = 0; i < servers.length; i++) {
    if (canServe(servers[i]!) && (!servers[i]!.isBackup || i < index)) return false;
  }
  return true;
}
