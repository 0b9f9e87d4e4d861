/**
 * The waiters of one thread in one queue: first those of the first class, of a class first who came first.
 *
 *     class 0   first <-> … <-> last
 *     class 1   first <-> … <-> last
 *     class 2   first <-> … <-> last
 *
 * May import: proxy/queue.
 *
 * @module
 */
import { queueKey } from "./queue_cells.ts";
import type { Waiter } from "./waiter.ts";

/** prio=high, normal, low. */
const PRIORITY_COUNT = 3;

/** See the module's text. */
export class WaitList {
  readonly #firsts: (Waiter | null)[] = new Array<Waiter | null>(PRIORITY_COUNT).fill(null);
  readonly #lasts: (Waiter | null)[] = new Array<Waiter | null>(PRIORITY_COUNT).fill(null);

  /** Who is to be served next; null when nobody waits. */
  get first(): Waiter | null {
    return this.#firsts[0] ?? this.#firsts[1] ?? this.#firsts[2] ?? null;
  }

  /** Its key; 0 when nobody waits. */
  get firstKey(): number {
    const { first } = this;
    return first === null ? 0 : queueKey(first.priority, first.ticket);
  }

  add(waiter: Waiter): void {
    const { priority } = waiter;
    const last = this.#lasts[priority]!;
    waiter.prev = last;
    waiter.next = null;
    if (last === null) this.#firsts[priority] = waiter;
    else last.next = waiter;
    this.#lasts[priority] = waiter;
  }

  remove(waiter: Waiter): void {
    const { priority, next, prev } = waiter;
    if (prev === null) this.#firsts[priority] = next;
    else prev.next = next;
    if (next === null) this.#lasts[priority] = prev;
    else next.prev = prev;
    waiter.next = waiter.prev = null;
  }
}
