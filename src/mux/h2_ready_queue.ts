/**
 * Streams of a connection that have something to send, in the order in which they may: by urgency (RFC 9218), then in turn.
 *
 *     urgency   0 first ... 7 last        each a first-in-first-out list: who has had its turn goes to the end
 *
 * Every {@linkcode FAIR_TURN}th turn goes to the least urgent that waits, so that none starves.
 *
 * May import: nothing.
 *
 * @module
 */

/** How many urgencies there are, and that of a request that says nothing. */
const URGENCY_COUNT = 8;
export const DEFAULT_URGENCY = 3;

const FAIR_TURN = 8;

/** What waits for its turn. */
export interface Turning {
  /** 0 to 7; does not change while it waits. */
  urgency: number;
  isReady: boolean;
  readyNext: Turning | null;
  readyPrev: Turning | null;
  /** Its turn. */
  onTurn(): void;
}

/** See the module's text. */
export class H2ReadyQueue {
  size = 0;
  readonly #heads: (Turning | null)[] = new Array<Turning | null>(URGENCY_COUNT).fill(null);
  readonly #tails: (Turning | null)[] = new Array<Turning | null>(URGENCY_COUNT).fill(null);
  #turns = 0;

  /** Puts it at the end of its list; once. */
  add(item: Turning): void {
    if (item.isReady) return;
    item.isReady = true;
    const tail = this.#tails[item.urgency];
    item.readyPrev = tail;
    item.readyNext = null;
    if (tail === null) this.#heads[item.urgency] = item;
    else tail.readyNext = item;
    this.#tails[item.urgency] = item;
    this.size++;
  }

  /** Takes it out; harmless when it does not wait. */
  remove(item: Turning): void {
    if (!item.isReady) return;
    item.isReady = false;
    const { readyNext, readyPrev } = item;
    if (readyPrev === null) this.#heads[item.urgency] = readyNext;
    else readyPrev.readyNext = readyNext;
    if (readyNext === null) this.#tails[item.urgency] = readyPrev;
    else readyNext.readyPrev = readyPrev;
    item.readyNext = item.readyPrev = null;
    this.size--;
  }

  /** Takes out whose turn it is; null when nobody waits. */
  take(): Turning | null {
    if (this.size === 0) return null;
    this.#turns++;
    const isFair = this.#turns % FAIR_TURN === 0;
    for (let i = 0; i < URGENCY_COUNT; i++) {
      const item = this.#heads[isFair ? URGENCY_COUNT - 1 - i : i];
      if (item === null) continue;
      this.remove(item);
      return item;
    }
    return null;
  }
}
