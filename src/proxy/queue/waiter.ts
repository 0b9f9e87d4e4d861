/**
 * A stream that waits for a slot of a server: its place in a queue, and what the log says of its waiting.
 *
 * May import: nothing.
 *
 * @module
 */

/** For whom a slot is waited for. */
export interface WaiterOwner {
  /** Its turn: it has left the queue, and a slot of this server of the backend is its own. */
  onSlot(serverIndex: number): void;
  /** It has left the queue because nothing is to be had there any more: the server went away, or all of them. */
  onQueueClosed(): void;
}

/** See the module's text. One for each dispatch that ever waited; in one queue at a time, which owns the links. */
export class Waiter {
  readonly owner: WaiterOwner;
  /** 0: served first; 2: last. */
  priority = 0;
  ticket = 0;
  next: Waiter | null = null;
  prev: Waiter | null = null;
  /** The place of its queue in the backend's list of queues; -1: it does not wait. */
  queueIndex = -1;
  /** Places in the queue of a server, of the backend, counted as HAProxy does: 1 for who is served first, 0: was in none. */
  serverPosition = 0;
  backendPosition = 0;
  /** Of its queue, when it came. */
  servedBefore = 0;
  #sinceMs = 0;
  #waitedMs = 0;

  constructor(owner: WaiterOwner) {
    this.owner = owner;
  }

  get isWaiting(): boolean {
    return this.queueIndex >= 0;
  }

  /** In queues, all stays together; up to the end of the last. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** For a new stream. */
  reset(): void {
    this.serverPosition = this.backendPosition = 0;
    this.#waitedMs = 0;
  }

  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  end(nowMs: number): void {
    this.#waitedMs += nowMs - this.#sinceMs;
  }
}
